use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

/// Runs a program of this machine to its end, which has to come within a limit. It reads nothing.
///
/// What it started goes with it: it has a process group of its own.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Result<Output, String> {
    let child = command.stdin(Stdio::null()).process_group(0).spawn().map_err(|error| error.to_string())?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || {
        // Whoever asked may have given up.
        let _ = done.send(child.wait_with_output());
    });
    if let Ok(output) = ended.recv_timeout(limit) {
        return output.map_err(|error| error.to_string());
    }
    // It fails if everything has ended just now.
    let _ = group.map(|group| kill_process_group(group, Signal::KILL));
    Err(format!("it did not end within {limit:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_does_not_end_is_ended_with_all_that_it_started() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut hanging = Command::new("/bin/sh");
        hanging.args(["-c", "sleep 600 & echo $! > pid; wait"]).current_dir(folder.path());
        // Long enough for the shell to write the number down.
        let ended = run(&mut hanging, Duration::from_secs(2));
        assert_eq!(ended.expect_err("it hangs"), "it did not end within 2s");
        let pid = std::fs::read_to_string(folder.path().join("pid")).expect("a number");
        let stat = format!("/proc/{}/stat", pid.trim());
        let gone = || std::fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z"));
        let until = std::time::Instant::now() + Duration::from_secs(10);
        while !gone() {
            assert!(std::time::Instant::now() < until, "{pid} lives on");
            std::thread::yield_now();
        }
    }
}
