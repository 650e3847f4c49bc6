use crate::support::{Folder, host, inventory, reach, refused, select, way};

const ANSIBLE: &str = "
all:
  vars: {ansible_user: deploy, region: eu}
  hosts:
    mail.example.com:
  children:
    webservers:
      hosts:
        www[01:06:2].example.com:
        foo.example.com: {ansible_host: 10.0.0.7, ansible_port: 2222, note: yes}
      vars:
        http_port: 80
    dbservers:
      children:
        east: {hosts: {\"db-[a:c].example.com\": {ansible_user: dba, ansible_port: '5022'}}}
standalone:
  hosts:
    s1: {ansible_ssh_private_key_file: ~/.ssh/s1}
";

#[test]
fn an_ansible_inventory_loads_as_it_is() {
    let inventory = inventory(ANSIBLE);
    assert_eq!(inventory.group_names().collect::<Vec<_>>(), ["all", "webservers", "dbservers", "east", "standalone"]);
    assert_eq!(
        select(&inventory, "webservers").as_deref(),
        Ok("www01.example.com www03.example.com www05.example.com foo.example.com")
    );
    assert_eq!(
        select(&inventory, "all!webservers!standalone").as_deref(),
        Ok("mail.example.com db-a.example.com db-b.example.com db-c.example.com")
    );
    let reached = |name: &str| way(&inventory.resolve(&host(name), &reach()).expect(name));
    assert_eq!(reached("foo.example.com"), "deploy@10.0.0.7:2222");
    assert_eq!(reached("db-b.example.com"), "dba@db-b.example.com:5022");
    assert_eq!(reached("s1"), "deploy@s1:22");
    assert_eq!(inventory.address_of(&host("foo.example.com")).expect("an address"), "10.0.0.7");
    let vars = inventory.host_vars(&host("www03.example.com")).expect("vars");
    assert_eq!(serde_json::to_string(&vars).expect("json"), r#"{"http_port":80,"region":"eu"}"#);
    assert_eq!(inventory.groups_of(&host("db-a.example.com")), ["east", "dbservers", "all"]);
}

#[test]
fn a_host_that_ansible_reaches_in_another_way_is_not_reached() {
    let folder = Folder::new();
    folder.file(
        "hosts.yaml",
        "all:\n  hosts:\n    here: {ansible_connection: local}\n    ssh: {ansible_connection: ssh}\n    far: {ansible_ssh_common_args: -o ProxyJump=gate, ansible_become_password: hunter22}\n",
    );
    let inventory = folder.load().expect("it loads");
    let hint = "\nhint: name jump hosts by `jump:` in the host group, by `ProxyJump`, or by `-J`";
    assert_eq!(
        folder.said(&inventory.resolve(&host("here"), &reach()).expect_err("local")),
        format!("host `here` cannot be reached: hosts.yaml:3:32: `ansible_connection: local` is not honoured{hint}")
    );
    assert_eq!(
        folder.said(&inventory.resolve(&host("far"), &reach()).expect_err("jump")),
        format!("host `far` cannot be reached: hosts.yaml:5:36: `ansible_ssh_common_args` is not honoured{hint}")
    );
    assert!(inventory.resolve(&host("ssh"), &reach()).is_ok());
    let mut over_gate = reach();
    over_gate.flags.jump = Some("gate".to_owned());
    assert_eq!(way(&inventory.resolve(&host("far"), &over_gate).expect("far")), "dana@gate:22 > dana@far:22");
    assert!(inventory.host_vars(&host("far")).expect("vars").is_empty(), "a password became a variable");
    let warning = &inventory.warnings()[0];
    assert!(warning.ends_with("hosts.yaml:5:80: `ansible_become_password` is not honoured and left out"), "{warning}");
}

#[test]
fn mistakes_in_ansible_inventories_have_places() {
    let cases = [
        ("web:\n  host: {a: }\n", "hosts.yaml:2:3: unknown setting `host`\nhint: did you mean `hosts`?"),
        ("web:\n  hosts: [a]\n", "hosts.yaml:2:10: `hosts` must be a map"),
        ("web: {hosts: {a: {ansible_port: x}}}\n", "hosts.yaml:1:33: `x` is not a port (1 to 65535)"),
        ("web: {hosts: {a: {ansible_host: \"{{ ip }}\"}}}\n", "hosts.yaml:1:33: name `{{ ip }}` has the character '{'"),
        ("web: {vars: {ansible_host: a}}\n", "hosts.yaml:1:28: `ansible_host` belongs to a host, not to a group"),
        ("web: {hosts: {\"a[1-3]\": }}\n", "hosts.yaml:1:15: `1-3` is neither a number nor a range such as `1:20`"),
        ("a: {children: {b: {children: {a: }}}}\n", "hosts.yaml:1:1: group `a` holds itself: a → b → a"),
    ];
    for (yaml, says) in cases {
        assert_eq!(refused(yaml), says, "{yaml}");
    }
}
