//! The demo, as a new user starts it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

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

#[test]
fn a_demo_that_is_kept_leaves_nothing_behind_either_however_it_is_told_to_end() {
    for signal in ["INT", "TERM", "HUP"] {
        let case = Case::new();
        let folder = case.path("tmp");
        fs::create_dir(&folder).expect("a folder");
        let case = case.env("TMPDIR", folder.to_str().expect("a path"));
        let mut demo = case
            .command(&["demo", "--keep"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let said = BufReader::new(demo.stderr.take().expect("its output"));
        let project = said
            .lines()
            .map(|line| line.expect("text"))
            .find_map(|line| Some(line.trim().strip_prefix("cd ")?.split(' ').next()?.to_owned()))
            .expect("it says where the project is");
        assert!(Path::new(&project).join("ssh_config").is_file(), "{project}");
        let killed = Command::new("kill").args(["-s", signal, &demo.id().to_string()]).status().expect("kill runs");
        assert!(killed.success());
        assert!(demo.wait().expect("it ends").success(), "SIG{signal}");
        assert_eq!(
            fs::read_dir(&folder).expect("the folder").count(),
            0,
            "SIG{signal}: something is left in {folder:?}"
        );
    }
}
