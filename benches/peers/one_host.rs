use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::fleet::Fleet;

/// How often each is run; the median counts.
const ROUNDS: usize = 21;

/// How long a whole process takes: that starts, does one thing on one host over loopback, and ends.
pub(crate) fn table() -> String {
    let fleet = Fleet::start(1);
    let host = std::fs::read_to_string(fleet.path("hosts")).expect("the host");
    let (host, config, same) = (host.trim(), fleet.text("ssh_config"), fleet.text("ssh_config_same"));
    let (groups, sheet) = (file("hostgroups/example.yaml"), file("sheets/restart-web.yaml"));
    let run = |sheet: &'static str| vec!["run", "-y", "-F", config.as_str(), sheet];
    let runsheet = env!("CARGO_BIN_EXE_runsheet");
    let mut rows = vec![
        Row::new("`ssh HOST true`", "ssh", vec!["-F", &config, host, "true"]),
        Row::new("`ssh HOST true`, curve25519", "ssh", vec!["-F", &same, host, "true"]),
        Row::new("`runsheet exec`, one command", runsheet, vec!["exec", "-F", &config, "-H", host, "--", "true"]),
        Row::new("`runsheet run`, one command", runsheet, run("first")),
        Row::new("`runsheet run`, two commands", runsheet, run("second")),
        Row::new("`runsheet --version`", runsheet, vec!["--version"]),
        Row::new("`runsheet plan` of the example", runsheet, vec!["plan", "--hostgroups", &groups, &sheet]),
    ];
    for _ in 0..ROUNDS {
        for row in &mut rows {
            row.run(&fleet);
        }
    }
    let mut text = String::from("| | ms |\n|---|---|\n");
    for row in &mut rows {
        row.times.sort();
        text.push_str(&format!("| {} | {:.1} |\n", row.name, row.times[ROUNDS / 2].as_secs_f64() * 1_000.0));
    }
    text
}

/// A file of this repository.
fn file(path: &str) -> String {
    format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))
}

struct Row<'a> {
    name: &'static str,
    program: &'a str,
    words: Vec<&'a str>,
    times: Vec<Duration>,
}

impl<'a> Row<'a> {
    fn new(name: &'static str, program: &'a str, words: Vec<&'a str>) -> Self {
        Self { name, program, words, times: Vec::new() }
    }

    fn run(&mut self, fleet: &Fleet) {
        let started = Instant::now();
        let output = Command::new(self.program)
            .args(&self.words)
            .current_dir(fleet.folder())
            .env("HOME", fleet.path("home"))
            .env("XDG_STATE_HOME", fleet.path("state"))
            .env_remove("SSH_AUTH_SOCK")
            .stdin(Stdio::null())
            .output()
            .expect("it starts");
        self.times.push(started.elapsed());
        assert!(output.status.success(), "{}: {}", self.name, String::from_utf8_lossy(&output.stderr));
    }
}
