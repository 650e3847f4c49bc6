use std::time::Duration;

use crate::hosts::{Conduct, Hosts};
use crate::say;

/// Of the command that each step is on each host.
const TAKES: Duration = Duration::from_secs(1);
const STEPS: usize = 3;
const FORKS: usize = 1_000;

/// Three steps of a command that takes a second, on ever more hosts.
pub(crate) fn table() {
    say("| hosts | forks | ideal s | wall s | wall ÷ ideal | client CPU ms a host and step | peak MiB |");
    say("|---|---|---|---|---|---|---|");
    for count in [1_000, 10_000] {
        let mut hosts = Hosts::start(count, Conduct::Play);
        let line = format!(": practice {}ms exit 0", TAKES.as_millis());
        let pattern = hosts.pattern();
        let step = |number| {
            format!("  - {{name: Step {number}, hosts: \"{pattern}\", task: command, args: {{run: \"{line}\"}}}}\n")
        };
        hosts.sheet("three", &format!("steps:\n{}", (1..=STEPS).map(step).collect::<String>()));
        let forks = FORKS.to_string();
        let mut run = hosts.run("three", &["-f", &forks]);
        run.until(&["\"event\":\"run_finished\""]);
        let (cpu, peak) = (run.cpu(), run.memory("VmHWM"));
        let wall = run.ends_well();
        // The hosts say so too.
        assert_eq!(hosts.commands(&line), STEPS * count);
        let ideal = TAKES.as_secs_f64() * number(STEPS * count.div_ceil(FORKS));
        say(&format!(
            "| {count} | {FORKS} | {ideal:.0} | {:.1} | {:.2} | {:.2} | {} |",
            wall.as_secs_f64(),
            wall.as_secs_f64() / ideal,
            cpu.as_secs_f64() * 1_000.0 / number(STEPS * count),
            peak / 1_024
        ));
    }
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
