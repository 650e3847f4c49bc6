//! Events and state folders for the tests.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use runsheet_events::{
    AttemptKey, Durability, EventKind, HostResult, Ledger, PlannedStep, RunEvent, RunHeader, StepTotals,
};
use runsheet_journal::{FORMAT, JournalWriter, RunFolder, StateFolder, WriterSettings};
use runsheet_model::{HostName, Outcome, RunId, State, StepId, TaskName};
use tempfile::TempDir;

/// When the runs of the tests begin.
pub(crate) const STARTED: Duration = Duration::from_secs(1_700_000_000);

/// A state folder that goes away with the test.
pub(crate) fn state() -> (TempDir, StateFolder) {
    let folder = TempDir::new().expect("a folder");
    let state = StateFolder::open(folder.path().join("state")).expect("a state folder");
    (folder, state)
}

pub(crate) fn step(id: &str) -> StepId {
    StepId::new(id).expect("an id")
}

pub(crate) fn host(name: &str) -> HostName {
    HostName::new(name).expect("a name")
}

pub(crate) fn key(step_id: &str, host_name: &str, attempt: u32) -> AttemptKey {
    AttemptKey { step: step(step_id), link: 0, host: host(host_name), attempt }
}

pub(crate) fn result(state: State, took_ms: u64) -> HostResult {
    HostResult {
        state,
        outcome: Outcome::changed("Success\nand more"),
        hint: None,
        took: Duration::from_millis(took_ms),
    }
}

pub(crate) fn ok() -> State {
    State::Ok { changed: true }
}

pub(crate) fn header(run: RunId) -> RunHeader {
    let planned = |id: &str| PlannedStep {
        step: step(id),
        name: id.to_uppercase(),
        tasks: vec![TaskName::new("apache.restart").expect("a name")],
        hosts: 2,
        owner: None,
        expect_ms: Some(60_000),
        forecast_ms: None,
        undoes: None,
        after: None,
    };
    RunHeader {
        format: FORMAT,
        run,
        epoch: 1,
        sheet: "weekly".to_owned(),
        command: "run".to_owned(),
        plan_hash: format!("sha256:{}", "0".repeat(64)),
        version: "0.1.0".to_owned(),
        user: "dana".to_owned(),
        machine: "bastion".to_owned(),
        steps: vec![planned("drain"), planned("restart")],
        hosts: 2,
        request: None,
        forecast: None,
    }
}

pub(crate) fn event(seq: u64, kind: EventKind) -> RunEvent {
    RunEvent { seq, at: UNIX_EPOCH + STARTED + Duration::from_millis(seq), elapsed: Duration::from_millis(seq), kind }
}

/// The events of a long run: each depends on its position alone.
pub(crate) fn numbered(run: RunId, seq: u64) -> RunEvent {
    let kind = match seq {
        1 => EventKind::RunStarted(Box::new(header(run))),
        seq if seq.is_multiple_of(2) => EventKind::AttemptStarted(key("restart", &format!("web{seq}"), 1)),
        seq => EventKind::AttemptFinished {
            key: key("restart", &format!("web{}", seq - 1), 1),
            started: true,
            result: result(ok(), seq),
            commands: Vec::new(),
        },
    };
    event(seq, kind)
}

/// A small run that ends well: one step on two hosts, with a wait for a person.
pub(crate) fn whole_run(run: RunId, took_ms: u64) -> Vec<RunEvent> {
    let mut kinds =
        vec![EventKind::RunStarted(Box::new(header(run))), EventKind::StepStarted { step: step("restart"), hosts: 2 }];
    for (name, took) in [("web1", took_ms), ("web2", took_ms * 2)] {
        kinds.extend([
            EventKind::HostStarted { step: step("restart"), host: host(name) },
            EventKind::AttemptStarted(key("restart", name, 1)),
            EventKind::AttemptFinished {
                key: key("restart", name, 1),
                started: true,
                result: result(ok(), took),
                commands: Vec::new(),
            },
            EventKind::HostFinished { step: step("restart"), host: host(name), result: result(ok(), took) },
        ]);
    }
    let totals = StepTotals { changed: 2, ..StepTotals::default() };
    kinds.extend([
        EventKind::PersonAnswered {
            step: step("restart"),
            proceed: true,
            choice: None,
            note: String::new(),
            who: "dana".to_owned(),
            waited: Duration::from_mins(5),
        },
        EventKind::StepFinished { step: step("restart"), totals, took: Duration::from_millis(took_ms * 2) },
        EventKind::RunFinished { totals, took: Duration::from_millis(took_ms * 2) + Duration::from_mins(5) },
    ]);
    (1..).zip(kinds).map(|(seq, kind)| event(seq, kind)).collect()
}

/// Records a run and closes it.
pub(crate) fn record(state: &StateFolder, run: RunId, events: &[RunEvent]) -> RunFolder {
    let folder = state.create_run(run, b"{}").expect("a folder");
    let writer = folder.start(&WriterSettings::default()).expect("a writer");
    for event in events {
        writer.append(Arc::new(event.clone())).expect("an open journal");
    }
    writer.close().expect("a durable journal");
    state.open_run(run).expect("the run")
}

/// Waits until an event is durable, or the journal has failed.
pub(crate) fn wait_for(writer: &JournalWriter, seq: u64) -> Durability {
    let mut durability = writer.durability();
    let wait = durability.wait_for(|durability| match durability {
        Durability::UpTo(durable) => *durable >= seq,
        Durability::Failed { .. } => true,
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime
        .block_on(async { tokio::time::timeout(Duration::from_secs(30), wait).await })
        .expect("an answer from the writer within 30 s")
        .expect("a writer")
        .clone()
}
