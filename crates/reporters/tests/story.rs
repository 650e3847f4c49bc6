//! Runs, told event by event.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use runsheet_events::{
    AttemptKey, CommandRecord, DisplayLine, EventKind, HostResult, PlannedStep, Prior, RunEvent, RunHeader, RunStats,
    StepTotals,
};
use runsheet_model::{Failure, HostName, LostReason, Outcome, Phase, State, StepId, Stream, TaskName, Unreachable};
use runsheet_reporters::Findings;

pub(crate) struct Story {
    pub(crate) events: Vec<Arc<RunEvent>>,
    now: Duration,
    totals: StepTotals,
    all: StepTotals,
    started: Duration,
}

impl Story {
    /// A run of a sheet with these steps: title, task (none for a manual step), hosts, expected seconds.
    pub(crate) fn of(command: &str, sheet: &str, steps: &[(&str, &str, usize, Option<u64>)]) -> Self {
        let mut story = Self {
            events: Vec::new(),
            now: Duration::ZERO,
            totals: StepTotals::default(),
            all: StepTotals::default(),
            started: Duration::ZERO,
        };
        let steps: Vec<PlannedStep> = steps
            .iter()
            .enumerate()
            .map(|(index, (name, task, hosts, expect))| PlannedStep {
                step: step(index + 1),
                name: (*name).to_owned(),
                tasks: task.split_whitespace().map(|task| TaskName::new(task).expect("a task")).collect(),
                hosts: *hosts,
                owner: Some("dana".to_owned()),
                expect_ms: expect.map(|seconds| seconds * 1000),
                forecast_ms: None,
                undoes: None,
                after: None,
            })
            .collect();
        story.tell(EventKind::RunStarted(Box::new(RunHeader {
            format: 1,
            run: "01936f7e-aaaa-7bbb-8ccc-00005f3a9c21".parse().expect("an id"),
            epoch: 1,
            sheet: sheet.to_owned(),
            command: command.to_owned(),
            plan_hash: "sha256:0123".to_owned(),
            version: "0.1.0".to_owned(),
            user: "dana".to_owned(),
            machine: "ops1".to_owned(),
            hosts: steps.iter().map(|step| step.hosts).max().unwrap_or(0),
            steps,
            request: None,
            forecast: None,
        })));
        story
    }

    pub(crate) fn at(&mut self, ms: u64) -> &mut Self {
        self.now = Duration::from_millis(ms);
        self
    }

    pub(crate) fn tell(&mut self, kind: EventKind) -> &mut Self {
        self.events.push(Arc::new(RunEvent {
            seq: self.events.len() as u64 + 1,
            at: SystemTime::UNIX_EPOCH + self.now,
            elapsed: self.now,
            kind,
        }));
        self
    }

    pub(crate) fn step_starts(&mut self, number: usize, hosts: &[&str]) -> &mut Self {
        self.started = self.now;
        self.totals = StepTotals::default();
        self.tell(EventKind::StepStarted { step: step(number), hosts: hosts.len() });
        for name in hosts {
            self.tell(EventKind::HostStarted { step: step(number), host: host(name) });
        }
        self
    }

    pub(crate) fn host_ends(&mut self, number: usize, name: &str, result: HostResult) -> &mut Self {
        self.totals.count(&result.state);
        self.all.count(&result.state);
        let key = AttemptKey { step: step(number), link: 0, host: host(name), attempt: 1 };
        let commands = vec![CommandRecord {
            command: "true".to_owned(),
            code: Some(0),
            started: Duration::ZERO,
            took: result.took,
            output_bytes: 0,
            output_sha256: String::new(),
            leaked: result.outcome.message.contains("leaked"),
        }];
        self.tell(EventKind::AttemptFinished { key, started: true, result: result.clone(), commands });
        self.tell(EventKind::HostFinished { step: step(number), host: host(name), result })
    }

    pub(crate) fn step_ends(&mut self, number: usize) -> &mut Self {
        self.tell(EventKind::StepFinished {
            step: step(number),
            totals: self.totals,
            took: self.now.saturating_sub(self.started),
        })
    }

    pub(crate) fn run_ends(&mut self) -> &mut Self {
        self.tell(EventKind::RunFinished { totals: self.all, took: self.now })
    }

    pub(crate) fn stats(&self) -> (RunStats, Findings) {
        let (run, findings) = self.run();
        (run.stats, findings)
    }

    pub(crate) fn run(&self) -> (Prior, Findings) {
        let mut run = Prior::default();
        let mut findings = Findings::default();
        for event in &self.events {
            run.apply(event);
            findings.apply(event);
        }
        (run, findings)
    }
}

pub(crate) fn step(number: usize) -> StepId {
    StepId::new(format!("s{number}")).expect("an id")
}

pub(crate) fn host(name: &str) -> HostName {
    HostName::new(name).expect("a host")
}

pub(crate) fn line(name: &str, stream: Stream, text: &[u8]) -> DisplayLine {
    DisplayLine { step: step(1), host: host(name), stream, line: text.to_owned() }
}

fn result(state: State, outcome: Outcome, ms: u64) -> HostResult {
    HostResult { state, outcome, hint: None, took: Duration::from_millis(ms) }
}

pub(crate) fn changed(message: &str, ms: u64) -> HostResult {
    result(State::Ok { changed: true }, Outcome::changed(message), ms)
}

pub(crate) fn failed(message: &str, ms: u64) -> HostResult {
    let failure = Failure::Task { value: 1 };
    result(State::Failed { failure }, Outcome::failed(message, 1), ms)
}

pub(crate) fn unreachable(reason: &str, hint: &str) -> HostResult {
    let state = State::Unreachable(Unreachable {
        phase: Phase::Tcp,
        reason: reason.to_owned(),
        hint: Some(hint.to_owned()),
        transient: true,
    });
    result(state, Outcome::failed("", 1), 30_000)
}

pub(crate) fn lost() -> HostResult {
    let reason = LostReason::PeerSilent;
    result(State::Lost { reason }, Outcome::failed("", 1), 45_000)
}

pub(crate) fn cancelled() -> HostResult {
    result(State::Cancelled, Outcome::unchanged(""), 0)
}

/// Folds `web1`, `web2`, `web7` into `web[1,2,7]`; enough for these tests.
pub(crate) fn fold(names: &[&str]) -> String {
    match names {
        [one] => (*one).to_owned(),
        _ if names.iter().all(|name| name.starts_with("web")) => {
            let numbers: Vec<&str> = names.iter().filter_map(|name| name.strip_prefix("web")).collect();
            format!("web[{}]", numbers.join(","))
        }
        _ => names.join(","),
    }
}
