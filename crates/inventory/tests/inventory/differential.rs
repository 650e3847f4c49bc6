//! Our reading of ssh_config against that of the OpenSSH client on this machine (`ssh -G`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use runsheet_inventory::{Inventory, Reach, SshConfig};
use runsheet_model::{Endpoint, HostKeyMode};

use crate::support::{Folder, host};

/// What `ssh -G` says, by keyword.
fn of_ssh(config: &Path, name: &str) -> BTreeMap<String, Vec<String>> {
    let output = Command::new("ssh").arg("-F").arg(config).args(["-G", name]).output().expect("the OpenSSH client");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut said = BTreeMap::<_, Vec<String>>::new();
    for line in String::from_utf8(output.stdout).expect("text").lines() {
        let (keyword, value) = line.split_once(' ').unwrap_or((line, ""));
        said.entry(keyword.to_owned()).or_default().push(value.to_owned());
    }
    said
}

struct OpenSsh {
    folder: Folder,
    reach: Reach,
}

impl OpenSsh {
    fn new() -> Self {
        let folder = Folder::new();
        let empty = of_ssh(&folder.file("empty", ""), "h");
        let known_hosts = &empty["userknownhostsfile"][0];
        let home = known_hosts.split_once("/.ssh/").expect("a home folder").0;
        let reach = Reach::new(home, &empty["user"][0]);
        Self { folder, reach }
    }

    /// How we reach a host, or what we say against it.
    fn ours(&self, config: &Path, name: &str) -> Result<Endpoint, String> {
        let loaded = SshConfig::load(&[config.to_owned()], &self.reach.home).map_err(|error| error.to_string())?;
        let reach = Reach { ssh_config: loaded.into(), agent: Some("SSH_AUTH_SOCK".into()), ..self.reach.clone() };
        Inventory::empty().resolve(&host(name), &reach).map_err(|error| error.to_string())
    }

    /// Compares everything that both know; gives the difference.
    fn differs(&self, config: &str, name: &str) -> Option<String> {
        let file = self.folder.file("config", config);
        let theirs = of_ssh(&file, name);
        let endpoint = match self.ours(&file, name) {
            Ok(endpoint) => endpoint,
            Err(error) => return Some(error),
        };
        let reach = &self.reach;
        let target = &endpoint.target;
        let one = |keyword: &str| theirs.get(keyword).map_or(String::new(), |values| values[0].clone());
        let home = reach.home.to_string_lossy();
        let expand = |text: &str| {
            let text = text.strip_prefix("~/").map_or(text.to_owned(), |rest| format!("{home}/{rest}"));
            PathBuf::from(
                text.replace("%h", &target.address)
                    .replace("%r", &target.user)
                    .replace("%n", name)
                    .replace("%d", &home),
            )
        };
        let paths = |text: &str| {
            text.split(' ').filter(|file| !file.is_empty() && *file != "none").map(expand).collect::<Vec<_>>()
        };
        let named: Vec<PathBuf> =
            theirs["identityfile"].iter().filter(|file| *file != "none").map(|file| expand(file)).collect();
        // Types that we cannot use stand in OpenSSH's default list as well.
        let ours_by_default = *target.identities == *reach.identities;
        let identities = if ours_by_default {
            reach.identities.iter().all(|file| named.contains(file))
        } else {
            *target.identities == *named
        };
        let agent = match one("identityagent").as_str() {
            "none" => None,
            "" => Some(PathBuf::from("SSH_AUTH_SOCK")),
            path => Some(expand(path)),
        };
        let mode =
            if one("stricthostkeychecking") == "accept-new" { HostKeyMode::AcceptNew } else { HostKeyMode::Strict };
        let timeout = one("connecttimeout").parse().unwrap_or(0);
        let jumps =
            endpoint.jumps.iter().map(|hop| format!("{}:{}", hop.address, hop.port)).collect::<Vec<_>>().join(",");
        let their_jumps = one("proxyjump");
        let their_jumps = if their_jumps == "none" { String::new() } else { their_jumps };
        let checks = [
            ("hostname", target.address == one("hostname")),
            ("port", target.port.to_string() == one("port")),
            ("user", target.user == one("user")),
            ("identitiesonly", target.identities_only == (one("identitiesonly") == "yes")),
            ("identityfile", identities),
            ("identityagent", target.agent == agent),
            ("userknownhostsfile", target.host_keys.user_files == paths(&one("userknownhostsfile"))),
            ("globalknownhostsfile", target.host_keys.global_files == paths(&one("globalknownhostsfile"))),
            ("stricthostkeychecking", target.host_keys.mode == mode),
            ("hostkeyalias", target.host_key_alias.clone().unwrap_or_default() == one("hostkeyalias")),
            ("connecttimeout", endpoint.connect_timeout.as_secs() == if timeout == 0 { 30 } else { timeout }),
            ("proxyjump", jumps == their_jumps),
        ];
        let (keyword, _) = checks.iter().find(|(_, same)| !same)?;
        Some(format!("`{keyword}` of {name} is {:?} to ssh and to us in {endpoint:#?}\n{config}", theirs.get(*keyword)))
    }
}

#[test]
fn hand_written_configs_are_read_as_openssh_reads_them() {
    let ssh = OpenSsh::new();
    let included = ssh
        .folder
        .file("included.conf", "User early\nHost db*\n  Port 7777\nMatch host web1.example.com\n  HostKeyAlias w\n");
    let included = included.display();
    let configs = [
        String::new(),
        "Port 2200\nHost web1\n  Port 1\nHost *\n  User all\n".to_owned(),
        "Host * !web1\n  User others\nHost web?\n  User webs\n  HostName %h.example.com\n".to_owned(),
        "Host web1\n  HostName web1.example.com\nMatch host *.example.com\n  User matched\nMatch originalhost web1\n  Port 5\n".to_owned(),
        "Match user nobody\n  Port 5\nMatch !user nobody\n  Port 6\nMatch originalhost web*,!web2 user *\n  HostKeyAlias x\n".to_owned(),
        "Match all\n  User a\n".to_owned(),
        "Match originalhost=web1\n  User = \"equals\"\n".to_owned(),
        "HOST web1 db1\n\tuser=a\n  pOrT = 7 # a comment\n".to_owned(),
        "IdentityFile ~/.ssh/a\nIdentityFile \"/keys/with space\"\nHost web1\n  IdentityFile ~/.ssh/a\n  IdentityFile /k/%h-%r\n  IdentitiesOnly yes\n".to_owned(),
        "IdentityFile none\nIdentityAgent none\n".to_owned(),
        "IdentityAgent ~/agent.sock\n".to_owned(),
        "IdentityAgent SSH_AUTH_SOCK\n".to_owned().replace("IdentityAgent SSH_AUTH_SOCK\n", ""),
        "UserKnownHostsFile /a /b\nUserKnownHostsFile /c\nGlobalKnownHostsFile /g\n".to_owned(),
        "UserKnownHostsFile ~/.ssh/k-%h\n".to_owned(),
        "StrictHostKeyChecking accept-new\nHost web1\n  StrictHostKeyChecking yes\n".to_owned(),
        "Host db1\n  StrictHostKeyChecking no\nHost *\n  StrictHostKeyChecking ask\n".to_owned(),
        "ConnectTimeout 15\n".to_owned(),
        "ConnectTimeout 1m30s\n".to_owned(),
        "ConnectTimeout none\n".to_owned(),
        "Host web1\n  ProxyJump gate:2200\nHost gate\n  Port 9\n".to_owned(),
        "Host web1\n  ProxyJump none\nHost web* !gate\n  ProxyJump one:1,two:2\n".to_owned(),
        "Host web1\n  ProxyCommand none\nHost web* !gate\n  ProxyJump one:1\n".to_owned(),
        format!("Host db*\n  Include {included}\n  Port 1\nHost *\n  User late\n"),
        format!("Host web1\n  HostName web1.example.com\nInclude {included}\n"),
        "Host web1\\ x \"db1\"\n  User quoted\n".to_owned(),
        "Host web1\n  User 'single quoted'\n".replace(" quoted", ""),
        "  # nothing\n\n\t\nHost\tweb1\n\tPort\t8\n".to_owned(),
    ];
    for config in &configs {
        for name in ["web1", "web2", "db1", "other"] {
            assert_eq!(ssh.differs(config, name), None, "{config}");
        }
    }
}

fn line() -> impl Strategy<Value = String> {
    let pattern = prop::sample::select(vec!["*", "web*", "web1", "?eb2", "db1", "!web1", "!db*", "*.example.com"]);
    let patterns = prop::collection::vec(pattern, 1..4);
    let list = patterns.clone().prop_map(|patterns| patterns.join(","));
    let subject = prop::sample::select(vec!["host", "originalhost", "user", "localuser", "!host", "!user"]);
    let setting = prop::sample::select(vec![
        "HostName %h.example.com",
        "HostName 10.0.0.1",
        "Port 2222",
        "Port=7",
        "User alice",
        "User = web1",
        "User \"bob\"",
        "IdentityFile ~/.ssh/a",
        "IdentityFile /k/%h",
        "IdentityFile none",
        "IdentitiesOnly yes",
        "IdentitiesOnly no",
        "IdentityAgent none",
        "IdentityAgent /agent",
        "ProxyJump gate.invalid:1",
        "ProxyJump a.invalid:1,b.invalid:2",
        "ProxyJump none",
        "UserKnownHostsFile /a /b",
        "UserKnownHostsFile none",
        "GlobalKnownHostsFile /g",
        "StrictHostKeyChecking accept-new",
        "StrictHostKeyChecking no",
        "HostKeyAlias alias",
        "ConnectTimeout 5",
        "ConnectTimeout 2m",
        "Compression yes",
        "# User comment",
    ]);
    prop_oneof![
        2 => patterns.prop_map(|patterns| format!("Host {}", patterns.join(" "))),
        1 => (subject.clone(), list.clone()).prop_map(|(subject, list)| format!("Match {subject} {list}")),
        1 => (subject, list).prop_map(|(subject, list)| format!("Match originalhost * {subject} \"{list}\"")),
        6 => setting.prop_map(|setting| format!("  {setting}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_configs_are_read_as_openssh_reads_them(lines in prop::collection::vec(line(), 1..14), name in prop::sample::select(vec!["web1", "web2", "db1"])) {
        // A jump host reads the same file; it must not be reached through itself.
        let config = format!("Host *.invalid\n  ProxyJump none\n  HostName %h\n  Port 22\n{}\n", lines.join("\n"));
        prop_assert_eq!(OpenSsh::new().differs(&config, name), None);
    }
}
