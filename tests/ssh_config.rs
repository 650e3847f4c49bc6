//! The program and the user's ssh_config.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value;

use crate::case::Case;
use crate::support::sshd::Sshd;

const CONFIG: &str = "\
Host web*
  HostName %h.example.com
  Port 2200
  IdentityFile ~/.ssh/deploy
  IdentityFile /keys/%r
  CertificateFile /keys/c-cert.pub
  ProxyJump gate:99
  UserKnownHostsFile /a /b
  StrictHostKeyChecking yes
  HostKeyAlias Web
  ConnectTimeout 7
  ServerAliveInterval 20
  SetEnv A=1 B=2
Host gate
  User jumper
";

fn json(case: &Case, args: &[&str]) -> Value {
    serde_json::from_str(&case.run(args).exits(0).stdout).expect("JSON")
}

#[test]
fn hosts_as_json_have_the_keywords_and_values_of_ssh() {
    let case = Case::new().file("ssh_config", CONFIG);
    let ours = json(&case, &["hosts", "web1", "--explain", "--format", "json", "-F", "ssh_config"]);
    let ours = &ours[0];
    let ssh = Command::new("ssh").arg("-F").arg(case.path("ssh_config")).args(["-l", "tester", "-G", "web1"]).output();
    let theirs = String::from_utf8(ssh.expect("the OpenSSH client").stdout).expect("text");
    let mut compared = 0;
    for line in theirs.lines() {
        let (keyword, value) = line.split_once(' ').expect("a keyword and its value");
        let (home, value) = (case.path("home"), value.to_owned());
        // `ssh -G` of this age leaves these as they stand in the file.
        let value = value.replace("~/", &format!("{}/", home.display())).replace("%r", "tester");
        match keyword {
            "host"
            | "user"
            | "hostname"
            | "port"
            | "proxyjump"
            | "userknownhostsfile"
            | "stricthostkeychecking"
            | "hostkeyalias"
            | "connecttimeout"
            | "serveraliveinterval"
            | "serveralivecountmax"
            | "identitiesonly"
            | "connectionattempts"
            | "addressfamily"
            | "forwardagent" => {
                let said = &ours[keyword];
                assert_eq!(said.as_str().map_or_else(|| said.to_string(), str::to_owned), value, "{keyword}");
            }
            "identityfile" | "certificatefile" | "setenv" => {
                let list = ours[keyword].as_array().expect("a list");
                assert!(list.iter().any(|said| said == value.as_str()), "{keyword} {value} is not in {list:?}");
            }
            _ => continue,
        }
        compared += 1;
    }
    assert_eq!(compared, 20, "{theirs}");
    assert_eq!(ours["identityfile"].as_array().map(Vec::len), Some(2));
    assert!(ours.get("identityagent").is_none() && !theirs.contains("identityagent"), "nobody said anything");
    assert_eq!(ours["decided_by"]["hostname"], "ssh_config:2");
    assert_eq!(ours["decided_by"]["identityfile"][1], "ssh_config:5");
    assert_eq!(ours["decided_by"]["addressfamily"], "default");
    assert_eq!((&ours["jumps"][0]["user"], &ours["jumps"][0]["port"]), (&"jumper".into(), &99.into()));
    assert_eq!(ours["jumps"][0]["decided_by"]["user"], "ssh_config:15");
}

#[test]
fn match_exec_runs_once_for_each_command_and_only_where_it_is_allowed() {
    let case = Case::new();
    let note = case.path("ran");
    let config = format!(
        "Match exec \"echo %p >> {0}; test %p = 22\"\n  User everybody\nMatch originalhost slow exec \"kill -9 $$\"\n  Port 7\n",
        note.display()
    );
    let case = case.file("ssh_config", config);
    let args = ["hosts", "web[1-9]", "--format", "json", "-F", "ssh_config"];
    let refused = case.run(&args).exits(2);
    assert!(refused.stderr.contains("ssh_config:1: `Match exec`"), "{}", refused.stderr);
    assert!(refused.stderr.contains("allow_match_exec: true"), "{}", refused.stderr);
    assert!(!note.exists(), "it ran");

    let case = case.file("runsheet.yaml", "ssh: {allow_match_exec: true}\n");
    let hosts = json(&case, &args);
    assert!(hosts.as_array().is_some_and(|hosts| hosts.len() == 9 && hosts.iter().all(|it| it["user"] == "everybody")));
    assert_eq!(fs::read_to_string(&note).expect("it ran"), "22\n");
    let killed = case.run(&["hosts", "slow", "-F", "ssh_config"]).exits(2);
    assert!(
        killed.stderr.contains("ssh_config:3: `Match exec kill -9 $$`: it ended by signal: 9"),
        "{}",
        killed.stderr
    );
}

#[test]
fn what_ssh_config_says_about_a_connection_is_seen_on_the_host() {
    let sshd = Sshd::start("LogLevel DEBUG1\n");
    let config = format!(
        "Host web1\n  HostName 127.0.0.1\n  Port {}\n  User {}\n  IdentityFile {}\n  UserKnownHostsFile {}\n  \
         BindAddress 127.0.0.9\n  Ciphers aes256-ctr,aes128-cbc\n  SetEnv \"GREETING=it's $HOME\"\n",
        sshd.port(),
        sshd.user(),
        sshd.identity().display(),
        sshd.known_hosts().display()
    );
    let case = Case::new().file("ssh_config", config);
    let ran =
        case.run(&["exec", "-H", "web1", "-F", "ssh_config", "--", "echo \"$GREETING\" ${SSH_CLIENT%% *}"]).exits(0);
    // A sshd that says so much in its log says some of it to the command as well.
    assert!(ran.stdout.lines().any(|line| line == "[web1] it's $HOME 127.0.0.9"), "{}", ran.stdout);
    assert!(ran.stderr.contains("ssh_config:8: `Ciphers`: runsheet never offers `aes128-cbc`"), "{}", ran.stderr);
    assert!(sshd.log().contains("kex: client->server cipher: aes256-ctr"), "{}", sshd.log());

    let other = case.file("other_config", "Host web1\n  Ciphers 3des-cbc\n");
    let refused = other.run(&["exec", "-H", "web1", "-F", "other_config", "--", "true"]).exits(2);
    assert!(
        refused.stderr.contains("other_config:2: `Ciphers` leaves nothing that runsheet offers"),
        "{}",
        refused.stderr
    );
}

/// Puts a program before the real ssh that notes each call and how many run at once.
fn with_watched_ssh(case: Case) -> Case {
    let folder = case.path("bin").display().to_string();
    let script = format!(
        "#!/bin/sh\nmkdir -p {folder}/running\n: > {folder}/running/$$\nls {folder}/running | wc -l >> {folder}/counts\n\
         echo \"$@\" >> {folder}/calls\nsleep 0.1\nrm {folder}/running/$$\nexec /usr/bin/ssh \"$@\"\n"
    );
    let case = case.file("bin/ssh", script).env("PATH", &format!("{folder}:/usr/bin:/bin"));
    fs::set_permissions(case.path("bin/ssh"), fs::Permissions::from_mode(0o755)).expect("chmod");
    case
}

#[test]
fn the_openssh_client_can_read_ssh_config_in_our_place() {
    let case = with_watched_ssh(Case::new().file("ssh_config", CONFIG));
    let args = ["hosts", "web[01-20],db", "--format", "json", "-F", "ssh_config"];
    let ours = json(&case, &args);
    assert!(!case.path("bin/calls").exists(), "nobody wanted it");

    let theirs = json(&case, &[&args[..], &["--ssh-config-reader", "openssh"]].concat());

    for (mut ours, mut theirs) in
        ours.as_array().expect("hosts").iter().cloned().zip(theirs.as_array().expect("hosts").clone())
    {
        // There `~` is the home folder of the user database, and our lists have an order of their own.
        for path in ["identityfile", "userknownhostsfile"] {
            assert_eq!(ours[path].as_array().map(Vec::len), theirs[path].as_array().map(Vec::len));
            (ours[path], theirs[path]) = (Value::Null, Value::Null);
        }
        assert_eq!(ours, theirs);
    }
    let calls = fs::read_to_string(case.path("bin/calls")).expect("it was asked");
    let mut calls: Vec<_> = calls.lines().collect();
    calls.sort_unstable();
    assert_eq!(calls.len(), 23, "21 hosts, their jump host and the defaults, each once: {calls:#?}");
    assert!(calls.contains(&"-G -F ssh_config -- web07"), "{calls:#?}");
    assert!(calls.contains(&"-G -F ssh_config -p 99 -- gate"), "{calls:#?}");
    let counts = fs::read_to_string(case.path("bin/counts")).expect("it was asked");
    let most = counts.lines().filter_map(|count| count.trim().parse::<usize>().ok()).max();
    assert!(most.is_some_and(|most| (2..=8).contains(&most)), "{most:?} at once");
}

#[test]
fn what_the_openssh_client_refuses_is_told_for_its_host() {
    let case = Case::new()
        .file("ssh_config", "Host web1\n  Port none\n")
        .file("runsheet.yaml", "ssh: {config_reader: openssh}\n");
    let refused = case.run(&["hosts", "web1", "-F", "ssh_config"]).exits(2);
    assert!(refused.stderr.contains("`ssh -G web1`: ssh_config line 2: Bad port 'none'."), "{}", refused.stderr);
    let missing = case.env("PATH", "/nowhere").run(&["hosts", "web1", "-F", "none"]).exits(2);
    assert!(missing.stderr.contains("`ssh -G web1`: No such file or directory"), "{}", missing.stderr);
}
