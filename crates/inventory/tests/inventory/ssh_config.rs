use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use runsheet_inventory::{Inventory, MatchExec, Reach, SshConfig};
use runsheet_model::AgentForwarding::{Allowed, No, Refused};
use runsheet_model::{HOST_KEYS, HostKeyMode};

use crate::support::{Folder, host, reach, reach_with};

fn refused(config: &str) -> String {
    let folder = Folder::new();
    let file = folder.file("config", config);
    folder.said(&SshConfig::load(&[file], Path::new("/home/dana")).expect_err("a mistake"))
}

#[test]
fn the_ssh_configs_of_the_fuzzer_are_read() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/ssh_config");
    let (folder, mut read) = (Folder::new(), 0);
    for text in std::fs::read_dir(corpus).expect("a corpus") {
        let text = std::fs::read_to_string(text.expect("an entry").path()).expect("a text");
        let file = folder.file("config", text);
        if let Ok(config) = SshConfig::load(&[file], folder.path()) {
            let reach = Reach { ssh_config: config.into(), ..reach() };
            // What it says is the other tests' business.
            read += usize::from(Inventory::empty().explain(&host("web1"), &reach).is_ok());
        }
    }
    assert!(read > 30, "{read} were read");
}

#[test]
fn mistakes_in_ssh_config_are_told_with_their_line() {
    let criteria = "\nhint: `all`, `host`, `originalhost`, `user`, `localuser`, `final`, `canonical` and `exec` are; or let the OpenSSH client read it with `--ssh-config-reader openssh`, or give runsheet a file of its own by `-F`";
    let cases = [
        (
            "Host a\n  User b\nMatch localnetwork 10.0.0.0/8\n  User root\n",
            format!("config:3: `Match localnetwork` is not supported{criteria}"),
        ),
        ("Match !tagged x\n", format!("config:1: `Match tagged` is not supported{criteria}")),
        (
            "Match all host a\n",
            "config:1: `all` stands alone behind `Match`, or last behind one other criterion".to_owned(),
        ),
        (
            "Match host a user b all\n",
            "config:1: `all` stands alone behind `Match`, or last behind one other criterion".to_owned(),
        ),
        ("Compression\n", "config:1: `Compression` has no value".to_owned()),
        ("ProxyCommand -\n", "config:1: `-` is not a value of `ProxyCommand`".to_owned()),
        ("ConnectionAttempts 0\n", "config:1: `0` is not a value of `ConnectionAttempts`".to_owned()),
        ("ServerAliveCountMax -1\n", "config:1: `-1` is not a value of `ServerAliveCountMax`".to_owned()),
        ("AddressFamily inet4\n", "config:1: `inet4` is not a value of `AddressFamily`".to_owned()),
        ("BindAddress a;id\n", "config:1: name `a;id` has the character ';'".to_owned()),
        ("SetEnv A=1 B\n", "config:1: `B` is not a value of `SetEnv`".to_owned()),
        ("SetEnv 'A;id=1'\n", "config:1: `A;id=1` is not a value of `SetEnv`".to_owned()),
        ("SendEnv A$(id)\n", "config:1: `A$(id)` is not a value of `SendEnv`".to_owned()),
        ("Ciphers +\n", "config:1: `+` is not a value of `Ciphers`".to_owned()),
        ("Match host\n", "config:1: `Match host` has no value".to_owned()),
        ("Port 0\n", "config:1: `0` is not a value of `Port`".to_owned()),
        ("Port 22 23\n", "config:1: `Port` takes one value".to_owned()),
        ("User\n", "config:1: `User` has no value".to_owned()),
        ("User \"a\n", "config:1: this quote is never closed".to_owned()),
        ("HostName -oProxyCommand=id\n", "config:1: name `-oProxyCommand=id` starts with `-`".to_owned()),
        ("User $(id)\n", "config:1: name `$(id)` has the character '('".to_owned()),
        ("ProxyJump a;id\n", "config:1: name `a;id` has the character ';'".to_owned()),
        ("IdentitiesOnly perhaps\n", "config:1: `perhaps` is not a value of `IdentitiesOnly`".to_owned()),
        (
            "Include ~root/x\n",
            "config:1: `~root/x`: the home folders of other users are not known\nhint: write the path from `/` on"
                .to_owned(),
        ),
        ("UserKnownHostsFile none a\n", "config:1: `UserKnownHostsFile` takes one value".to_owned()),
    ];
    for (config, says) in cases {
        assert_eq!(refused(config), says, "{config}");
    }
}

#[test]
fn what_is_not_honoured_is_told_once_and_what_is_harmless_is_not() {
    let folder = Folder::new();
    let file = folder.file(
        "config",
        "IgnoreUnknown UseKey*\nUseKeychain yes\nCompression yes\nBindInterface eth0\nHost a\n  BindInterface eth1\n  Ciphers aes128-cbc,aes256-ctr,3des-cbc\n  Ciphers aes192-cbc\n  StrictHostKeyChecking no\n  ProxyCommand none\n  ForwardAgent $OTHER\n  CanonicalizeHostname always\n  PreferredAuthentications publickey\n  RevokedHostKeys none\nMatch final\n  PubkeyAuthentication no\n  Prot 22\n  Teleport no\n",
    );
    let config = SshConfig::load(&[file], Path::new("/home/dana")).expect("a config");
    let warnings: Vec<_> =
        config.warnings().iter().map(|text| text.rsplit_once('/').expect("a path").1.to_owned()).collect();
    assert_eq!(
        warnings,
        [
            "config:4: `BindInterface` is not supported yet",
            "config:7: `Ciphers`: runsheet never offers `aes128-cbc`, `3des-cbc`, which it left out",
            "config:9: `StrictHostKeyChecking no` is read as `yes`: host keys are always checked",
            "config:11: `ForwardAgent $OTHER` is not honoured: only `yes` and `no` are",
            "config:12: `CanonicalizeHostname always` is not honoured: names are looked up as they stand",
            "config:16: `PubkeyAuthentication` is not supported yet",
            "config:17: `Prot` is not known and not honoured; did you mean `Port`?",
            "config:18: `Teleport` is not known and not honoured",
        ]
    );
}

#[test]
fn of_proxy_jump_and_proxy_command_the_first_counts_and_a_flag_ends_both() {
    let mut reach = reach_with(
        "Host a c\n  ProxyCommand nc -x %n%% %h:%p %r\n  ProxyJump gate\n  HostName %h.example.com\nHost b\n  ProxyJump gate\n  ProxyCommand nc %h %p\nHost c\n  User a$b\n",
    );
    let inventory = Inventory::empty();
    let a = inventory.resolve(&host("a"), &reach).expect("a");
    assert_eq!(a.target.proxy_command.as_deref(), Some("nc -x a% a.example.com:22 dana"));
    assert!(a.jumps.is_empty());
    let b = inventory.resolve(&host("b"), &reach).expect("b");
    assert_eq!((b.jumps.len(), b.target.proxy_command), (1, None));
    let c = inventory.resolve(&host("c"), &reach).expect_err("a shell would read it");
    assert!(
        c.to_string()
            .ends_with("config:2: `%r` stands in a command and is `a$b`, which a shell would not take for one word"),
        "{c}"
    );
    reach.flags.jump = Some("none".to_owned());
    assert_eq!(inventory.resolve(&host("a"), &reach).expect("a").target.proxy_command, None);
}

/// Plays the user's shell, and notes what it was asked.
#[derive(Debug, Default)]
struct Shell(Mutex<Vec<String>>);

impl MatchExec for Shell {
    fn holds(&self, command: &str) -> Result<bool, String> {
        self.0.lock().expect("a list").push(command.to_owned());
        match command.strip_prefix("test ") {
            Some(text) => Ok(text == "yes"),
            None => Err("it hangs".to_owned()),
        }
    }
}

#[test]
fn match_exec_runs_only_if_allowed_and_only_if_it_decides() {
    let mut reach = reach_with(
        "Host web*\n  HostName %h.example.com\n  User deploy\nMatch host other exec \"test no\"\n  Port 1\nMatch originalhost web1 exec \"test yes\"\n  Port 2\nMatch originalhost web1 !exec \"test '%h %n %p %r %k %l %L %i %u'\"\n  HostKeyAlias x\nMatch originalhost web2 exec hang\n  Port 3\nMatch originalhost *id* exec \"test %d\"\n  Port 4\n",
    );
    let inventory = Inventory::empty();
    let refused = inventory.resolve(&host("web1"), &reach).expect_err("nobody allowed it");
    assert!(refused.to_string().ends_with("config:6: `Match exec` runs a command and is not allowed"), "{refused}");
    assert_eq!(inventory.resolve(&host("db1"), &reach).expect("it does not concern it").target.port, 22);

    let shell = Arc::new(Shell::default());
    reach.match_exec = Some(Arc::clone(&shell) as _);
    reach.machine = "desk.example.org".to_owned();
    reach.user_id = 1000;
    let target = inventory.resolve(&host("web1"), &reach).expect("web1").target;
    assert_eq!((target.port, target.host_key_alias.as_deref()), (2, Some("x")));
    let expanded = "test 'web1.example.com web1 2 deploy web1.example.com desk.example.org desk 1000 dana'".to_owned();
    assert_eq!(*shell.0.lock().expect("a list"), ["test yes".to_owned(), expanded]);

    let hangs = inventory.resolve(&host("web2"), &reach).expect_err("it hangs");
    assert!(hangs.to_string().ends_with("config:10: `Match exec hang`: it hangs"), "{hangs}");
    reach.home = "/home/da na".into();
    let refused = inventory.resolve(&host("idle"), &reach).expect_err("a home with a space");
    assert!(refused.to_string().contains("`%d` stands in a command and is `/home/da na`"), "{refused}");
    assert_eq!(shell.0.lock().expect("a list").len(), 3, "nothing ran for it");
}

#[test]
fn match_final_reads_the_files_again_under_the_name_that_was_found() {
    let reach = reach_with(
        "Match final host *.example.com\n  Port 2\nHost *.example.com\n  User again\nHost w1\n  HostName W1.Example.com\n  Port 9\nHost w2\n  HostName w2.example.com\nMatch canonical all\n  HostKeyAlias Second\n",
    );
    let inventory = Inventory::empty();
    let said = |name: &str| {
        let target = inventory.resolve(&host(name), &reach).expect(name).target;
        format!("{}@{}:{} {:?}", target.user, target.address, target.port, target.host_key_alias)
    };
    assert_eq!(said("w1"), "again@w1.example.com:9 Some(\"second\")");
    assert_eq!(said("w2"), "again@w2.example.com:2 Some(\"second\")");
}

#[test]
fn algorithms_are_ours_and_nothing_left_is_an_error_of_that_host() {
    let reach = reach_with(
        "Host a\n  Ciphers aes128-cbc,aes256-ctr\n  MACs -*etm*\n  KexAlgorithms ^ecdh-sha2-nistp521\n  HostKeyAlgorithms +ssh-rsa\nHost b\n  Ciphers 3des-cbc\n",
    );
    let inventory = Inventory::empty();
    let options = inventory.resolve(&host("a"), &reach).expect("a").target.options;
    let algorithms = &options.algorithms;
    assert_eq!(algorithms.ciphers.as_deref(), Some(&["aes256-ctr"][..]));
    assert_eq!(algorithms.macs.as_deref(), Some(&["hmac-sha2-512", "hmac-sha2-256"][..]));
    assert_eq!(algorithms.key_exchanges.as_deref().expect("a list")[0], "ecdh-sha2-nistp521");
    assert_eq!(algorithms.host_keys.as_deref(), Some(&HOST_KEYS[..]));
    assert!(algorithms.host_keys_on_record_first);
    let refused = inventory.resolve(&host("b"), &reach).expect_err("nothing is left");
    assert!(refused.to_string().ends_with("config:7: `Ciphers` leaves nothing that runsheet offers"), "{refused}");
    assert!(inventory.resolve(&host("c"), &reach).is_ok());
}

#[test]
fn variables_are_those_of_the_environment_that_are_named() {
    let mut reach = reach_with(
        "SendEnv LANG LC_*\nHost a\n  SendEnv -LC_* DEPLOY\n  SetEnv A=1 \"B=two words\" A=2\nHost *\n  SetEnv C=3\n",
    );
    let variables = [("LANG", "C"), ("LC_ALL", "C"), ("DEPLOY", "x"), ("HOME", "/home/dana")];
    reach.environment = variables.into_iter().collect();
    let said = |name: &str| {
        let options = Inventory::empty().resolve(&host(name), &reach).expect(name).target.options;
        let shown =
            |list: &[(String, String)]| list.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        (shown(&options.send_env), shown(&options.set_env))
    };
    let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    assert_eq!(said("a"), (texts(&["DEPLOY=x", "LANG=C"]), texts(&["A=1", "B=two words"])));
    assert_eq!(said("b"), (texts(&["LANG=C", "LC_ALL=C"]), texts(&["C=3"])));
}

#[test]
fn includes_are_part_of_their_block_and_cannot_run_in_circles() {
    let folder = Folder::new();
    let main = format!("Host a*\n  Include {}/parts/*.conf\n  Port 7\nHost *\n  User late\n", folder.path().display());
    let main = folder.file("config", main);
    folder.file("parts/2.conf", "User second\n");
    folder.file("parts/1.conf", "Port 5\nHost a2\n  User first\n");
    folder.file("parts/.hidden.conf", "User hidden\n");
    let config = SshConfig::load(std::slice::from_ref(&main), Path::new("/home/dana")).expect("a config");
    let mut reach = reach();
    reach.ssh_config = config.into();
    let login = |name: &str| {
        let target = Inventory::empty().resolve(&host(name), &reach).expect(name).target;
        format!("{}:{}", target.user, target.port)
    };
    assert_eq!([login("a1"), login("a2"), login("b1")], ["second:5", "first:5", "late:22"]);

    let round = folder.file("round", format!("Include {0}\nInclude {0}\n", folder.path().join("round").display()));
    let error = SshConfig::load(&[round], Path::new("/home/dana")).expect_err("a circle");
    assert_eq!(folder.said(&error), "round:1: files include each other more than 16 deep");
}

#[test]
fn files_that_include_each_other_over_and_over_are_refused() {
    let folder = Folder::new();
    for level in 0..12 {
        let next = folder.path().join(format!("f{}", level + 1));
        folder.file(&format!("f{level}"), format!("Include {0} {0}\n", next.display()));
    }
    folder.file("f12", "Port 5\n");
    let error = SshConfig::load(&[folder.path().join("f0")], Path::new("/home/dana")).expect_err("thousands");
    assert!(folder.said(&error).ends_with("more than 1000 files are included"), "{error}");
    assert!(SshConfig::load(&[folder.path().join("f6")], Path::new("/home/dana")).is_ok());
}

#[test]
fn a_comment_may_hold_any_bytes_and_a_setting_only_text() {
    let folder = Folder::new();
    let good = folder.file("good", b"# caf\xe9\n  # \xff\nUser dana\n");
    assert!(SshConfig::load(&[good], Path::new("/home/dana")).is_ok());
    let bad = folder.file("bad", b"User dana\nHostName caf\xe9\n");
    let error = SshConfig::load(&[bad], Path::new("/home/dana")).expect_err("no text");
    assert_eq!(folder.said(&error), "bad:2: this line is not UTF-8");
}

#[test]
fn a_user_who_has_no_config_has_an_empty_one() {
    let folder = Folder::new();
    assert!(SshConfig::of_user(folder.path()).is_ok());
    folder.file(".ssh/config", "User own\nInclude more\n");
    folder.file(".ssh/more", "Port 5\n");
    let mut reach = reach();
    reach.ssh_config = SshConfig::of_user(folder.path()).expect("a config").into();
    let target = Inventory::empty().resolve(&host("a"), &reach).expect("a").target;
    assert_eq!((target.user.as_str(), target.port), ("own", 5));
}

#[test]
fn tokens_agents_timeouts_and_modes_are_read() {
    let mut reach = reach_with(
        "Host a\n  HostName %h.example.com\n  User u\n  IdentityFile %d/k-%h-%n-%r-%u-%p%%\n  IdentityAgent none\n  ConnectTimeout 1m30s\n  StrictHostKeyChecking accept-new\n\
         Host b\n  IdentityAgent ~/agent\n  IdentityFile none\n  UserKnownHostsFile none\n  ConnectTimeout none\n\
         Host c\n  IdentityFile %T\n\
         Host d\n  IdentityFile ${KEYS}/%C\n  CertificateFile ~/c-%L\n  CertificateFile none\n  IdentityAgent $AGENT\n\
         Host e\n  IdentityFile ${NOTHING}/x\n",
    );
    reach.environment = [("KEYS", "/keys"), ("AGENT", "/a.sock")].into_iter().collect();
    reach.agent = Some("/agent".into());
    let inventory = Inventory::empty();
    let a = inventory.resolve(&host("a"), &reach).expect("a");
    assert_eq!(a.target.identities[0].to_str(), Some("/home/dana/k-a.example.com-a-u-dana-22%"));
    assert_eq!(a.target.agent, None);
    assert_eq!(a.connect_timeout, Duration::from_secs(90));
    assert_eq!(a.target.host_keys.mode, HostKeyMode::AcceptNew);
    let b = inventory.resolve(&host("b"), &reach).expect("b");
    assert_eq!(b.target.agent.as_deref(), Some(Path::new("/home/dana/agent")));
    assert!(b.target.identities.is_empty() && b.target.host_keys.user_files.is_empty());
    assert_eq!(b.connect_timeout, Duration::from_secs(30));
    let c = inventory.resolve(&host("c"), &reach).expect_err("an unknown token");
    assert!(c.to_string().ends_with("config:14: `%T` is not supported here"), "{c}");
    let keyed = inventory.resolve(&host("d"), &reach).expect("d").target;
    // printf localhostd22dana | sha1sum
    assert_eq!(keyed.identities[0].to_str(), Some("/keys/bb13c89b336eb07348782820d653b9dc6ef7c684"));
    assert_eq!(*keyed.certificates, [PathBuf::from("/home/dana/c-localhost")]);
    assert_eq!(keyed.agent.as_deref(), Some(Path::new("/a.sock")));
    let refused = inventory.resolve(&host("e"), &reach).expect_err("a variable that is not set");
    assert!(refused.to_string().ends_with("config:21: the environment has no `NOTHING`"), "{refused}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_breaks_the_reader_of_ssh_config(
        lines in prop::collection::vec(
            (
                prop::sample::select(vec![
                    "Host", "Match", "Match host", "Match exec", "Include", "ProxyJump", "ProxyCommand", "IdentityFile", "SetEnv",
                    "SendEnv", "Ciphers", "ConnectTimeout", "HostName", "IdentityAgent", "",
                ]),
                "[ =]{0,2}",
                "[ -~é\\t]{0,20}",
            )
                .prop_map(|(keyword, between, value)| format!("{keyword}{between}{value}")),
            0..6,
        )
    ) {
        let folder = Folder::new();
        let file = folder.file("config", lines.join("\n"));
        if let Ok(config) = SshConfig::load(&[file], folder.path()) {
            let mut reach = reach();
            reach.ssh_config = config.into();
            // What it says is the other tests' business.
            let _ = Inventory::empty().explain(&host("web1"), &reach);
        }
    }
}

#[test]
fn the_agent_is_forwarded_only_to_hosts_of_groups_that_are_named() {
    let folder = Folder::new();
    let file = folder
        .file("groups.yaml", "groups: {web: {hosts: [a, b]}, all: {groups: [web], hosts: [c]}, db: {hosts: [d]}}\n");
    let inventory = Inventory::load(&[file]).expect("groups");
    let mut reach = reach_with("Host b\n  ForwardAgent no\nHost *\n  ForwardAgent yes\n");
    let forwards = |name: &str, reach: &Reach| {
        let endpoint = inventory.resolve(&host(name), reach).expect("a host");
        endpoint.target.options.forward_agent
    };
    assert_eq!(["a", "b", "elsewhere"].map(|name| forwards(name, &reach)), [Refused, No, Refused]);
    reach.forward_agent = BTreeSet::from(["all".to_owned()]);
    assert_eq!(["a", "b", "c", "d"].map(|name| forwards(name, &reach)), [Allowed, No, Allowed, Refused]);
    // A jump host never gets it.
    reach.flags.jump = Some("a".to_owned());
    let through = inventory.resolve(&host("c"), &reach).expect("a host");
    assert_eq!(through.jumps[0].options.forward_agent, Refused);
}
