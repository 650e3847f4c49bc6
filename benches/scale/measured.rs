use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// A runsheet that runs, told by its events.
pub(crate) struct Measured {
    child: Child,
    events: BufReader<ChildStdout>,
    started: Instant,
}

impl Measured {
    /// Starts it. It prints its events (`--format json`).
    pub(crate) fn start(mut command: Command) -> Self {
        let started = Instant::now();
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let events = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, events, started }
    }

    /// Reads its events up to the first that has all these texts in it.
    pub(crate) fn until(&mut self, texts: &[&str]) {
        let mut line = String::new();
        while self.events.read_line(&mut line).expect("an event") > 0 {
            if texts.iter().all(|text| line.contains(text)) {
                return;
            }
            line.clear();
        }
        panic!("it ended before an event with {texts:?}");
    }

    /// A figure of its memory in KiB (proc_pid_status(5)): `VmRSS` now, `VmHWM` at its peak.
    pub(crate) fn memory(&self, figure: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(':')).expect("the figure");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// How many sockets it has open (proc_pid_fd(5)).
    pub(crate) fn sockets(&self) -> usize {
        let open = fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("it runs");
        let is_socket = |target: &PathBuf| target.to_string_lossy().starts_with("socket:");
        open.flatten().filter_map(|entry| fs::read_link(entry.path()).ok()).filter(is_socket).count()
    }

    /// Its CPU time so far (proc_pid_stat(5): in ticks of 10 ms).
    pub(crate) fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("it runs");
        let fields: Vec<&str> = stat.rsplit(") ").next().expect("fields").split(' ').collect();
        let ticks: u64 = [11, 12].iter().filter_map(|&field| fields[field].parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 10)
    }

    /// Reads its other events, and waits for its good end.
    pub(crate) fn ends_well(mut self) -> Duration {
        std::io::copy(&mut self.events, &mut std::io::sink()).expect("events");
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{status}");
        self.started.elapsed()
    }

    /// Ends it before its time.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }
}
