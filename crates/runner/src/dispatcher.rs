use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use runsheet_events::{
    Answer, CancelReason, EventKind, HostResult, Observer, PlannedStep, RunEvent, RunHeader, RunStats, StepTotals,
};
use runsheet_model::{HostName, Mask, Outcome, State, StepId};
use runsheet_plan::{Plan, Work};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tracing::{debug, warn};

use crate::executor::Executor;
use crate::message::Message;
use crate::policy::{Policy, Verdict};
use crate::record::Record;
use crate::runner::{Identity, RunReport, Runner, Signal};
use crate::schedule::Schedule;
use crate::stop::Stop;

/// How long what runs may go on after SIGTERM before it is stopped.
const TERM_GRACE: Duration = Duration::from_secs(20);
/// Version of the journal's format.
const FORMAT: u32 = 1;

/// The one loop that decides and records. It never waits for a disk, a host or a terminal.
///
/// What happens is emitted as a numbered event, and *acted on* (counted, judged, shown, answered) only when the ledger says that
/// it is durable.
pub(crate) struct Dispatcher {
    plan: Arc<Plan>,
    header: RunHeader,
    record: Record,
    mask: Mask,
    stop: Stop,
    schedule: Schedule,
    policy: Policy,
    observers: Vec<Box<dyn Observer>>,
    stats: RunStats,
    steps: Vec<StepProgress>,
    by_id: HashMap<StepId, usize>,
    /// No further step is started, though hosts of those that run may be.
    halted: bool,
    interrupts: u32,
    stop_running_at: Option<Instant>,
}

#[derive(Clone, Copy, Default)]
struct StepProgress {
    started: Option<Instant>,
    hosts_left: usize,
}

impl Dispatcher {
    pub(crate) fn new(runner: &Runner, stop: Stop, observers: Vec<Box<dyn Observer>>) -> Self {
        let plan = runner.plan.clone();
        let schedule = Schedule::new(plan.steps.iter().map(|step| (step.left_out.is_none(), step.after.clone())));
        Self {
            header: header(&plan, &runner.identity),
            record: Record::new(runner.seams.ledger.clone()),
            mask: runner.mask.clone(),
            stop,
            schedule,
            policy: Policy { fail_fast: runner.settings.fail_fast },
            observers,
            stats: RunStats::default(),
            steps: vec![StepProgress::default(); plan.steps.len()],
            by_id: plan.steps.iter().enumerate().map(|(index, step)| (step.id.clone(), index)).collect(),
            halted: false,
            interrupts: 0,
            stop_running_at: None,
            plan,
        }
    }

    /// Runs the plan to its end.
    pub(crate) async fn run(
        mut self,
        executor: &Executor,
        mut inbox: mpsc::UnboundedReceiver<Message>,
        mut signals: mpsc::UnboundedReceiver<Signal>,
    ) -> RunReport {
        self.emit(EventKind::RunStarted(Box::new(self.header.clone())));
        self.start_steps(executor);
        let mut listening = true;
        while self.schedule.is_anything_running() || !self.record.is_settled() {
            let stop_running_at = self.stop_running_at;
            tokio::select! {
                Some(message) = inbox.recv() => {
                    self.take(message);
                    // What has come in the meantime goes into the same group of the journal.
                    while let Ok(message) = inbox.try_recv() {
                        self.take(message);
                    }
                }
                () = self.record.changed() => self.settle(executor),
                signal = signals.recv(), if listening => match signal {
                    Some(signal) => {
                        if self.take_signal(signal) {
                            return self.leave();
                        }
                    }
                    None => listening = false,
                },
                () = at(stop_running_at) => {
                    self.stop_running_at = None;
                    self.stop.running.cancel();
                }
            }
        }
        self.finish().await
    }

    fn emit(&mut self, kind: EventKind) {
        if let Some(unrecorded) = self.record.emit(kind, None) {
            self.count_down(&unrecorded);
        }
    }

    /// Acts on everything that has become durable.
    fn settle(&mut self, executor: &Executor) {
        while let Some(pending) = self.record.next_durable() {
            self.act_on(&pending.event);
            if let Some(permit) = pending.permit {
                // Whoever asked may have run out of time meanwhile; then an outcome follows all the same.
                _ = permit.send(());
            }
        }
        if let Some(reason) = self.record.take_failure() {
            self.fail_journal(reason);
        }
        self.start_steps(executor);
    }

    /// From here on nothing new is started: what cannot be recorded does not happen. What runs is still waited for.
    fn fail_journal(&mut self, reason: String) {
        warn!(reason, "the journal cannot be written");
        self.halted = true;
        self.stop.new.cancel();
        for event in self.record.give_up() {
            self.count_down(&event);
        }
        self.stats.cancelled.push(CancelReason::JournalFailed { reason });
    }

    /// Counts, judges and shows one durable event.
    fn act_on(&mut self, event: &Arc<RunEvent>) {
        self.stats.apply(event);
        self.observe(event);
        self.count_down(event);
        if let EventKind::HostFinished { step, .. } = &event.kind {
            let totals = self.stats.step(step).map(|stats| stats.totals).unwrap_or_default();
            if self.policy.while_running(&totals) == Verdict::NothingNew && !self.stop.new.is_cancelled() {
                self.cancel(CancelReason::HostsFailed { step: step.clone() });
                self.stop.new.cancel();
            }
        }
        if let EventKind::StepFinished { step, totals, .. } = &event.kind
            && Policy::when_over(totals) != Verdict::GoOn
            && !self.halted
            && self.schedule.is_anything_waiting()
        {
            self.cancel(CancelReason::HostsFailed { step: step.clone() });
        }
    }

    /// Counts a host down, ends its step with the last one, and takes note of a step's end.
    fn count_down(&mut self, event: &RunEvent) {
        let index = |step| self.by_id.get(step).copied();
        match &event.kind {
            EventKind::HostFinished { step, .. } => {
                if let Some(index) = index(step) {
                    self.steps[index].hosts_left -= 1;
                    if self.steps[index].hosts_left == 0 {
                        self.finish_step(index);
                    }
                }
            }
            EventKind::StepFinished { step, .. } => {
                if let Some(index) = index(step) {
                    self.schedule.finish(index);
                }
            }
            _ => {}
        }
    }

    fn finish_step(&mut self, index: usize) {
        let step = self.plan.steps[index].id.clone();
        let totals = self.stats.step(&step).map(|stats| stats.totals).unwrap_or_default();
        let machine_time = match self.plan.steps[index].work {
            Work::Manual { .. } => Duration::ZERO,
            Work::Hosts(_) => self.steps[index].started.map(|started| started.elapsed()).unwrap_or_default(),
        };
        self.emit(EventKind::StepFinished { step, totals, took: machine_time });
    }

    fn start_steps(&mut self, executor: &Executor) {
        if self.halted || self.stop.new.is_cancelled() {
            return;
        }
        for index in self.schedule.start_ready() {
            self.start_step(index, executor);
        }
    }

    fn start_step(&mut self, index: usize, executor: &Executor) {
        let plan = self.plan.clone();
        let step = &plan.steps[index];
        debug!(step = %step.id, "step starts");
        self.steps[index].started = Some(Instant::now());
        match &step.work {
            Work::Manual { instructions } => {
                self.emit(EventKind::StepStarted { step: step.id.clone(), hosts: 0 });
                self.emit(EventKind::PersonAsked { step: step.id.clone(), question: instructions.clone() });
                executor.start(index);
            }
            Work::Hosts(work) => {
                self.steps[index].hosts_left = work.hosts.len() + work.skipped.len();
                self.emit(EventKind::StepStarted { step: step.id.clone(), hosts: work.hosts.len() });
                for &host in &work.skipped {
                    self.skip(index, plan.hosts[host].name.clone());
                }
                executor.start(index);
            }
        }
    }

    fn skip(&mut self, index: usize, host: HostName) {
        let step = self.plan.steps[index].id.clone();
        let outcome = Outcome::unchanged("its `when` is false");
        let result = HostResult { state: State::Skipped, outcome, hint: None, took: Duration::ZERO };
        self.emit(EventKind::HostFinished { step, host, result });
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::HostConnected { host, took, address, host_key, learned } => {
                self.emit(EventKind::HostConnected { host, took, address, host_key, learned });
            }
            Message::HostStarted { step, host } => self.emit(EventKind::HostStarted { step, host }),
            // A host that has begun its chain finishes it; one that has not is new. A dropped permit means no.
            Message::PermitWanted { key, permit } => {
                if !self.record.has_failed() && (key.link > 0 || !self.stop.new.is_cancelled()) {
                    _ = self.record.emit(EventKind::AttemptStarted(key), Some(permit));
                }
            }
            Message::AttemptFinished { key, started, result, commands } => {
                self.emit(EventKind::AttemptFinished { key, started, result, commands });
            }
            Message::HostNoted { step, host, note } => {
                let note = self.mask.text(&note);
                self.emit(EventKind::HostNoted { step, host, note });
            }
            Message::HostFinished { step, host, result } => {
                let step = self.plan.steps[step].id.clone();
                self.emit(EventKind::HostFinished { step, host, result });
            }
            Message::PersonAnswered { step, answer, waited } => self.take_answer(step, answer, waited),
            Message::Warned { message } => {
                let message = self.mask.text(&message);
                self.emit(EventKind::Warned { message });
            }
        }
    }

    fn take_answer(&mut self, index: usize, answer: Option<Answer>, waited: Duration) {
        let step = self.plan.steps[index].id.clone();
        if let Some(Answer { proceed, note, who }) = answer {
            self.emit(EventKind::PersonAnswered { step: step.clone(), proceed, note, who, waited });
            if !proceed {
                self.cancel(CancelReason::Person { step });
                self.stop.new.cancel();
            }
        }
        self.finish_step(index);
    }

    /// Takes a signal, and tells whether the run is left at once.
    fn take_signal(&mut self, signal: Signal) -> bool {
        match signal {
            Signal::Interrupt => {
                self.interrupts += 1;
                self.cancel(CancelReason::Interrupted { times: self.interrupts });
                if self.interrupts >= 2 {
                    self.stop.running.cancel();
                }
            }
            Signal::Terminate => {
                self.cancel(CancelReason::Terminated);
                self.stop_running_at.get_or_insert(Instant::now() + TERM_GRACE);
            }
        }
        self.stop.new.cancel();
        self.interrupts >= 3
    }

    fn cancel(&mut self, reason: CancelReason) {
        self.halted = true;
        self.emit(EventKind::RunCancelled { reason });
    }

    fn observe(&mut self, event: &Arc<RunEvent>) {
        let mut failed = Vec::new();
        self.observers.retain_mut(|observer| match observer.observe(event) {
            Ok(()) => true,
            Err(error) => {
                failed.push(error.to_string());
                false
            }
        });
        for message in failed {
            warn!(message, "an observer is gone");
            self.emit(EventKind::Warned { message });
        }
    }

    async fn finish(mut self) -> RunReport {
        let totals: StepTotals = self.stats.totals();
        let took = self.record.elapsed();
        self.emit(EventKind::RunFinished { totals, took });
        if !self.record.has_failed() {
            match self.record.settle().await {
                Ok(()) => {
                    while let Some(pending) = self.record.next_durable() {
                        self.act_on(&pending.event);
                    }
                }
                Err(reason) => self.fail_journal(reason),
            }
        }
        self.leave()
    }

    fn leave(self) -> RunReport {
        for observer in self.observers {
            if let Err(error) = observer.finish() {
                warn!(%error, "an observer could not finish");
            }
        }
        RunReport { stats: self.stats, unrecorded: self.record.into_unrecorded() }
    }
}

async fn at(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when).await,
        None => std::future::pending().await,
    }
}

fn header(plan: &Plan, identity: &Identity) -> RunHeader {
    let steps = plan
        .steps
        .iter()
        .filter(|step| step.left_out.is_none())
        .map(|step| {
            let (tasks, hosts) = match &step.work {
                Work::Manual { .. } => (Vec::new(), 0),
                Work::Hosts(work) => {
                    let tasks = work.links.iter().map(|link| link.task.clone()).collect();
                    (tasks, work.hosts.len() + work.skipped.len())
                }
            };
            PlannedStep {
                step: step.id.clone(),
                name: step.name.clone(),
                tasks,
                hosts,
                owner: step.owner.clone(),
                expect_ms: step.expect_ms,
            }
        })
        .collect();
    RunHeader {
        format: FORMAT,
        run: identity.run,
        epoch: 1,
        sheet: plan.sheet.clone(),
        command: identity.command.clone(),
        plan_hash: plan.hash.to_string(),
        version: identity.version.clone(),
        user: identity.user.clone(),
        machine: identity.machine.clone(),
        steps,
        hosts: plan.hosts.len(),
    }
}
