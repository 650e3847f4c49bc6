use std::path::PathBuf;
use std::time::Duration;

use runsheet_inventory::Inventory;
use runsheet_model::{HostKeyMode, HostName};

use crate::support::{Folder, host, inventory, reach, reach_with, way};

#[test]
fn without_any_word_a_host_is_reached_as_ssh_would() {
    let endpoint = Inventory::empty().resolve(&host("web1"), &reach()).expect("web1");
    assert_eq!(way(&endpoint), "dana@web1:22");
    assert_eq!(endpoint.connect_timeout, Duration::from_secs(30));
    assert_eq!(endpoint.target.identities.len(), 3);
    assert_eq!(endpoint.target.host_keys.mode, HostKeyMode::Strict);
    assert_eq!(endpoint.target.host_keys.user_files[0], PathBuf::from("/home/dana/.ssh/known_hosts"));
}

#[test]
fn jump_hosts_are_looked_up_in_the_inventory_and_bring_their_own_along() {
    let inventory = inventory(
        "
groups:
  web: {hosts: [w1], jump: \"bastion,ops@inner:2200\"}
  ops:
    hosts:
      - bastion: {address: 10.0.0.1, jump: edge}
      - inner: {user: other, port: 1}
    user: ops
    protected: true
",
    );
    let reach = reach_with("Host edge\n  HostName edge.example.com\n  User e\nHost inner\n  ProxyJump never\n");
    let endpoint = inventory.resolve(&host("w1"), &reach).expect("w1");
    assert_eq!(way(&endpoint), "e@edge.example.com:22 > ops@10.0.0.1:22 > ops@inner:2200 > dana@w1:22");
}

#[test]
fn flags_hold_for_the_host_and_not_for_its_jump_hosts() {
    let inventory = inventory("groups:\n  web: {hosts: [w1], jump: gate}\n");
    let mut reach = reach();
    reach.flags.user = Some("root".to_owned());
    reach.flags.port = Some(2222);
    let over = |reach: &_| way(&inventory.resolve(&host("w1"), reach).expect("w1"));
    assert_eq!(over(&reach), "dana@gate:22 > root@w1:2222");
    reach.flags.jump = Some("a,b".to_owned());
    assert_eq!(over(&reach), "dana@a:22 > dana@b:22 > root@w1:2222");
    reach.flags.jump = Some("none".to_owned());
    assert_eq!(over(&reach), "root@w1:2222");
    reach.flags.jump = Some("-oProxyCommand=id".to_owned());
    let error = inventory.resolve(&host("w1"), &reach).expect_err("a bad jump host");
    assert_eq!(error.to_string(), "`-J -oProxyCommand=id` is not usable: name `-oProxyCommand=id` starts with `-`");
}

#[test]
fn a_way_through_the_host_itself_is_an_error_that_says_how_to_end_it() {
    let folder = Folder::new();
    folder.file("h.yaml", "defaults: {jump: bastion}\ngroups:\n  a: {hosts: [w1, bastion]}\n");
    let error = folder.load().expect("it loads").resolve(&host("w1"), &reach()).expect_err("a loop");
    assert_eq!(
        folder.said(&error),
        "host `w1` would be reached through itself: w1 <- bastion <- bastion\n\
         hint: say `jump: none` at `bastion` in its host group, or `ProxyJump none` in ssh_config"
    );
    let ended = inventory("defaults: {jump: bastion}\ngroups:\n  a: {hosts: [w1, bastion: {jump: none}]}\n");
    assert_eq!(way(&ended.resolve(&host("w1"), &reach()).expect("w1")), "dana@bastion:22 > dana@w1:22");
}

#[test]
fn a_chain_of_jump_hosts_without_end_costs_no_stack() {
    let mut yaml = String::from("groups:\n  a:\n    hosts:\n");
    for index in 0..1000 {
        yaml.push_str(&format!("      - h{index}: {{jump: h{}}}\n", index + 1));
    }
    let error = inventory(&yaml).resolve(&host("h0"), &reach()).expect_err("too many");
    assert_eq!(error.to_string(), "host `h0` has more than 16 servers on its way");
}

#[test]
fn the_address_is_what_ssh_config_is_asked_for() {
    let inventory = inventory("groups:\n  a:\n    hosts:\n      - w1: {address: 10.0.0.9}\n      - w2\n");
    let reach = reach_with("Host 10.0.0.*\n  User net\n  HostName never\nHost w2\n  HostName %h.example.com\n");
    assert_eq!(way(&inventory.resolve(&host("w1"), &reach).expect("w1")), "net@10.0.0.9:22");
    assert_eq!(way(&inventory.resolve(&host("w2"), &reach).expect("w2")), "dana@w2.example.com:22");
    assert_eq!(inventory.address_of(&host("w2")).expect("an address"), "w2", "ssh_config is not asked");
}

#[test]
fn a_key_file_is_relative_to_the_file_that_names_it() {
    let folder = Folder::new();
    folder
        .file("h.yaml", "groups:\n  a: {hosts: [w1], identity: keys/deploy}\n  b: {hosts: [w2], identity: ~/.ssh/b}\n");
    let inventory = folder.load().expect("an inventory");
    let key = |name: &str| inventory.resolve(&host(name), &reach()).expect(name).target.identities[0].clone();
    assert_eq!(key("w1"), folder.path().join("keys/deploy"));
    assert_eq!(key("w2"), PathBuf::from("/home/dana/.ssh/b"));
}

#[test]
fn ten_thousand_hosts_are_resolved() {
    let inventory = inventory("groups:\n  web: {hosts: [\"web[00001-10000]\"], user: deploy, jump: gate}\n");
    let mut config = String::new();
    for index in 0..200 {
        config.push_str(&format!("Host web0{index:03}? !web00000\n  Port {}\n", 1000 + index));
    }
    let reach = reach_with(&config);
    let endpoints: Vec<_> =
        inventory.host_names().map(|host: &HostName| inventory.resolve(host, &reach).expect("an endpoint")).collect();
    assert_eq!(endpoints.len(), 10_000);
    assert_eq!(way(&endpoints[1233]), "dana@gate:22 > deploy@web01234:1123");
}
