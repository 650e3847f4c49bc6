//! The program and the user's ssh_config.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::case::Case;

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
