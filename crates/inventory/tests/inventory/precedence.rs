use crate::support::{Folder, host, inventory, reach, reach_with, way};

const NESTED: &str = "
defaults: {user: file, port: 1, vars: {a: file, b: file, c: file, d: file}}
groups:
  outer: {groups: [middle], user: outer, vars: {b: outer, c: outer}}
  middle: {groups: [inner]}
  inner:
    hosts:
      - h1
      - h2: {user: host, vars: {a: host, d: 7}}
      - h3
    user: inner
    vars: {c: inner}
  side: {hosts: [h3], port: 5, vars: {c: side}}
";

#[test]
fn host_beats_inner_group_beats_outer_group_beats_file() {
    let inventory = inventory(NESTED);
    let reached = |name: &str| way(&inventory.resolve(&host(name), &reach()).expect(name));
    assert_eq!(reached("h1"), "inner@h1:1");
    assert_eq!(reached("h2"), "host@h2:1");
    assert_eq!(reached("h3"), "inner@h3:5");
    let vars = |name: &str| {
        let vars = inventory.host_vars(&host(name)).expect(name);
        vars.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ").replace('"', "")
    };
    assert_eq!(vars("h1"), "a=file b=outer c=inner d=file");
    assert_eq!(vars("h2"), "a=host b=outer c=inner d=7");
}

#[test]
fn siblings_that_disagree_are_an_error_of_that_host_only() {
    let folder = Folder::new();
    folder.file("hosts.yaml", NESTED);
    let inventory = folder.load().expect("it loads");
    let error = inventory.host_vars(&host("h3")).expect_err("a disagreement");
    assert_eq!(
        folder.said(&error),
        "host `h3`: `vars.c` is one thing in group `inner` at hosts.yaml:12:12 and another in group `side` at hosts.yaml:13:39\n\
         hint: say it at host `h3` itself, or in one of them only"
    );
    assert!(inventory.host_vars(&host("h1")).is_ok());
}

#[test]
fn siblings_that_agree_are_fine_and_a_word_at_the_host_ends_a_quarrel() {
    let inventory = inventory(
        "groups:\n  a: {hosts: [h1, h2: {user: mine}], user: x, port: 5}\n  b: {hosts: [h1, h2], user: y, port: 5}\n",
    );
    assert!(inventory.resolve(&host("h1"), &reach()).is_err());
    assert_eq!(way(&inventory.resolve(&host("h2"), &reach()).expect("h2")), "mine@h2:5");
}

#[test]
fn files_add_up_and_their_defaults_hold_for_their_own_hosts() {
    let folder = Folder::new();
    folder.file("a.yaml", "defaults: {user: a}\ngroups:\n  web: {hosts: [w1, both], vars: {x: 1}}\n");
    folder.file(
        "b.yaml",
        "defaults: {user: b}\ngroups:\n  web: {hosts: [w2, both], vars: {y: 2}}\n  all: {groups: [web]}\n",
    );
    let inventory = folder.load().expect("an inventory");
    let reached = |name: &str| way(&inventory.resolve(&host(name), &reach()).expect(name));
    assert_eq!(reached("w1"), "a@w1:22");
    assert_eq!(reached("w2"), "b@w2:22");
    assert_eq!(inventory.host_vars(&host("w1")).expect("vars").len(), 2);
    assert_eq!(inventory.groups_of(&host("both")), ["web", "all"]);
    let error = inventory.resolve(&host("both"), &reach()).expect_err("two files disagree");
    assert_eq!(
        folder.said(&error),
        "host `both`: `user` is one thing in a.yaml:1:18 and another in b.yaml:1:18\n\
         hint: say it at host `both` itself, or in one of them only"
    );
}

#[test]
fn protection_follows_the_same_rules_and_a_quarrel_protects() {
    let inventory = inventory(
        "groups:\n  ops: {hosts: [a, b: {protected: false}, c], protected: true}\n  web: {hosts: [c], protected: false}\n  outer: {groups: [web]}\n",
    );
    assert!(inventory.is_protected(&host("a")));
    assert!(!inventory.is_protected(&host("b")));
    assert!(inventory.is_protected(&host("c")));
    assert!(!inventory.is_protected(&host("unlisted")));
}

#[test]
fn flag_beats_host_beats_group_beats_file_beats_ssh_config_beats_default() {
    let reach = reach_with("Host *\n  User ssh\n  Port 9\n  ProxyJump gate\n  IdentityFile ~/.ssh/ssh\nHost gate\n");
    let inventory = inventory("groups:\n  a: {hosts: [h1, h2: {jump: none, identity: ~/.ssh/h2}], user: group}\n");
    let error = inventory.resolve(&host("h1"), &reach).expect_err("gate jumps over itself");
    assert_eq!(error.to_string(), "host `h1` would be reached through itself: h1 <- gate <- gate");
    let h2 = inventory.resolve(&host("h2"), &reach).expect("h2");
    assert_eq!(way(&h2), "group@h2:9");
    assert_eq!(h2.target.identities[..], ["/home/dana/.ssh/h2"].map(std::path::PathBuf::from));
    let mut flagged = reach.clone();
    flagged.flags.user = Some("flag".to_owned());
    flagged.flags.port = Some(1);
    flagged.flags.identities = vec!["/k".into()];
    let h2 = inventory.resolve(&host("h2"), &flagged).expect("h2");
    assert_eq!((way(&h2).as_str(), h2.target.identities[0].to_str()), ("flag@h2:1", Some("/k")));
    flagged.flags.user = Some("-oProxyCommand=id".to_owned());
    assert!(inventory.resolve(&host("h2"), &flagged).is_err());
}
