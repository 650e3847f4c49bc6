use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// When a process started, in ticks since the machine did (proc_pid_stat(5), field 22); nothing if it has ended.
///
/// Together with its number it tells a process from every other one.
pub(crate) fn started_at(process: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before the last bracket may hold anything.
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    if matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    fields.get(19)?.parse().ok()
}

/// The children of a process, with the time at which each was started.
pub(crate) fn children_of(parent: u32) -> BTreeMap<u32, u64> {
    fs::read_dir("/proc")
        .expect("/proc can be read")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|process: &u32| parent_of(*process) == Some(parent))
        .filter_map(|process| Some((process, started_at(process)?)))
        .collect()
}

/// Ends a process and waits for it, for 10 s, if it is the program that it should be: by now its number may be another's.
pub(crate) fn end(process: u32, program: &str) {
    if fs::read_to_string(format!("/proc/{process}/comm")).is_ok_and(|comm| comm.trim() == program) {
        let started = started_at(process);
        let _ = Command::new("kill").arg(process.to_string()).status();
        let patience = Instant::now();
        while started.is_some() && started_at(process) == started && patience.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn parent_of(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()
}
