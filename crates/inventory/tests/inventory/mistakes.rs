use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use runsheet_inventory::Inventory;

use crate::support::{Folder, refused};

#[test]
fn mistakes_in_host_groups_are_told_with_their_place() {
    let cases = [
        ("groups:\n\tweb: {}\n", "hosts.yaml:2:1: a tab indents this line\nhint: YAML indents with spaces, not tabs"),
        (
            "groups:\n  web:\n    hosts: [a]\n    usr: deploy\n",
            "hosts.yaml:4:5: unknown setting `usr`\nhint: did you mean `user`?",
        ),
        ("groups: {}\ngroup: {}\n", "hosts.yaml:2:1: unknown setting `group`\nhint: did you mean `groups`?"),
        ("group:\n  web: {}\n", "hosts.yaml:2:3: unknown setting `web`"),
        (
            "groups:\n  web:\n    hosts:\n      - a: {prot: 22}\n",
            "hosts.yaml:4:13: unknown setting `prot`\nhint: did you mean `port`?",
        ),
        ("groups:\n  web: {}\n  web: {}\n", "hosts.yaml:3:3: `web` stands here again (first in line 2)"),
        (
            "groups:\n  web:\n    hosts:\n      - web[1-200000]\n",
            "hosts.yaml:4:9: `web[1-200000]` names more than 100000 hosts",
        ),
        (
            "groups:\n  web:\n    hosts:\n      - a[1-60000]\n      - b[1-60000]\n",
            "hosts.yaml:5:9: there are more than 100000 hosts",
        ),
    ];
    for (yaml, says) in cases {
        assert_eq!(refused(yaml), says, "{yaml}");
    }
}

#[test]
fn names_and_ranges_that_cannot_be_are_told_with_their_place() {
    let cases = [
        (
            "groups:\n  web:\n    hosts:\n      - -oProxyCommand=id\n",
            "hosts.yaml:4:9: name `-oProxyCommand=id` starts with `-`",
        ),
        ("groups:\n  web:\n    hosts:\n      - a;id\n", "hosts.yaml:4:9: name `a;id` has the character ';'"),
        (
            "groups:\n  web:\n    hosts:\n      - web*\n",
            "hosts.yaml:4:9: host name `web*` has `*`, which means something else in patterns\nhint: a host group lists names and ranges such as `web[01-20]`",
        ),
        (
            "groups:\n  web:\n    hosts:\n      - root@web1\n",
            "hosts.yaml:4:9: host name `root@web1` has `@`, which means something else in patterns\nhint: the login name has a key of its own: `user:`",
        ),
        (
            "groups:\n  web:\n    hosts: [web[01-20].example.com]\n",
            "hosts.yaml:3:16: a `[` cannot stand inside a value here\nhint: a range stands in a block list or in quotes: `[\"web[01-20]\"]`",
        ),
        (
            "groups:\n  web:\n    hosts: [[01-20]]\n",
            "hosts.yaml:3:13: a list stands where a host is expected: a range such as `web[01-20]` stands in a block list or in quotes",
        ),
        (
            "groups:\n  web:\n    hosts:\n      - solr01:\n        vars: {a: b}\n",
            "hosts.yaml:4:9: an entry of `hosts` holds one name, and this one holds 2\nhint: indent the settings of a host deeper than its name",
        ),
        (
            "groups:\n  web:\n    hosts:\n      - web[1-3]: {address: \"10.0.0.[1-4]\"}\n",
            "hosts.yaml:4:29: 3 names and 4 addresses do not pair up",
        ),
        ("groups:\n  web:\n    hosts:\n      - web[3-1]\n", "hosts.yaml:4:9: range `3-1` runs backwards"),
        (
            "groups:\n  search: {groups: [solr, zookeper]}\n  solr: {}\n  zookeeper: {}\n",
            "hosts.yaml:2:27: there is no group `zookeper`\nhint: did you mean `zookeeper`?",
        ),
        (
            "groups:\n  a: {groups: [b]}\n  b: {groups: [c]}\n  c: {groups: [b]}\n",
            "hosts.yaml:3:3: group `b` holds itself: b → c → b",
        ),
        (
            "groups:\n  \"a b\": {}\n",
            "hosts.yaml:2:3: `a b` is not a group name: letters, digits, `-`, `_` and `.`, a letter or digit first",
        ),
        ("defaults: {user: a b}\n", "hosts.yaml:1:18: name `a b` has the character ' '"),
        ("defaults: {port: 0}\n", "hosts.yaml:1:18: `0` is not a port (1 to 65535)"),
        (
            "defaults: {jump: \"a:b:c\"}\n",
            "hosts.yaml:1:18: `a:b:c` has several `:`; an IPv6 address stands in brackets, such as `[::1]:22`",
        ),
        ("defaults: {jump: -oProxyCommand=id}\n", "hosts.yaml:1:18: name `-oProxyCommand=id` starts with `-`"),
        ("defaults: {identity: \"\"}\n", "hosts.yaml:1:22: `identity` is empty"),
        (
            "groups:\n  web:\n    hosts:\n      - a: {address: \"$(id)\"}\n",
            "hosts.yaml:4:22: name `$(id)` has the character '$'",
        ),
    ];
    for (yaml, says) in cases {
        assert_eq!(refused(yaml), says, "{yaml}");
    }
}

#[test]
fn a_file_that_is_no_text_of_ours_is_refused() {
    assert_eq!(
        refused(b"groups:\n  w\xff: {}\n"),
        "hosts.yaml:2:4: byte 0xff is not UTF-8\nhint: save the file as UTF-8"
    );
    assert_eq!(refused(vec![b'#'; 16 * 1024 * 1024 + 1]), "hosts.yaml: larger than 16 MiB");
    let mut bomb = String::from("groups: {}\ndefaults:\n  vars:\n    a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(bomb, "    a{level}: &a{level} [{aliases}]").expect("a line");
    }
    let said = refused(bomb);
    assert!(said.ends_with("aliases repeat more than is read from one file"), "{said}");
}

#[test]
fn a_file_or_folder_that_is_not_as_it_should_be_is_refused() {
    let folder = Folder::new();
    assert_eq!(
        folder.said(&folder.load().expect_err("empty")),
        "folder `DIR` holds no host groups\nhint: host groups are files that end in `.yaml` or `.yml`"
    );
    let missing = Inventory::load(&[folder.path().join("nowhere.yaml")]).expect_err("missing");
    assert_eq!(folder.said(&missing), "nowhere.yaml: failed to read it");
    let open = folder.file("open.yaml", "groups: {}\n");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o666)).expect("chmod");
    assert_eq!(
        folder.said(&folder.load().expect_err("open")),
        "open.yaml: everybody may change it\nhint: forbid it with `chmod o-w open.yaml`"
    );
}

#[test]
fn a_great_range_in_a_great_many_groups_is_refused() {
    let mut yaml = String::from("groups:\n");
    for group in 0..20 {
        writeln!(yaml, "  g{group}: {{hosts: [\"web[1-90000]\"]}}").expect("a line");
    }
    assert_eq!(refused(yaml), "hosts.yaml:13:17: the groups list hosts more than 1000000 times");
}

#[test]
fn deeply_chained_groups_cost_no_stack() {
    let mut yaml = String::from("groups:\n");
    for group in 0..20_000 {
        writeln!(yaml, "  g{group}: {{groups: [g{}]}}", group + 1).expect("a line");
    }
    yaml.push_str("  g20000: {hosts: [web1], user: deep}\n");
    let folder = Folder::new();
    folder.file("hosts.yaml", yaml);
    let inventory = folder.load().expect("an inventory");
    assert_eq!(crate::support::select(&inventory, "@g0").as_deref(), Ok("web1"));
    assert_eq!(inventory.groups_of(&crate::support::host("web1")).len(), 20_001);
}

#[test]
fn a_folder_is_read_by_name_without_hidden_files_and_folders() {
    let folder = Folder::new();
    folder.file("b.yml", "groups: {b: {hosts: [b1]}}\n");
    folder.file("a.yaml", "groups: {a: {hosts: [a1]}}\n");
    folder.file(".c.yaml", "groups: {c: {hosts: [c1]}}\n");
    folder.file("inner/d.yaml", "groups: {d: {hosts: [d1]}}\n");
    folder.file("notes.txt", "not yaml: [\n");
    folder.file("empty.yaml", "# nothing yet\n");
    let inventory = folder.load().expect("an inventory");
    assert_eq!(inventory.group_names().collect::<Vec<_>>(), ["a", "b"]);
    let twice: Vec<PathBuf> = vec![folder.path().join("a.yaml"), folder.path().join("b.yml")];
    assert_eq!(Inventory::load(&twice).expect("an inventory").host_names().count(), 2);
}
