//! A record in memory, and events for it.

use std::io;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use runsheet_events::{EventKind, EventLog, HostResult, PlannedStep, Position, RunEvent, RunHeader, StepTotals};
use runsheet_model::{HostName, Outcome, RunId, State, StepId};

/// The record of a run, as its readers see it.
#[derive(Default)]
pub(crate) struct Record(Mutex<Vec<RunEvent>>);

impl Record {
    pub(crate) fn add(&self, at: SystemTime, kind: EventKind) {
        let mut events = self.0.lock().expect("a record");
        let seq = events.len() as u64 + 1;
        events.push(RunEvent { seq, at, elapsed: Duration::from_secs(seq), kind });
    }
}

impl EventLog for Record {
    fn read_from(&self, position: Position, limit: usize) -> io::Result<(Vec<RunEvent>, Position)> {
        let events = self.0.lock().expect("a record");
        let from = usize::try_from(position.seq).expect("a position");
        let read: Vec<_> = events[from..].iter().take(limit).cloned().collect();
        let seq = position.seq + read.len() as u64;
        Ok((read, Position { offset: seq * 100, seq }))
    }
}

pub(crate) fn step(id: &str) -> StepId {
    StepId::new(id).expect("an id")
}

pub(crate) fn planned(id: &str, owner: Option<&str>, expect: Option<Duration>) -> PlannedStep {
    PlannedStep {
        step: step(id),
        name: format!("The {id}"),
        tasks: Vec::new(),
        hosts: 1,
        owner: owner.map(str::to_owned),
        expect_ms: expect.map(|expect| u64::try_from(expect.as_millis()).expect("a time")),
        forecast_ms: None,
        undoes: None,
        after: None,
    }
}

pub(crate) fn started(run: RunId, command: &str, steps: Vec<PlannedStep>) -> EventKind {
    EventKind::RunStarted(Box::new(RunHeader {
        format: 1,
        run,
        epoch: 1,
        sheet: "Weekly".to_owned(),
        command: command.to_owned(),
        plan_hash: String::new(),
        version: String::new(),
        user: "dana".to_owned(),
        machine: "ops1".to_owned(),
        steps,
        hosts: 1,
        request: None,
        forecast: None,
    }))
}

pub(crate) fn ended(id: &str, host: &str, state: State, message: &str) -> EventKind {
    let outcome = if state.is_good() { Outcome::changed(message) } else { Outcome::failed(message, 1) };
    EventKind::HostFinished {
        step: step(id),
        host: HostName::new(host).expect("a host"),
        result: HostResult { state, outcome, hint: None, took: Duration::from_secs(1) },
    }
}

pub(crate) fn finished() -> EventKind {
    EventKind::RunFinished { totals: StepTotals::default(), took: Duration::from_mins(3) }
}
