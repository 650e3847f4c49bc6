use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::fleet::Fleet;

/// What one run of a program took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    pub(crate) wall: Duration,
    /// CPU time of the program and of what it started and waited for.
    pub(crate) client: Duration,
    /// CPU time of sshd and of what it started.
    pub(crate) server: Duration,
    /// Peak resident memory of the largest process, in MiB.
    pub(crate) peak: f64,
    /// Logins that sshd has logged.
    pub(crate) logins: usize,
}

/// Runs a program once. It has to end well; what it prints goes to a file, as it would for a person who keeps it. `leave` ends what it
/// left running, so that its sessions count among those of sshd.
pub(crate) fn measure(fleet: &Fleet, command: &Command, leave: impl FnOnce()) -> Round {
    let pid = sshd_pid(fleet.sshd.port());
    let (before, logins) = (children_cpu(pid), logins(fleet));
    let report = fleet.path("time");
    // time(1) tells CPU time and peak memory of exactly this process and its children.
    let mut timed = Command::new("/usr/bin/time");
    timed.args(["-o", &fleet.text("time"), "-f", "%U %S %M"]).arg(command.get_program()).args(command.get_args());
    let started = Instant::now();
    let status = in_project(timed, command, fleet).status().expect("time(1) starts; it is in Debian's package `time`");
    let wall = started.elapsed();
    leave();
    let said = || fs::read_to_string(fleet.path("said")).unwrap_or_default();
    assert!(status.success(), "{command:?} ended with {status}: {}", said());
    let numbers = fs::read_to_string(report).expect("what time(1) says");
    let numbers: Vec<f64> = numbers.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [user, system, peak] = numbers[..] else { panic!("time(1) said {numbers:?}") };
    let server = children_cpu(pid).saturating_sub(before);
    let client = Duration::from_secs_f64(user + system);
    let logins = self::logins(fleet) - logins;
    Round { wall, client, server, peak: peak / 1_024.0, logins }
}

/// How many processes a program starts, itself included, counted by strace(1).
pub(crate) fn processes(fleet: &Fleet, command: &Command) -> usize {
    let trace = fleet.text("trace");
    let mut traced = Command::new("strace");
    traced.args(["-f", "-qq", "-e", "trace=clone,clone3,fork,vfork", "-e", "signal=none", "-o", &trace]);
    traced.arg(command.get_program()).args(command.get_args());
    let status = in_project(traced, command, fleet).status().expect("strace(1) starts");
    assert!(status.success(), "{command:?} under strace ended with {status}");
    let trace = fs::read_to_string(trace).expect("a trace");
    // A call that is interrupted by others ends in a line of its own, and threads share what processes do not.
    let started = |line: &&str| {
        let number = line.rsplit(" = ").next().and_then(|number| number.split(' ').next()?.parse::<u32>().ok());
        number.is_some_and(|number| number > 0)
    };
    1 + trace.lines().filter(started).filter(|line| !is_thread(&trace, line)).count()
}

/// Whether a call that ended made a thread. Where it ended in a line of its own, its flags stand where it began.
fn is_thread(trace: &str, line: &str) -> bool {
    if !line.contains("resumed>") {
        return line.contains("CLONE_THREAD");
    }
    let caller = line.split(' ').next().unwrap_or_default();
    let position = line.as_ptr() as usize - trace.as_ptr() as usize;
    let begun =
        trace[..position].lines().rev().find(|other| other.starts_with(caller) && other.contains("<unfinished"));
    begun.is_some_and(|begun| begun.contains("CLONE_THREAD"))
}

fn in_project(mut program: Command, command: &Command, fleet: &Fleet) -> Command {
    let said = fs::File::create(fleet.path("said")).expect("a file");
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            program.env(name, value);
        }
    }
    program
        .current_dir(fleet.folder())
        .env("HOME", fleet.path("home"))
        .env("XDG_STATE_HOME", fleet.path("state"))
        .env_remove("SSH_AUTH_SOCK")
        .stdin(Stdio::null())
        .stderr(said.try_clone().expect("a file"))
        .stdout(said);
    program
}

fn logins(fleet: &Fleet) -> usize {
    fleet.sshd.log().matches("Accepted publickey").count()
}

/// The process that listens on a port of ours.
fn sshd_pid(port: u16) -> u32 {
    let said =
        Command::new("ss").args(["-ltnpH", &format!("sport = :{port}")]).output().expect("ss of iproute2").stdout;
    let text = String::from_utf8_lossy(&said).into_owned();
    let pid = text.split("pid=").nth(1).and_then(|rest| rest.split(',').next()).expect("the sshd that listens");
    pid.parse().expect("a process id")
}

/// CPU time of all children of a process that have ended and were waited for (proc(5): cutime and cstime, in ticks of 10 ms).
fn children_cpu(pid: u32) -> Duration {
    // The last sessions may still be on their way out.
    std::thread::sleep(Duration::from_millis(300));
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).expect("sshd runs");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks: u64 = [13, 14].iter().filter_map(|&field| fields.get(field)?.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}
