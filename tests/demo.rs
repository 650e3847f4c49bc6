//! The demo, as a new user starts it.

use std::fs;

use crate::case::Case;

#[test]
fn the_demo_runs_green_and_leaves_nothing_behind() {
    let case = Case::new();
    let folder = case.path("tmp");
    fs::create_dir(&folder).expect("a folder");
    let case = case.env("TMPDIR", folder.to_str().expect("a path"));
    let ran = case.run(&["demo"]).exits(0);
    assert!(ran.stderr.contains("Restart apache"), "{}", ran.stderr);
    assert!(ran.stdout.contains("ok"), "the history is missing: {}", ran.stdout);
    assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 0, "something is left in {folder:?}");
    assert!(!case.state().exists(), "the demo wrote into the user's own state folder");
}
