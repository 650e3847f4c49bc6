use std::path::{Path, PathBuf};

use runsheet_inventory::{Inventory, fold, schema};

use crate::support::{host, reach, select, way};

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hostgroups/example.yaml")
}

#[test]
fn the_example_loads_and_means_what_it_says() {
    let inventory = Inventory::load(&[example()]).expect("the example");
    assert_eq!(inventory.warnings(), [""; 0]);
    assert_eq!(inventory.group_names().collect::<Vec<_>>(), ["web", "solr", "zookeeper", "search", "ops"]);
    let hosts = select(&inventory, "web,search").expect("hosts");
    assert_eq!(fold(hosts.split(' ')), "web[01-20].example.com,solr[01-04].example.com,zk[1-3].example.com");
    assert_eq!(inventory.host_vars(&host("solr01.example.com")).expect("vars")["role"], "leader");
    assert_eq!(inventory.groups_of(&host("solr02.example.com")), ["solr", "search"]);
    let resolved = |name: &str| way(&inventory.resolve(&host(name), &reach()).expect(name));
    assert_eq!(resolved("web07.example.com"), "deploy@web07.example.com:22");
    assert_eq!(resolved("solr02.example.com"), "solr@solr02.example.com:22");
    assert_eq!(resolved("zk2.example.com"), "deploy@10.0.7.12:22");
    assert!(inventory.is_protected(&host("bastion.example.com")));
}

#[test]
fn the_schema_names_every_setting_and_refuses_others() {
    let schema = schema();
    assert_eq!(schema["additionalProperties"], false);
    let keys = |of: &serde_json::Value| {
        let properties = of["properties"].as_object().expect("properties");
        properties.keys().cloned().collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(keys(&schema), "defaults groups");
    for (name, expected) in [
        ("Settings", "identity jump port protected user vars"),
        ("GroupText", "groups hosts identity jump port protected user vars"),
        ("HostSettings", "address identity jump port protected user vars"),
    ] {
        let definition = &schema["$defs"][name];
        assert_eq!(keys(definition), expected, "{name}");
        assert_eq!(definition["additionalProperties"], false, "{name}");
    }
}
