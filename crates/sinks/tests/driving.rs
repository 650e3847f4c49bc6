//! Who drives sinks: what one misses comes later and once, and none of them is in anybody's way.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, SystemTime};

use runsheet_events::{EventKind, EventLog, RunEvent};
use runsheet_model::{RunId, SinkName};
use runsheet_sinks::{Crew, Drive, DriveError, Sink, SinkError, StandingError, StandingFile, View};
use tempfile::TempDir;

use crate::sample::{Record, finished, planned, started, step};

/// What a sink was handed: the first and last event, how many steps were known to have begun, and whether the run was over.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Batch {
    first: u64,
    last: u64,
    begun: usize,
    over: bool,
}

/// A sink that remembers, and fails as often as it is told to.
#[derive(Clone, Default)]
struct Memory {
    batches: Arc<Mutex<Vec<Batch>>>,
    recalled: Arc<Mutex<Vec<u64>>>,
    failures: Arc<Mutex<u32>>,
}

impl Memory {
    fn batches(&self) -> Vec<Batch> {
        self.batches.lock().expect("batches").clone()
    }

    fn fails(&self, times: u32) {
        *self.failures.lock().expect("a count") = times;
    }
}

impl Sink for Memory {
    fn deliver(&mut self, view: &View<'_>, events: &[RunEvent]) -> Result<(), SinkError> {
        let begun = view.stats.steps.iter().filter(|step| step.started.is_some()).count();
        let seq = |event: Option<&RunEvent>| event.map_or(0, |event| event.seq);
        let batch = Batch { first: seq(events.first()), last: seq(events.last()), begun, over: view.over };
        self.batches.lock().expect("batches").push(batch);
        let mut failures = self.failures.lock().expect("a count");
        if *failures == 0 {
            return Ok(());
        }
        *failures -= 1;
        Err(SinkError::unavailable("it is down"))
    }

    fn recall(&mut self, events: &[RunEvent]) {
        self.recalled.lock().expect("events").extend(events.iter().map(|event| event.seq));
    }
}

/// A run whose record has this many events so far: its start, and starts of steps.
struct Run {
    id: RunId,
    record: Arc<Record>,
    folder: TempDir,
}

impl Run {
    fn of(events: usize) -> Self {
        let (run, record) = (RunId::fresh(), Arc::new(Record::default()));
        let steps = (1..events).map(|number| planned(&format!("s{number}"), None, None)).collect();
        record.add(SystemTime::now(), started(run, "run", steps));
        let this = Self { id: run, record, folder: tempfile::tempdir().expect("a folder") };
        (1..events).for_each(|number| this.begin(number));
        this
    }

    fn begin(&self, number: usize) {
        let step = step(&format!("s{number}"));
        self.record.add(SystemTime::now(), EventKind::StepStarted { step, hosts: 1 });
    }

    fn drive(&self, sink: &Memory) -> Drive {
        let file = StandingFile::open(self.folder.path(), &name("memory"), "memory").expect("a file");
        Drive::new(self.record.clone(), self.id, Box::new(sink.clone()), file)
    }

    fn crew(&self, sinks: Vec<(&str, Box<dyn Sink>)>) -> Crew {
        let log: Arc<dyn EventLog> = self.record.clone();
        let sinks = sinks.into_iter().map(|(sink, it)| (name(sink), "memory", it)).collect();
        Crew::start(self.id, self.folder.path(), &log, sinks)
    }
}

fn name(text: &str) -> SinkName {
    SinkName::new(text).expect("a name")
}

fn batch(first: u64, last: u64, begun: usize, over: bool) -> Batch {
    Batch { first, last, begun, over }
}

#[test]
fn after_a_failure_the_same_events_come_again_and_nothing_comes_twice() {
    let run = Run::of(3);
    let sink = Memory::default();
    let mut drive = run.drive(&sink);
    sink.fails(2);
    for times in 1..=2 {
        let error = drive.catch_up(false).expect_err("it is down");
        assert!(error.is_passing());
        assert_eq!(drive.standing().trouble.as_ref().map(|trouble| trouble.times), Some(times));
        // What comes meanwhile does not change what is tried again.
        run.begin(1);
    }
    assert_eq!(drive.catch_up(false).expect("it is up"), 5);
    assert_eq!(drive.catch_up(false).expect("it is up"), 0);
    assert_eq!(drive.catch_up(true).expect("it is up"), 0);
    assert_eq!(drive.catch_up(true).expect("it is up"), 0);
    let same = batch(1, 3, 2, false);
    let expected = [same.clone(), same.clone(), same, batch(4, 5, 2, false), batch(0, 0, 2, true)];
    assert_eq!(sink.batches(), expected);
    assert_eq!((drive.standing().closed, &drive.standing().trouble), (true, &None));
}

#[test]
fn another_process_goes_on_where_the_last_one_got_to_with_the_same_batch() {
    let run = Run::of(600);
    let sink = Memory::default();
    let mut drive = run.drive(&sink);
    assert!(matches!(
        StandingFile::open(run.folder.path(), &name("memory"), "memory"),
        Err(StandingError::Busy { .. })
    ));
    drive.catch_up(false).expect("it is up");
    run.begin(1);
    run.begin(2);
    sink.fails(1);
    drive.catch_up(false).expect_err("it is down");
    drop(drive);
    // The one that came after would make another batch of more.
    run.begin(3);
    let sink = Memory::default();
    let mut drive = run.drive(&sink);
    drive.catch_up(true).expect("it is up");
    assert_eq!(*sink.recalled.lock().expect("events"), (1..=600).collect::<Vec<_>>());
    assert_eq!(sink.batches(), [batch(601, 602, 599, false), batch(603, 603, 599, true)]);
    drop(drive);
    let all = StandingFile::all(run.folder.path()).expect("they can be read");
    assert_eq!(all.len(), 1);
    assert!(all[0].1.is_done(603), "{all:?}");
}

struct Breaking;

impl Sink for Breaking {
    fn deliver(&mut self, _: &View<'_>, _: &[RunEvent]) -> Result<(), SinkError> {
        panic!("a bug of ours");
    }
}

struct Refusing;

impl Sink for Refusing {
    fn deliver(&mut self, _: &View<'_>, _: &[RunEvent]) -> Result<(), SinkError> {
        Err(SinkError::refused("no such table").because(std::io::Error::other("and no right to make one")))
    }

    fn remarks(&mut self) -> Vec<String> {
        vec!["it was tried".to_owned()]
    }
}

/// A sink that never comes back, until its sender is dropped.
struct Hanging(mpsc::Receiver<()>);

impl Sink for Hanging {
    fn deliver(&mut self, _: &View<'_>, _: &[RunEvent]) -> Result<(), SinkError> {
        _ = self.0.recv();
        Ok(())
    }
}

#[test]
fn sinks_that_break_refuse_hang_or_fail_are_told_of_and_are_in_nobodys_way() {
    let run = Run::of(3);
    let (release, hang) = mpsc::channel();
    let (good, failing) = (Memory::default(), Memory::default());
    failing.fails(u32::MAX);
    let crew = run.crew(vec![
        ("breaking", Box::new(Breaking)),
        ("refusing", Box::new(Refusing)),
        ("hanging", Box::new(Hanging(hang))),
        ("failing", Box::new(failing)),
        ("good", Box::new(good.clone())),
    ]);
    run.record.add(SystemTime::now(), finished());
    let reports = crew.finish(Duration::from_secs(2));
    drop(release);
    let told: Vec<_> =
        reports.iter().map(|report| (report.sink.as_str(), report.behind.as_deref(), report.remarks.len())).collect();
    assert_eq!(
        told,
        [
            ("breaking", Some("it broke: a bug of ours"), 0),
            ("failing", Some("it is down"), 0),
            ("good", None, 0),
            ("hanging", Some("it takes longer than 2s after the end of the run"), 0),
            ("refusing", Some("no such table: and no right to make one"), 1),
        ]
    );
    assert_eq!(good.batches().last().map(|batch| (batch.last, batch.over)), Some((4, true)));
}

#[test]
fn events_come_while_the_run_goes_on() {
    let run = Run::of(2);
    let sink = Memory::default();
    let crew = run.crew(vec![("memory", Box::new(sink.clone()))]);
    let seen = |last| sink.batches().iter().any(|batch| batch.last == last);
    wait_until(|| seen(2));
    run.begin(1);
    wait_until(|| seen(3));
    assert_eq!(crew.finish(Duration::from_secs(10)).iter().filter(|report| report.behind.is_some()).count(), 0);
}

#[test]
fn a_file_that_is_broken_is_told_and_not_guessed_at() {
    let run = Run::of(1);
    drop(run.drive(&Memory::default()));
    std::fs::write(run.folder.path().join("sinks/memory.json"), "{").expect("it is written");
    let error = StandingFile::open(run.folder.path(), &name("memory"), "memory").expect_err("it is broken");
    assert!(matches!(error, StandingError::Broken { .. }), "{error}");
    assert!(!DriveError::from(SinkError::refused("")).is_passing());
}

fn wait_until(holds: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(std::time::Instant::now() < deadline, "it did not come about");
        thread::sleep(Duration::from_millis(20));
    }
}
