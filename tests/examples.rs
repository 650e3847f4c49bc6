//! Every example in the repository is what it says.

use std::path::Path;
use std::process::Command;

use crate::case::Case;

#[test]
fn the_example_host_groups_and_sheets_can_be_planned() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let case = Case::new();
    let mut command = case.command(&["hosts", "--count"]);
    let output = command.current_dir(root).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_release_sheets_can_be_planned_with_their_host_group() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect("an example");
    let mut case = Case::new().file("dist/shop.tar.gz", "an archive");
    for path in ["hostgroups/release.yaml", "sheets/release.yaml", "sheets/release-rollback.yaml"] {
        case = case.file(path, read(path));
    }
    for sheet in ["release", "release-rollback"] {
        let planned = case.run(&["plan", sheet]).exits(0);
        assert!(planned.stdout.contains("shop[1-4].example.com"), "{}", planned.stdout);
    }
}

#[test]
fn a_new_project_can_be_planned_as_it_is() {
    let case = Case::new();
    case.run(&["init", "shop"]).exits(0);
    let mut command: Command = case.command(&["plan", "example"]);
    let output = command.current_dir(case.path("shop")).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for file in ["runsheet.yaml", "hostgroups/example.yaml", "sheets/example.yaml"] {
        let path = case.path("shop").join(file);
        let text = std::fs::read_to_string(&path).expect("a file");
        let schema = text.lines().next().and_then(|line| line.split("$schema=").nth(1)).expect("a schema");
        let schema = path.parent().expect("a folder").join(schema);
        let schema = std::fs::read_to_string(&schema).unwrap_or_else(|_| panic!("{file} points to no schema"));
        serde_json::from_str::<serde_json::Value>(&schema).expect("a schema is JSON");
    }
}
