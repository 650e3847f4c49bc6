//! Finding and ending processes that a test has caused, by their family and by their environment.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

/// Returns the processes below `ancestor` that have not ended.
pub(super) fn descendants_of(ancestor: u32) -> BTreeSet<u32> {
    let processes: Vec<(u32, u32, bool)> = processes()
        .filter_map(|id| {
            let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
            // The name before the last bracket may hold anything.
            let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
            let has_ended = matches!(fields.next()?, "Z" | "X");
            Some((id, fields.next()?.parse().ok()?, has_ended))
        })
        .collect();
    let mut family = BTreeSet::from([ancestor]);
    loop {
        let before = family.len();
        family.extend(
            processes.iter().filter(|(_, parent, _)| family.contains(parent)).map(|(id, _, _)| *id).collect::<Vec<_>>(),
        );
        if family.len() == before {
            break;
        }
    }
    processes
        .iter()
        .filter(|(id, _, has_ended)| *id != ancestor && !has_ended && family.contains(id))
        .map(|(id, _, _)| *id)
        .collect()
}

/// Returns the processes that have `mark`, a `NAME=value`, in their environment.
pub(super) fn marked_with(mark: &str) -> BTreeSet<u32> {
    processes()
        .filter(|id| {
            // Others' processes cannot be read, and one that has ended has none.
            fs::read(format!("/proc/{id}/environ"))
                .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes()))
        })
        .collect()
}

fn processes() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc")
        .expect("/proc can be read")
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Sends the signal `name`, such as `KILL`, to those of them that still live.
pub(super) fn signal(name: &str, processes: &BTreeSet<u32>) {
    // One that has ended meanwhile makes `kill` complain; whether all have ended is looked at afterwards.
    let _ = Command::new("kill")
        .arg(format!("-{name}"))
        .args(processes.iter().map(u32::to_string))
        .stderr(Stdio::null())
        .status();
}
