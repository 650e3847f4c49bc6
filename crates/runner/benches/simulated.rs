//! What 100,000 hosts cost the plan, the scheduler and the dispatcher, without any network: hosts and journal are played, time is paused.
//!
//! `cargo bench -p runsheet-runner --bench simulated` prints a table, each row from a process of its own. A step of the dispatcher is one poll of
//! the run's future; where others use the machine, the processor time of a poll says more than the wall clock. Arguments: how many hosts, and
//! words that the names of the wanted rows contain.

#[path = "../tests/runner/played_lock.rs"]
#[expect(dead_code, reason = "the tests play with locks")]
mod played_lock;
#[path = "../tests/runner/stage.rs"]
#[expect(dead_code, reason = "the tests play more")]
mod stage;

use std::future::Future;
use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use runsheet_events::{EventKind, RunEvent};
use runsheet_plan::{Plan, PlanRollout, PlanWindow, Work};
use runsheet_runner::RunReport;
use rustix::time::{ClockId, clock_gettime};
use stage::{Behaviour, PlayedJournal, Stage};
use tokio::sync::mpsc;

/// Says to the process that it plays one row, given by its number.
const ROW: &str = "RUNSHEET_SIMULATED_ROW";
const HOSTS: usize = 100_000;
const FORKS: usize = 1_000;

/// A row of the table.
struct Row {
    name: &'static str,
    steps: usize,
    /// How the hosts of each step are rolled out.
    rollout: fn(usize) -> PlanRollout,
    /// What they do.
    behaviour: Behaviour,
}

const ROWS: [Row; 9] = [
    row("all at once", 1, PlanRollout::whole, TAKES),
    row("all at once", 3, PlanRollout::whole, TAKES),
    row("`waves: [1, 10%, 100%]`", 1, waves, TAKES),
    row("`waves: [1, 10%, 100%]`", 3, waves, TAKES),
    row("`batch: 1000`", 3, |hosts| batch(hosts, 1_000), TAKES),
    row("`batch: 10`", 1, |hosts| batch(hosts, 10), TAKES),
    row("`window: 1000`", 3, window, TAKES),
    row("all at once, hosts that take no time", 3, PlanRollout::whole, Behaviour::Ok),
    row("`batch: 1000`, all fail", 1, |hosts| batch(hosts, 1_000), Behaviour::Exit(1)),
];
const TAKES: Behaviour = Behaviour::Takes(Duration::from_secs(1));

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let hosts = words.iter().find_map(|word| word.parse().ok()).unwrap_or(HOSTS);
    if let Some(row) = std::env::var(ROW).ok().and_then(|row| row.parse().ok()) {
        play(row, hosts);
        return;
    }
    print(
        "| rollout | steps | plan ms | first poll ms | last polls ms | polls | p99 ms | longest ms (CPU) | longest ms (wall) | the longest one | whole s | peak MiB |",
    );
    print("|---|---|---|---|---|---|---|---|---|---|---|");
    let words: Vec<_> = words.iter().filter(|word| word.parse::<usize>().is_err()).collect();
    for (row, Row { name, .. }) in ROWS.iter().enumerate() {
        if words.is_empty() || words.iter().any(|word| name.contains(*word)) {
            let program = std::env::current_exe().expect("this program");
            let status = Command::new(program).arg(hosts.to_string()).env(ROW, row.to_string()).status();
            assert!(status.expect("it starts").success(), "{name}");
        }
    }
}

const fn row(name: &'static str, steps: usize, rollout: fn(usize) -> PlanRollout, behaviour: Behaviour) -> Row {
    Row { name, steps, rollout, behaviour }
}

fn waves(hosts: usize) -> PlanRollout {
    PlanRollout { waves: vec![1, hosts / 10, hosts - hosts / 10 - 1], ..PlanRollout::default() }
}

fn batch(hosts: usize, size: usize) -> PlanRollout {
    PlanRollout { waves: vec![size; hosts / size], ..PlanRollout::default() }
}

fn window(hosts: usize) -> PlanRollout {
    PlanRollout { window: Some(PlanWindow { size: FORKS, floor: 0, beside: 0 }), ..PlanRollout::whole(hosts) }
}

/// Plays one row in this process, and prints it.
fn play(row: usize, hosts: usize) {
    let Row { name, steps, rollout, behaviour } = &ROWS[row];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let stage = Stage::new(hosts, *steps)
            .forks(FORKS)
            .everywhere(behaviour.clone())
            .connect_takes(Duration::from_millis(20));
        let started = Instant::now();
        let mut plan = stage.plan();
        roll_out(&mut plan, *rollout);
        let planning = started.elapsed();
        let set = stage.set(plan);
        let (_sender, signals) = mpsc::unbounded_channel();
        let run = Box::pin(set.runner.execute(Vec::new(), signals));
        let mut polls = Polls::new(run, set.journal);
        let started = Instant::now();
        let report = (&mut polls).await;
        let whole = started.elapsed();
        let ended: usize = report.stats.steps.iter().map(|step| step.totals.all()).sum();
        assert!(ended >= hosts && report.unrecorded.is_empty(), "{ended} hosts ended");
        print(&format!(
            "| {name} | {steps} | {:.0} | {:.0} | {:.0} | {} | {} | {:.1} | {} | {} |",
            ms(planning),
            ms(polls.first),
            ms(polls.last),
            polls.taken.len(),
            polls.summary(),
            ms(polls.longest_on_the_wall),
            polls.longest,
            format_args!("{:.1} | {}", whole.as_secs_f64(), peak_mib()),
        ));
    });
}

fn roll_out(plan: &mut Plan, rollout: fn(usize) -> PlanRollout) {
    for step in &mut plan.steps {
        if let Work::Hosts(work) = &mut step.work {
            work.rollout = rollout(work.hosts.len());
        }
    }
}

/// The run's future, each poll of it timed. The first one makes everything ready, and the last ones, once all hosts are done, put
/// everything away; nobody waits for them, and they are told apart.
struct Polls<F> {
    run: Pin<Box<F>>,
    journal: Arc<PlayedJournal>,
    first: Duration,
    last: Duration,
    /// The processor time of each other poll.
    taken: Vec<Duration>,
    longest_on_the_wall: Duration,
    /// What the longest poll recorded.
    longest: String,
    longest_took: Duration,
}

impl<F> Polls<F> {
    fn new(run: Pin<Box<F>>, journal: Arc<PlayedJournal>) -> Self {
        let (longest_on_the_wall, longest_took) = (Duration::ZERO, Duration::ZERO);
        let (first, last, taken, longest) = (Duration::ZERO, Duration::ZERO, Vec::new(), String::new());
        Self { run, journal, first, last, taken, longest_on_the_wall, longest, longest_took }
    }

    fn summary(&self) -> String {
        let mut taken = self.taken.clone();
        taken.sort_unstable();
        format!("{:.2} | {:.1}", ms(taken[taken.len() * 99 / 100]), ms(self.longest_took))
    }
}

impl<F: Future<Output = RunReport>> Future for Polls<F> {
    type Output = RunReport;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<RunReport> {
        let (started, cpu) = (Instant::now(), cpu_time());
        let polled = self.run.as_mut().poll(context);
        let (took, wall) = (cpu_time().saturating_sub(cpu), started.elapsed());
        if self.first.is_zero() {
            self.first = took;
            return polled;
        }
        let events = std::mem::take(&mut *self.journal.events.lock().expect("no panic"));
        if polled.is_ready() || events.iter().any(|event| matches!(event.kind, EventKind::RunFinished { .. })) {
            self.last += took;
            return polled;
        }
        self.longest_on_the_wall = self.longest_on_the_wall.max(wall);
        if took > self.longest_took {
            self.longest_took = took;
            self.longest = format!("number {}, {}", self.taken.len(), told(&events));
        }
        self.taken.push(took);
        polled
    }
}

/// What was recorded, in a few words.
fn told(events: &[Arc<RunEvent>]) -> String {
    let kind = |event: &Arc<RunEvent>| {
        let told = format!("{:?}", event.kind);
        told.split(|character: char| !character.is_alphanumeric()).next().unwrap_or_default().to_owned()
    };
    match events {
        [] => "no event".to_owned(),
        [only] => kind(only),
        [first, .., last] => format!("{} events, {} to {}", events.len(), kind(first), kind(last)),
    }
}

fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    let number = |value: i64| u64::try_from(value).expect("time goes on");
    Duration::from_secs(number(now.tv_sec)) + Duration::from_nanos(number(now.tv_nsec))
}

/// The most memory that this process has had (`VmHWM` of proc_pid_status(5)), in MiB.
fn peak_mib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") / 1_024
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn print(line: &str) {
    println!("{line}");
}
