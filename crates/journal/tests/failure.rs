//! The disk says no.

use std::fs;
use std::process::Command;

use runsheet_events::{RunEvent, decode};
use runsheet_journal::StateFolder;
use tempfile::TempDir;

use crate::child;
use crate::sample::numbered;

#[test]
fn after_a_failed_write_nothing_is_appended_and_the_rest_is_in_the_spool() {
    let folder = TempDir::new().expect("a folder");
    let done = child::command("too-large", folder.path(), "trap '' XFSZ").output().expect("a child");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    let durable: u64 = said
        .lines()
        .find_map(|line| line.strip_prefix("durable "))
        .and_then(|seq| seq.parse().ok())
        .expect("what was durable");

    let state = StateFolder::open(folder.path().join("state")).expect("the state folder");
    let run = state.find("last").expect("the run");
    let reader = state.open_run(run).and_then(|run| run.reader()).expect("the journal");
    let kept = reader.verify().expect("a sound journal");
    assert!(kept.events >= durable);

    let spool = fs::read_dir(folder.path())
        .expect("the folder")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|ending| ending == "ndjson"))
        .expect("a spool");
    let spooled: Vec<RunEvent> =
        fs::read_to_string(spool).expect("the spool").lines().map(|line| decode(line).expect("an event")).collect();
    // All of those that were sent while the writer was failing may be among them; the last two came after.
    let sent = spooled.last().map_or(0, |event| event.seq);
    assert!((230..=232).contains(&sent), "{sent}");
    let missing: Vec<RunEvent> = (durable + 1..=sent).map(|seq| numbered(run, seq)).collect();
    assert_eq!(spooled, missing);
}

#[test]
fn f_41_a_full_disk_is_refused_before_the_run_and_survived_within_the_reserve() {
    for (part, size) in [("full-before", "1m"), ("full-meanwhile", "20m")] {
        let folder = TempDir::new().expect("a folder");
        let Some(mut command) = on_a_small_disk(part, &folder, size) else {
            eprintln!("skipped: no mount namespace for us here");
            return;
        };
        let done = command.output().expect("a child");
        assert!(
            done.status.success(),
            "{part}: {}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        );
    }
}

/// The child, on a file system of its own. Needs a mount namespace, which not every machine gives.
fn on_a_small_disk(part: &str, folder: &TempDir, size: &str) -> Option<Command> {
    let mount = format!("mount -t tmpfs -o size={size},mode=700 tmpfs '{}' || exit 99", folder.path().display());
    let namespace = ["--user", "--map-root-user", "--mount"];
    let can = Command::new("unshare")
        .args(namespace)
        .args(["sh", "-c", &mount])
        .output()
        .is_ok_and(|tried| tried.status.success());
    let child = child::command(part, folder.path(), &mount);
    let mut command = Command::new("unshare");
    command.args(namespace).arg(child.get_program()).args(child.get_args());
    command.envs(child.get_envs().filter_map(|(name, value)| Some((name, value?))));
    can.then_some(command)
}
