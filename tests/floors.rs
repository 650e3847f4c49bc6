//! Imports go down the floors only.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Which crate lives on which floor (ARCHITECTURE.md). A crate imports only from floors below its own.
const FLOORS: [(&str, u8); 30] = [
    ("model", 0),
    ("diagnostics", 1),
    ("yaml", 1),
    ("template", 1),
    ("workbook", 1),
    ("googlesheets", 1),
    ("outbound", 1),
    ("inventory", 2),
    ("sheet", 2),
    ("task", 2),
    ("events", 2),
    ("forecast", 2),
    ("import", 2),
    ("practice", 2),
    ("hostile", 2),
    ("plan", 3),
    ("tasks", 3),
    ("scripted", 3),
    ("ssh", 3),
    ("local", 3),
    ("journal", 3),
    ("locks", 3),
    ("reporters", 3),
    ("sinks", 3),
    ("report", 3),
    ("cases", 4),
    ("runner", 4),
    ("rehearsal", 4),
    ("preflight", 5),
    ("", 6),
];

#[test]
fn a_crate_imports_only_from_floors_below_its_own() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let floors: BTreeMap<_, _> = FLOORS.into();
    let mut manifests: Vec<_> = fs::read_dir(root.join("crates"))
        .expect("the folder of crates")
        .map(|entry| entry.expect("an entry").path().join("Cargo.toml"))
        .collect();
    manifests.push(root.join("tasks/Cargo.toml"));
    manifests.push(root.join("Cargo.toml"));
    assert_eq!(manifests.len(), floors.len(), "a crate is missing in the list of floors, or is gone");
    for manifest in manifests {
        let text = fs::read_to_string(&manifest).expect("a manifest");
        let name = package_name(&text);
        let own = floors.get(name.as_str()).unwrap_or_else(|| panic!("`{name}` is on no floor"));
        for import in imports(&text) {
            let floor = floors.get(import.as_str()).unwrap_or_else(|| panic!("`{import}` is on no floor"));
            assert!(floor < own, "`{name}` (floor {own}) imports `{import}` (floor {floor})");
        }
    }
}

fn package_name(manifest: &str) -> String {
    let package = manifest.split("[package]").nth(1).expect("a package");
    let name = package.lines().find_map(|line| line.strip_prefix("name = \"")).expect("a name").trim_end_matches('"');
    name.trim_start_matches("runsheet").trim_start_matches('-').to_owned()
}

/// What stands under `[dependencies]` of ours; `[dev-dependencies]` are free.
fn imports(manifest: &str) -> Vec<String> {
    manifest
        .lines()
        .skip_while(|line| *line != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.strip_prefix("runsheet-"))
        .map(|line| line.split(['.', ' ', '=']).next().unwrap_or_default().to_owned())
        .collect()
}
