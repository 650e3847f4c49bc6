use std::thread::sleep;
use std::time::Duration;

use crate::hosts::{Conduct, Hosts};
use crate::measured::Measured;
use crate::say;

/// What memory takes to come to rest.
const REST: Duration = Duration::from_secs(2);

/// Hosts that wait for their turn while one is worked on.
pub(crate) fn waiting() {
    say("| hosts that wait | resident KiB | KiB a host more |");
    say("|---|---|---|");
    let hosts = Hosts::start(2, Conduct::Play);
    let line = ": practice 20000ms exit 0";
    let mut before = None;
    for count in [1_000, 10_000, 50_000] {
        // They are never reached: the first of them takes longer than is looked at.
        let sheet = format!(
            "steps:\n  - {{name: Wait, hosts: \"{}, waiting\", task: command, args: {{run: \"{line}\"}}}}\n",
            Hosts::name(0)
        );
        hosts.sheet("wait", &sheet);
        hosts.group("waiting", &format!("w[1-{count}]"));
        let mut run = hosts.run("wait", &["-f", "1"]);
        run.until(&["\"event\":\"attempt_started\""]);
        grown(&mut before, count, at_rest(&run));
        run.kill();
    }
}

/// Connections that are kept for a later step.
pub(crate) fn idle() {
    say("| connections that are idle | resident KiB | KiB a connection more |");
    say("|---|---|---|");
    let mut before = None;
    for count in [100, 500, 1_000] {
        let hosts = Hosts::start(count, Conduct::Play);
        let pattern = hosts.pattern();
        let all = |name: &str| {
            format!(
                "  - {{name: {name}, hosts: \"{pattern}\", task: command, args: {{run: \": practice 1ms exit 0\"}}}}\n"
            )
        };
        let one = format!(
            "  - {{name: Wait, id: wait, hosts: \"{}\", task: command, args: {{run: \": practice 20000ms exit 0\"}}}}\n",
            Hosts::name(0)
        );
        hosts.sheet("idle", &format!("steps:\n{}{one}{}", all("First"), all("Last")));
        let mut run = hosts.run("idle", &[]);
        run.until(&["\"event\":\"attempt_started\"", "\"step\":\"wait\""]);
        assert!(run.sockets() >= count, "{} sockets for {count} connections", run.sockets());
        grown(&mut before, count, at_rest(&run));
        run.kill();
    }
}

/// Hosts that print as much as they can.
pub(crate) fn flooding() {
    say("| hosts that flood | MiB each | peak KiB | KiB a host more |");
    say("|---|---|---|---|");
    let mut before = None;
    for count in [1, 8, 32] {
        let hosts = Hosts::start(count, Conduct::Run);
        let each = 512 / count;
        let sheet = format!(
            "steps:\n  - {{name: Flood, hosts: \"{}\", task: command, args: {{run: \"yes 'a line that says nothing' | head -c {each}M\"}}}}\n",
            hosts.pattern()
        );
        hosts.sheet("flood", &sheet);
        let mut run = hosts.run("flood", &[]);
        run.until(&["\"event\":\"run_finished\""]);
        let peak = run.memory("VmHWM");
        run.ends_well();
        let more = before.map_or_else(|| "–".to_owned(), |before| slope(before, (count, peak)));
        say(&format!("| {count} | {each} | {peak} | {more} |"));
        before.get_or_insert((count, peak));
    }
}

fn at_rest(run: &Measured) -> u64 {
    sleep(REST);
    run.memory("VmRSS")
}

/// A row, and what each thing takes beyond the first row.
fn grown(first: &mut Option<(usize, u64)>, count: usize, kib: u64) {
    let more = first.map_or_else(|| "–".to_owned(), |first| slope(first, (count, kib)));
    say(&format!("| {count} | {kib} | {more} |"));
    first.get_or_insert((count, kib));
}

fn slope((few, less): (usize, u64), (many, more): (usize, u64)) -> String {
    let things = u32::try_from(many - few).expect("more than before");
    let kib = i64::try_from(more).expect("a size") - i64::try_from(less).expect("a size");
    format!("{:.1}", f64::from(i32::try_from(kib).expect("a size")) / f64::from(things))
}
