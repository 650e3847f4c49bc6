//! What people see, as snapshots: a change of words shows in the diff of `tests/snapshots/`.

use crate::case::Case;

const GROUPS: &str = "\
defaults: {user: deploy, port: 2222}
groups:
  web:
    hosts:
      - web[01-03].example.com
  solr:
    jump: bastion.example.com
    hosts:
      - solr1: {vars: {role: leader}}
      - solr2
    vars: {role: follower}
  ops: {hosts: [bastion.example.com], protected: true, user: admin}
";

const SHEET: &str = "\
name: Weekly deploy
steps:
  - {name: Announce, manual: Tell support., owner: dana, expect: 2m}
  - {name: Restart web, task: apache.restart, hosts: web, owner: platform, expect: 1m 30s}
  - {name: Old, task: command, hosts: web, args: {run: old}, enabled: false}
  - {name: Followers, id: solr, task: solr.restart, hosts: solr, when: \"{{ host.vars.role != 'leader' }}\", after: announce}
  - {name: Look, do: [{task: http.check, args: {url: 'http://{{ host.address }}/'}}, {task: wait.port, args: {port: 80}}], hosts: 'web,solr'}
";

fn case() -> Case {
    Case::new().file("hostgroups/g.yaml", GROUPS).file("sheets/deploy.yaml", SHEET)
}

#[test]
fn a_plan() {
    insta::assert_snapshot!(case().run(&["plan", "deploy"]).exits(0).stdout);
}

#[test]
fn hosts() {
    insta::assert_snapshot!(case().run(&["hosts", "-F", "none"]).exits(0).stdout);
}

#[test]
fn what_decided_how_a_host_is_reached() {
    let config = "\
Host bastion*
  HostName gate.example.com
  IdentityFile ~/.ssh/bastion

Host solr*
  HostKeyAlias solr
  User ignored
  Ciphers aes256-ctr,aes128-cbc
  ServerAliveInterval 1m
  SetEnv A=1
";
    let case = case().file("ssh_config", config).file("runsheet.yaml", "ssh: {connect_timeout: 10s}\n");
    let ran = case.run(&["hosts", "solr1", "--explain", "-F", "ssh_config", "-i", "key", "--host-keys", "accept-new"]);
    let ran = ran.exits(0);
    // How far columns are apart depends on where the temporary folder is.
    let narrow =
        |line: &str| line.split("  ").filter(|cell| !cell.is_empty()).map(str::trim).collect::<Vec<_>>().join("  ");
    let text: Vec<_> = ran.stdout.replace(&*case.path("").to_string_lossy(), "CASE/").lines().map(narrow).collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn one_task() {
    insta::assert_snapshot!(case().run(&["tasks", "show", "http.check"]).exits(0).stdout);
}

#[test]
fn the_help() {
    insta::assert_snapshot!(case().run(&["--help"]).exits(0).stdout);
}

#[test]
fn the_help_of_exec() {
    insta::assert_snapshot!(case().run(&["exec", "--help"]).exits(0).stdout);
}

#[test]
fn a_mistake() {
    let case = case().file("sheets/wrong.yaml", SHEET.replace("apache.restart", "apache.restrat"));
    insta::assert_snapshot!(case.run(&["plan", "wrong"]).exits(2).stderr);
}

#[test]
fn a_protected_host() {
    let case = case();
    insta::assert_snapshot!(case.run(&["exec", "-H", "@*", "--", "uptime"]).exits(2).stderr);
}
