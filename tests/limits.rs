//! What a run holds at once: memory, open files, connections.

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use runsheet_practice::raise_open_files;

use crate::case::Ran;
use crate::practice_runs::Stage;

/// What the program may hold beside what it holds for each host, in KiB: a debug build with all its threads, and what the allocator
/// keeps for each of them.
const BASE: u64 = 128 * 1024;

fn long() -> bool {
    std::env::var_os("RUNSHEET_LONG").is_some()
}

/// Runs a program to its end, and tells the most memory that it held, in KiB.
fn measured(mut command: Command) -> (Ran, u64) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let [mut out, mut err] = [Vec::new(), Vec::new()];
    let (mut stdout, mut stderr) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
    let status = format!("/proc/{}/status", child.id());
    let peak = || -> Option<u64> {
        let text = fs::read_to_string(&status).ok()?;
        text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim_end_matches("kB").trim().parse().ok()
    };
    let mut most = 0;
    let ended = std::thread::scope(|scope| {
        scope.spawn(|| stdout.read_to_end(&mut out));
        scope.spawn(|| stderr.read_to_end(&mut err));
        loop {
            // It is the most of all times, so that the last look counts.
            most = peak().unwrap_or(0).max(most);
            if let Some(ended) = child.try_wait().expect("a child of ours") {
                break ended;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    });
    let output = std::process::Output { status: ended, stdout: out, stderr: err };
    (Ran::of(&output), most)
}

#[test]
fn the_memory_of_a_run_does_not_depend_on_how_much_its_hosts_print() {
    raise_open_files().expect("the limit is ours to raise");
    let (hosts, mib) = if long() { (200, 1_024) } else { (50, 8) };
    let stage = Stage::new(&format!("web[1-{hosts}]: ok"));
    // Lines, a single line without an end, and bytes that are no text, by turns.
    let work = format!(
        "case $HOSTNAME in *[147]) yes 0123456789abcdef;; *[258]) tr '\\0' x </dev/zero;; *) cat /dev/zero;; esac | \
         head -c {mib}M"
    );
    let command = stage.case.command(&["exec", "-q", "-F", "ssh_config", "-g", "web", "-T", "3h", "--", &work]);
    let mut shown = stage.case.command(&["exec", "-F", "ssh_config", "-g", "web", "-T", "3h", "--", &work]);
    shown.stdout(Stdio::null());
    for mut command in [command].into_iter().chain((!long()).then_some(shown)) {
        command.stdin(Stdio::null());
        let (ran, most) = measured(command);
        ran.exits(0);
        assert!(most < BASE + hosts * 1024, "{hosts} hosts of {mib} MiB took {} MiB of memory", most / 1024);
    }
}

#[test]
fn few_open_files_mean_few_hosts_at_once_and_no_failure() {
    let stage = Stage::new("web[1-200]: ok").sheet(
        "name: Two steps\nsteps:\n\
         \x20 - {name: First, task: command, hosts: web, args: {run: echo first >>log; sleep 0.05}}\n\
         \x20 - {name: Second, task: command, hosts: web, args: {run: echo second >>log}}\n",
    );
    let program = stage.case.command(&["run", "deploy", "-F", "ssh_config"]);
    let mut limited = stage.case.command(&[]);
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""]).arg(program.get_program()).args(program.get_args());
    shell.env_clear().envs(limited.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(limited.get_current_dir().expect("the project")).stdin(Stdio::null());
    limited.stdin(Stdio::null());
    Ran::of(&shell.output().expect("it runs")).exits(0).says("ulimit -n");
    for host in 1..=200 {
        assert_eq!(stage.lines(&format!("web{host}"), "log"), 2, "web{host}");
    }
}

#[test]
fn dead_hosts_hold_up_nobody() {
    raise_open_files().expect("the limit is ours to raise");
    // The dead come first, and there are more of them than places for connecting and forks together.
    let stage = Stage::new(
        "web[001-050]: silent; web[051-100]: refuse; web[101-150]: wrong-key; web[151-200]: cut; web[201-300]: ok",
    );
    let started = Instant::now();
    let program = stage.case.command(&["exec", "-F", "ssh_config", "-g", "web", "-f", "8", "--", "echo done"]);
    let mut command = program;
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut output = std::io::BufReader::new(child.stdout.take().expect("piped"));
    let mut done = 0;
    let mut line = String::new();
    while done < 100 && std::io::BufRead::read_line(&mut output, &mut line).expect("text") > 0 {
        let host: u32 = line[4..7].parse().expect("a host's number");
        done += u32::from(host > 200);
        line.clear();
    }
    let healthy = started.elapsed();
    let mut rest = Vec::new();
    output.read_to_end(&mut rest).expect("the rest");
    assert_eq!(child.wait().expect("it ends").code(), Some(8));
    assert_eq!(done, 100);
    // Nobody who is silent is given up before that.
    assert!(healthy < Duration::from_secs(10), "the healthy hosts took {healthy:?}");
    assert!(started.elapsed() > Duration::from_secs(10), "the silent hosts took {:?}", started.elapsed());
}
