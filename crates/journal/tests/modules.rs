//! A test file that `main.rs` does not name would never run.

use std::collections::BTreeSet;
use std::fs;

#[test]
fn every_file_of_this_folder_is_a_module_of_the_test_binary() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    let files: BTreeSet<String> = fs::read_dir(folder)
        .expect("the folder of tests")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter_map(|name| name.strip_suffix(".rs").map(str::to_owned))
        .filter(|name| name != "main")
        .collect();
    let named: BTreeSet<String> = fs::read_to_string(format!("{folder}/main.rs"))
        .expect("main.rs")
        .lines()
        .filter_map(|line| Some(line.strip_prefix("mod ")?.strip_suffix(';')?.to_owned()))
        .collect();
    assert_eq!(files, named);
}
