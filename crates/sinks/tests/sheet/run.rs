use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use runsheet_events::{EventKind, HostResult, PlannedStep, Position, RunEvent, RunHeader, RunStats, StepTotals};
use runsheet_model::{Failure, HostName, Outcome, RunId, State, StepId};
use runsheet_sinks::{Sink, SinkError, View};

/// A run whose events are made by hand, a second apart by its clock: it begins at 2026-11-26T02:00:00Z.
pub(crate) struct Run {
    pub(crate) id: RunId,
    pub(crate) events: Vec<RunEvent>,
    elapsed: Duration,
}

impl Run {
    /// A run of steps with two hosts each and a forecast of ten minutes.
    pub(crate) fn of(steps: &[&str]) -> Self {
        let mut run = Self { id: RunId::fresh(), events: Vec::new(), elapsed: Duration::ZERO };
        let planned = |id: &&str| PlannedStep {
            step: StepId::new(*id).expect("an id"),
            name: (*id).to_owned(),
            tasks: Vec::new(),
            hosts: 2,
            owner: None,
            expect_ms: None,
            forecast_ms: Some(600_000),
            undoes: None,
            after: None,
        };
        let header = RunHeader {
            format: 1,
            run: run.id,
            epoch: 1,
            sheet: "Weekly".to_owned(),
            command: "run".to_owned(),
            plan_hash: "sha256:0".to_owned(),
            version: "0".to_owned(),
            user: "dana".to_owned(),
            machine: "ops".to_owned(),
            steps: steps.iter().map(planned).collect(),
            hosts: 2,
            request: None,
            forecast: None,
        };
        run.push(EventKind::RunStarted(Box::new(header)));
        run
    }

    pub(crate) fn push(&mut self, kind: EventKind) {
        let at = SystemTime::from("2026-11-26T02:00:00Z".parse::<Timestamp>().expect("a moment")) + self.elapsed;
        let seq = self.events.len() as u64 + 1;
        self.events.push(RunEvent { seq, at, elapsed: self.elapsed, kind });
    }

    pub(crate) fn wait(&mut self, time: Duration) {
        self.elapsed += time;
    }

    pub(crate) fn start(&mut self, step: &str) {
        self.push(EventKind::StepStarted { step: StepId::new(step).expect("an id"), hosts: 2 });
    }

    /// A host ends: well, or with what it said.
    pub(crate) fn host(&mut self, step: &str, host: &str, said: Option<&str>) {
        let (step, host) = (StepId::new(step).expect("an id"), HostName::new(host).expect("a name"));
        self.push(EventKind::HostStarted { step: step.clone(), host: host.clone() });
        self.wait(Duration::from_secs(1));
        let (state, outcome) = match said {
            None => (State::Ok { changed: true }, Outcome::changed("done")),
            Some(said) => (State::Failed { failure: Failure::Task { value: 1 } }, Outcome::failed(said, 1)),
        };
        let result = HostResult { state, outcome, hint: None, took: Duration::from_secs(1) };
        self.push(EventKind::HostFinished { step, host, result });
    }

    pub(crate) fn finish(&mut self, step: &str, took: Duration) {
        let step = StepId::new(step).expect("an id");
        self.push(EventKind::StepFinished { step, totals: StepTotals::default(), took });
    }

    /// A whole step of two hosts, of which the second may have said something.
    pub(crate) fn step(&mut self, step: &str, took: Duration, said: Option<&str>) {
        self.start(step);
        self.host(step, "web1", None);
        self.host(step, "web2", said);
        self.wait(took.saturating_sub(Duration::from_secs(2)));
        self.finish(step, took);
    }

    pub(crate) fn end(&mut self) {
        self.push(EventKind::RunFinished { totals: StepTotals::default(), took: self.elapsed });
    }

    /// Delivers the events from one on, all of them at once.
    pub(crate) fn deliver(&self, sink: &mut dyn Sink, from: usize, over: bool) -> Result<(), SinkError> {
        let mut stats = RunStats::default();
        self.events.iter().for_each(|event| stats.apply(event));
        let view = View { run: self.id, stats: &stats, position: Position::default(), over };
        sink.recall(&self.events[..from]);
        sink.deliver(&view, &self.events[from..])
    }
}
