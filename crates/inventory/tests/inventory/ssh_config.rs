use std::path::Path;
use std::time::Duration;

use runsheet_inventory::{Inventory, SshConfig};
use runsheet_model::HostKeyMode;

use crate::support::{Folder, host, reach, reach_with};

fn refused(config: &str) -> String {
    let folder = Folder::new();
    let file = folder.file("config", config);
    folder.said(&SshConfig::load(&[file], Path::new("/home/dana")).expect_err("a mistake"))
}

#[test]
fn mistakes_in_ssh_config_are_told_with_their_line() {
    let criteria =
        "\nhint: `all`, `host`, `originalhost`, `user` and `localuser` are; or give runsheet a file of its own by `-F`";
    let cases = [
        (
            "Host a\n  User b\nMatch exec \"true\"\n  User root\n",
            format!("config:3: `Match exec` is not supported{criteria}"),
        ),
        ("Match final\n", format!("config:1: `Match final` is not supported{criteria}")),
        ("Match all host a\n", "config:1: `Match all` cannot be combined with anything".to_owned()),
        ("Match host\n", "config:1: `Match host` has no value".to_owned()),
        ("Port 0\n", "config:1: `0` is not a value of `Port`".to_owned()),
        ("Port 22 23\n", "config:1: `Port` takes one value".to_owned()),
        ("User\n", "config:1: `User` has no value".to_owned()),
        ("User \"a\n", "config:1: this quote is never closed".to_owned()),
        ("HostName -oProxyCommand=id\n", "config:1: name `-oProxyCommand=id` starts with `-`".to_owned()),
        ("User $(id)\n", "config:1: name `$(id)` has the character '('".to_owned()),
        ("ProxyJump a;id\n", "config:1: name `a;id` has the character ';'".to_owned()),
        ("IdentitiesOnly perhaps\n", "config:1: `perhaps` is not a value of `IdentitiesOnly`".to_owned()),
        ("Include ~root/x\n", "config:1: `~root/x`: the home folders of other users are not known".to_owned()),
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
        "IgnoreUnknown UseKey*\nUseKeychain yes\nServerAliveInterval 5\nBindAddress ::1\nHost a\n  BindAddress ::2\n  Ciphers aes\n  StrictHostKeyChecking no\n  ProxyCommand none\n",
    );
    let config = SshConfig::load(&[file], Path::new("/home/dana")).expect("a config");
    let warnings: Vec<_> =
        config.warnings().iter().map(|text| text.rsplit_once('/').expect("a path").1.to_owned()).collect();
    assert_eq!(
        warnings,
        [
            "config:4: `BindAddress` is not supported yet",
            "config:7: `Ciphers` is not supported yet",
            "config:8: `StrictHostKeyChecking no` is read as `yes`: host keys are always checked",
        ]
    );
}

#[test]
fn a_proxy_command_that_counts_stops_the_host_it_counts_for() {
    let reach =
        reach_with("Host a\n  ProxyCommand nc %h %p\nHost b\n  ProxyJump gate\n  ProxyCommand nc %h %p\nHost gate\n");
    let inventory = Inventory::empty();
    let error = inventory.resolve(&host("a"), &reach).expect_err("a command");
    assert!(error.to_string().ends_with("config:2: `ProxyCommand` is not honoured"), "{error}");
    assert_eq!(inventory.resolve(&host("b"), &reach).expect("b").jumps.len(), 1);
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
         Host c\n  IdentityFile %C\n",
    );
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
    assert!(c.to_string().ends_with("config:14: `%C` is not supported here"), "{c}");
}
