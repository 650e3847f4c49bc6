use std::io;
use std::path::Path;

use proptest::prelude::*;
use runsheet_inventory::{Inventory, Selection, expand_text, fold};

use crate::support::{inventory, said, select};

const HOSTS: &str = "
groups:
  web: {hosts: [\"web[01-04]\"]}
  solr:
    hosts:
      - solr01
      - solr[02-03]
  search: {hosts: [zk1], groups: [solr]}
  db: {hosts: [db, db2]}
  ops: {hosts: [bastion: {address: 10.0.9.9}, \"jump[1-3]\"], protected: true}
";

#[test]
fn the_patterns_of_the_fuzzer_are_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/patterns");
    let mut read = [0, 0];
    for text in std::fs::read_dir(folder).expect("a corpus") {
        let text = std::fs::read_to_string(text.expect("an entry").path()).expect("a text");
        read[usize::from(expand_text(&text).is_ok())] += 1;
    }
    assert!(read.iter().all(|count| *count > 5), "{read:?}");
}

#[test]
fn patterns_select_from_left_to_right_each_host_once() {
    let inventory = inventory(HOSTS);
    let cases = [
        ("web01", "web01"),
        ("web[03-04],web01,web03", "web03 web04 web01"),
        ("web[01-04/2]", "web01 web03"),
        ("@solr", "solr01 solr02 solr03"),
        ("solr", "solr01 solr02 solr03"),
        ("search", "zk1 solr01 solr02 solr03"),
        ("*0[1-2]", "web01 solr01 web02 solr02"),
        ("web0?,!web02", "web01 web03 web04"),
        ("web[01-02],@solr,!solr03", "web01 web02 solr01 solr02"),
        ("web*&*1", "web01"),
        ("web* & *1 , solr01", "web01 solr01"),
        ("web01!web*,web02", "web02"),
        ("@*!@ops&*1", "web01 solr01 zk1"),
        // A bare name that is both means the host.
        ("db", "db"),
        ("@db", "db db2"),
    ];
    for (pattern, hosts) in cases {
        assert_eq!(select(&inventory, pattern).as_deref(), Ok(hosts), "{pattern}");
    }
    assert_eq!(
        inventory.warnings().iter().map(|warning| warning.split_once(": ").expect("a place").1).collect::<Vec<_>>(),
        ["`db` is a host and a group: `db` alone means the host, `@db` the group"]
    );
}

#[test]
fn mistakes_in_patterns_are_pointed_at() {
    let inventory = inventory(HOSTS);
    let cases = [
        ("web01,@sorl", "pattern `web01,@sorl`, column 7: there is no group `sorl`\nhint: did you mean `solr`?"),
        (
            "web[01-09]",
            "pattern `web[01-09]`, column 1: there is no host or group `web05`\nhint: did you mean `web01`?",
        ),
        (
            "web01!wbe02",
            "pattern `web01!wbe02`, column 7: there is no host or group `wbe02`\nhint: did you mean `web02`?",
        ),
        ("all", "pattern `all`, column 1: there is no host or group `all`\nhint: `@*` names all hosts"),
        (
            "xyz*",
            "pattern `xyz*`, column 1: no host matches `xyz*`\nhint: `*` and `?` match only hosts that stand in host groups",
        ),
        (
            "web01 web02",
            "pattern `web01 web02`, column 7: an operator is missing before `web02`\nhint: put `,` between hosts, `!` before what to leave out, `&` before what must match as well",
        ),
        ("web01!web*", "no host is selected by `web01!web*`"),
        ("bastion", "1 host is protected and must not be a target: `bastion`\nhint: leave it out with `-x 'bastion'`"),
        (
            "*",
            "4 hosts are protected and must not be a target: `bastion,jump[1-3]`\nhint: leave them out with `-x 'bastion,jump[1-3]'`",
        ),
        (
            "w[0-99999],web[0-99999]",
            "pattern `w[0-99999],web[0-99999]`, column 12: `w[0-99999],web[0-99999]` names more than 100000 hosts",
        ),
        (
            "^hosts.txt",
            "pattern `^hosts.txt`, column 1: cannot read the file of hosts `hosts.txt`: files cannot be named here",
        ),
    ];
    for (pattern, says) in cases {
        assert_eq!(select(&inventory, pattern), Err(says.to_owned()), "{pattern}");
    }
}

#[test]
fn exclusions_and_limits_come_after_the_pattern_and_know_typing_errors() {
    let inventory = inventory(HOSTS);
    let selection = Selection {
        pattern: "*".to_owned(),
        exclude: vec!["@ops".to_owned(), "db*".to_owned()],
        limit: Some("*1,*2".to_owned()),
        unlisted: false,
    };
    assert_eq!(said(inventory.select(&selection)).as_deref(), Ok("web01 web02 solr01 solr02 zk1"));
    let typo = Selection { exclude: vec!["sorl".to_owned()], ..selection };
    assert_eq!(
        said(inventory.select(&typo)),
        Err("pattern `sorl`, column 1: there is no host or group `sorl`\nhint: did you mean `solr`?".to_owned())
    );
}

#[test]
fn unlisted_names_are_taken_only_on_demand() {
    let inventory = inventory(HOSTS);
    let selection = Selection { pattern: "new[1-2],web01".to_owned(), unlisted: true, ..Selection::default() };
    assert_eq!(said(inventory.select(&selection)).as_deref(), Ok("new1 new2 web01"));
    let typo = Selection { exclude: vec!["nwe1".to_owned()], ..selection.clone() };
    assert!(said(inventory.select(&typo)).expect_err("a slip").contains("no host or group `nwe1`"));
    let left_out = Selection { exclude: vec!["new1".to_owned()], ..selection };
    assert_eq!(said(inventory.select(&left_out)).as_deref(), Ok("new2 web01"));
    for other_spelling in ["BASTION", "bastion.", "10.0.9.9"] {
        let selection = Selection { pattern: other_spelling.to_owned(), unlisted: true, ..Selection::default() };
        assert!(said(inventory.select(&selection)).expect_err("protected").starts_with("1 host is protected"));
    }
    for bad in ["-oProxyCommand=id", "a;id", "$(id)"] {
        let selection = Selection { pattern: bad.to_owned(), unlisted: true, ..Selection::default() };
        assert!(inventory.select(&selection).is_err(), "{bad} was taken");
    }
    let nobody = Inventory::empty().select(&Selection { pattern: "*".to_owned(), ..Selection::default() });
    assert!(said(nobody).expect_err("nobody").contains("no host matches"));
}

#[test]
fn a_file_of_hosts_is_read_line_by_line() {
    let inventory = inventory(HOSTS);
    let selection = |pattern: &str| Selection { pattern: pattern.to_owned(), ..Selection::default() };
    let read = |path: &Path| match path.to_str() {
        Some("up.txt") => Ok("# up\n\nweb[01-03] # the first\n@solr !solr02\r\nweb04\n".to_owned()),
        Some("bad.txt") => Ok("web01\n  web[1-\n".to_owned()),
        Some("loop.txt") => Ok("^up.txt\n".to_owned()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    let selected = |pattern: &str| said(inventory.select_reading(&selection(pattern), &read));
    assert_eq!(selected("^up.txt!web02").as_deref(), Ok("web01 web03 solr01 solr03 web04"));
    assert_eq!(selected("^bad.txt"), Err("bad.txt:2: pattern `  web[1-`, column 6: `[` is never closed".to_owned()));
    assert_eq!(
        selected("^loop.txt"),
        Err("loop.txt:1: pattern `^up.txt`, column 1: a file of hosts cannot name another file".to_owned())
    );
    assert!(selected("web01,^gone").expect_err("gone").contains("column 7: cannot read the file of hosts `gone`"));
}

#[test]
fn a_hundred_thousand_hosts_are_loaded_selected_and_folded() {
    let inventory = inventory("groups:\n  all:\n    hosts:\n      - dc[1-5]n[00001-20000].example.com\n");
    let hosts = select(&inventory, "@all&*").expect("hosts");
    assert_eq!(fold(hosts.split(' ')), "dc[1-5]n[00001-20000].example.com");
}

proptest! {
    #[test]
    fn operators_are_those_of_sets(
        terms in prop::collection::vec((0_usize..3, prop::sample::select(vec!["web*", "@solr", "web01", "*1", "zk1", "web[02-03]", "db2"])), 1..8),
    ) {
        let inventory = inventory(HOSTS);
        let mut pattern = String::new();
        let mut expected: Vec<String> = Vec::new();
        for (index, (operator, term)) in terms.iter().enumerate() {
            // `-x` keeps protected hosts out of the way; the operand alone may hold them.
            let own: Vec<String> = inventory
                .select(&Selection { pattern: (*term).to_owned(), exclude: vec!["@ops".to_owned()], ..Selection::default() })
                .expect("an operand").iter().map(ToString::to_string).collect();
            let operator = if index == 0 { 0 } else { *operator };
            match operator {
                0 => expected.extend(own.iter().filter(|host| !expected.contains(host)).cloned().collect::<Vec<_>>()),
                1 => expected.retain(|host| !own.contains(host)),
                _ => expected.retain(|host| own.contains(host)),
            }
            if index > 0 {
                pattern.push([',', '!', '&'][operator]);
            }
            pattern.push_str(term);
        }
        let selected = inventory.select(&Selection { pattern, exclude: vec!["@ops".to_owned()], ..Selection::default() });
        match said(selected) {
            Ok(hosts) => prop_assert_eq!(hosts, expected.join(" ")),
            Err(error) => {
                prop_assert!(error.starts_with("no host is selected"), "{}", error);
                prop_assert!(expected.is_empty());
            }
        }
    }

    #[test]
    fn expanding_text_never_breaks(pattern in "[a-c0-9\\[\\],!&@^*/ é-]{0,40}") {
        _ = expand_text(&pattern);
    }
}
