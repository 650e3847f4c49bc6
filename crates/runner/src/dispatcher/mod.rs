mod ahead;
mod files;
mod locking;
mod people;
mod renewing;
mod resuming;
mod steps;
mod unstarted;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use runsheet_events::{CancelReason, EventKind, Observer, PlannedStep, RunEvent, RunHeader, RunStats, StepTotals};
use runsheet_model::{Mask, StepId};
use runsheet_plan::{Plan, PlanStep, Work};
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};
use tracing::warn;

use crate::executor::Executor;
use crate::foreseen::Foreseen;
use crate::message::{Message, Wish};
use crate::record::{Pending, Record, Then};
use crate::renewals::Renewals;
use crate::resume::Resumption;
use crate::runner::{RunReport, Runner, Settings, Signal};
use crate::schedule::Schedule;
use crate::step_progress::StepProgress;
use crate::stop::Stop;
use crate::undo::{Changed, Undo};
use locking::Locking;
use unstarted::Unstarted;

/// How long what runs may go on after SIGTERM before it is stopped.
const TERM_GRACE: Duration = Duration::from_secs(20);
/// How often is looked for hosts that take far longer than their peers.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many messages, or events that have become durable, are dealt with before others have their turn: a few milliseconds of work.
const AT_ONCE: usize = 512;
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
    settings: Settings,
    observers: Vec<Box<dyn Observer>>,
    stats: RunStats,
    /// The steps with hosts that run.
    steps: BTreeMap<usize, StepProgress>,
    by_id: HashMap<StepId, usize>,
    /// Hosts that take no part in further steps, by their positions in the plan, and why.
    excluded: HashMap<usize, String>,
    /// How far the locks on the hosts are.
    locking: Locking,
    /// No further step is started, though hosts of those that run may be.
    halted: bool,
    /// What was changed is undone once nothing runs any more.
    undo_wanted: bool,
    undo: Option<Undo>,
    changed: Changed,
    /// What was opened and ends by itself.
    renewals: Renewals,
    /// Attempts that wait until a renewal is over.
    held_back: Vec<Wish>,
    /// What past runs say of this one.
    foreseen: Foreseen,
    /// How the run goes on, if it is not a new one.
    resumed: Option<Resumption>,
    interrupts: u32,
    stop_running_at: Option<Instant>,
    /// When is looked for stragglers next.
    look_at: Option<Instant>,
    /// Hosts to which a connection was asked for ahead of time, by their positions in each step that is not over.
    ahead: BTreeMap<usize, BTreeSet<usize>>,
    /// Whether a host has let us in.
    let_in: bool,
    /// Hosts that never started, more than could be recorded in one go.
    unstarted: VecDeque<Unstarted>,
    /// How much was done since others had their turn.
    done: usize,
}

impl Dispatcher {
    pub(crate) fn new(
        runner: &Runner,
        resumed: Option<Resumption>,
        stop: Stop,
        observers: Vec<Box<dyn Observer>>,
    ) -> Self {
        let plan = runner.plan.clone();
        let is_over = |index| resumed.as_ref().is_some_and(|resumed| resumed.undoing || resumed.is_over(index));
        let runs = |(index, step): (usize, &PlanStep)| {
            (step.left_out.is_none() && step.undoes.is_none() && !is_over(index), step.after.clone())
        };
        let schedule = Schedule::new(plan.steps.iter().enumerate().map(runs));
        let epoch = resumed.as_ref().map_or(1, Resumption::epoch);
        let undo_wanted = resumed.as_ref().is_some_and(|resumed| resumed.undoing);
        Self {
            header: header(&plan, runner, resumed.as_ref(), epoch),
            record: Record::new(
                runner.seams.ledger.clone(),
                resumed.as_ref().map_or(0, Resumption::seq),
                runner.settings.pace,
            ),
            mask: runner.mask.clone(),
            stop,
            schedule,
            settings: runner.settings,
            observers,
            stats: resumed.as_ref().map(|resumed| resumed.stats().clone()).unwrap_or_default(),
            steps: BTreeMap::new(),
            by_id: plan.steps.iter().enumerate().map(|(index, step)| (step.id.clone(), index)).collect(),
            excluded: HashMap::new(),
            locking: if plan.host_locks.is_some() { Locking::Wanted } else { Locking::Over },
            halted: false,
            undo_wanted,
            undo: None,
            changed: Changed::so_far(&plan, resumed.as_ref()),
            renewals: Renewals::default(),
            held_back: Vec::new(),
            foreseen: runner.foreseen.clone(),
            resumed,
            interrupts: 0,
            stop_running_at: None,
            look_at: None,
            ahead: BTreeMap::new(),
            let_in: false,
            unstarted: VecDeque::new(),
            done: 0,
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
        self.go_on(executor);
        self.start_steps(executor);
        self.undo_next(executor);
        let mut listening = true;
        let mut messages = Vec::with_capacity(AT_ONCE);
        while self.locking == Locking::UnderWay
            || self.schedule.is_anything_running()
            || self.renewals.is_under_way()
            || !self.record.is_settled()
        {
            let renew_at = self.renew_at();
            let stop_running_at = self.stop_running_at;
            let pause_until = self.steps.values().filter_map(StepProgress::pause_until).min();
            if self.steps.values().any(StepProgress::has_peers) {
                self.look_at.get_or_insert_with(|| Instant::now() + self.settings.pace.to_wait(LOOK_EVERY));
            } else {
                self.look_at = None;
            }
            let look_at = self.look_at;
            tokio::select! {
                // What has come in the meantime goes into the same group of the journal.
                count @ 1.. = inbox.recv_many(&mut messages, AT_ONCE) => {
                    self.done += count;
                    for message in messages.drain(..) {
                        self.take(message, executor);
                    }
                }
                () = self.record.changed() => self.settle(executor),
                () = ready(()), if self.record.has_durable() || !self.unstarted.is_empty() => self.settle(executor),
                signal = signals.recv(), if listening => match signal {
                    Some(signal) => {
                        if self.take_signal(signal, executor) {
                            self.end_rest(executor);
                            executor.unlock_hosts(locking::LAST_UNLOCK).await;
                            return self.leave();
                        }
                    }
                    None => listening = false,
                },
                () = at(stop_running_at) => {
                    self.stop_running_at = None;
                    self.stop.running.cancel();
                }
                () = at(pause_until) => self.end_pauses(executor),
                () = at(renew_at) => self.renew(executor),
                () = at(look_at) => {
                    self.look_at = None;
                    self.look_for_stragglers();
                }
            }
            if self.done >= AT_ONCE {
                yield_now().await;
                self.done = 0;
                self.end_more(executor);
            }
        }
        self.unlock(executor).await;
        self.finish().await
    }

    fn emit(&mut self, kind: EventKind) {
        self.emit_then(kind, Then::Nothing);
    }

    fn emit_then(&mut self, kind: EventKind, then: Then) {
        if let Some(unrecorded) = self.record.emit(kind, then) {
            self.count_down(&unrecorded);
        }
    }

    /// Acts on what has become durable, as much of it as is done in one go.
    fn settle(&mut self, executor: &Executor) {
        while self.done < AT_ONCE
            && let Some(Pending { event, then }) = self.record.next_durable()
        {
            self.done += 1;
            self.act_on(&event, then, executor);
        }
        if self.record.has_durable() {
            return;
        }
        if let Some(reason) = self.record.take_failure() {
            self.fail_journal(reason, executor);
        }
        self.start_steps(executor);
        self.undo_next(executor);
        self.look_ahead_everywhere(executor);
    }

    /// From here on nothing new is started: what cannot be recorded does not happen. What runs is still waited for.
    fn fail_journal(&mut self, reason: String, executor: &Executor) {
        warn!(reason, "the journal cannot be written");
        self.halted = true;
        for event in self.record.give_up() {
            self.count_down(&event);
        }
        self.stats.cancelled.push(CancelReason::JournalFailed { reason });
        self.start_nothing_new(executor);
    }

    /// Counts, judges and shows one durable event.
    fn act_on(&mut self, event: &Arc<RunEvent>, then: Then, executor: &Executor) {
        self.stats.apply(event);
        self.observe(event);
        match &event.kind {
            EventKind::RunStarted(_) => self.begin_locking(executor),
            EventKind::HostFinished { step, host, result } => {
                if let Some(&index) = self.by_id.get(step) {
                    self.act_on_host(index, host, result, then, executor);
                }
                return;
            }
            EventKind::FileMade { file, .. } => executor.learn(file.clone()),
            EventKind::StepFinished { step, .. } => {
                if let Some(&index) = self.by_id.get(step) {
                    self.act_on_step(index, executor);
                }
            }
            _ => {}
        }
        if let Then::Permit(permit) = then {
            // Whoever asked may have run out of time meanwhile; then an outcome follows all the same.
            _ = permit.send(());
        }
    }

    fn take(&mut self, message: Message, executor: &Executor) {
        match message {
            Message::HostConnected { host, took, address, host_key, learned } => {
                self.emit(EventKind::HostConnected { host, took, address, host_key, learned });
                self.be_let_in(executor);
            }
            Message::HostStarted { step, host } => self.emit(EventKind::HostStarted { step, host }),
            Message::PermitWanted(wish) => self.permit(wish),
            Message::RenewalFinished { place, key, started, result } => self.end_renewal(place, key, started, result),
            Message::AttemptFinished { key, position, started, result, commands } => {
                self.note_debts(&key, position, &result);
                self.emit(EventKind::AttemptFinished { key, started, result, commands });
            }
            Message::HostNoted { step, host, note } => {
                let note = self.mask.text(&note);
                self.emit(EventKind::HostNoted { step, host, note });
            }
            Message::HostFinished { step, position, result, attempts } => {
                let plan = self.plan.clone();
                if let Some(work) = plan.steps[step].host_work() {
                    let host = plan.hosts[work.hosts[position]].name.clone();
                    let ended = EventKind::HostFinished { step: plan.steps[step].id.clone(), host, result };
                    self.emit_then(ended, Then::Ended { position, attempts });
                }
            }
            Message::PersonAnswered { step, answer, waited } => self.take_answer(step, answer, waited, executor),
            Message::LostAnswered { key, answer, who } => self.emit(EventKind::LostAnswered { key, answer, who }),
            Message::FilesLookedAt { step, files } => self.take_files(step, files, executor),
            Message::HostsLocked { kept } => self.end_locking(kept, executor),
            Message::LockLost { host, by } => self.lose_lock(host, by, executor),
            Message::Warned { message } => {
                let message = self.mask.text(&message);
                self.emit(EventKind::Warned { message });
            }
        }
    }

    /// Takes a signal, and tells whether the run is left at once.
    fn take_signal(&mut self, signal: Signal, executor: &Executor) -> bool {
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
            Signal::HangUp => {
                let message = "the terminal is gone (SIGHUP); the run goes on".to_owned();
                self.emit(EventKind::Warned { message });
                return false;
            }
        }
        self.undo_nothing();
        self.start_nothing_new(executor);
        let undoing: Vec<_> = self.steps.keys().copied().collect();
        for index in undoing {
            self.stop_step(index, executor);
        }
        self.interrupts >= 3
    }

    fn undo_nothing(&mut self) {
        self.undo_wanted = false;
        if let Some(undo) = &self.undo {
            undo.stop.new.cancel();
        }
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
                        self.stats.apply(&pending.event);
                        self.observe(&pending.event);
                    }
                }
                Err(reason) => {
                    self.record.give_up();
                    self.stats.cancelled.push(CancelReason::JournalFailed { reason });
                }
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

fn header(plan: &Plan, runner: &Runner, resumed: Option<&Resumption>, epoch: u32) -> RunHeader {
    let identity = &runner.identity;
    // What was forecast when the run began stays, so that its end can be compared with it.
    let recorded = resumed.and_then(|resumed| resumed.stats().header.as_ref());
    let forecast = |index: usize, id: &StepId| match recorded
        .and_then(|header| header.steps.iter().find(|step| step.step == *id))
    {
        Some(step) => step.forecast_ms,
        None => runner.foreseen.forecasts.get(&index).map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
    };
    let steps = plan
        .steps
        .iter()
        .enumerate()
        .filter(|(_, step)| step.left_out.is_none())
        .map(|(index, step)| {
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
                forecast_ms: forecast(index, &step.id),
                undoes: step.undoes.map(|undone| plan.steps[undone].id.clone()),
                after: Some(awaited(plan, index).into_iter().map(|index| plan.steps[index].id.clone()).collect()),
            }
        })
        .collect();
    RunHeader {
        format: FORMAT,
        run: identity.run,
        epoch,
        sheet: plan.sheet.clone(),
        command: identity.command.clone(),
        plan_hash: plan.hash.to_string(),
        version: identity.version.clone(),
        user: identity.user.clone(),
        machine: identity.machine.clone(),
        steps,
        hosts: plan.hosts.len(),
        request: identity.request.clone(),
        forecast: recorded.map_or(runner.foreseen.finish, |header| header.forecast),
    }
}

/// The steps of the run that one waits for. A step that is left out stands for those that it would have waited for.
fn awaited(plan: &Plan, index: usize) -> BTreeSet<usize> {
    let mut awaited = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut left: Vec<usize> = plan.steps[index].after.clone();
    while let Some(index) = left.pop() {
        if plan.steps[index].left_out.is_none() {
            awaited.insert(index);
        } else if seen.insert(index) {
            left.extend(&plan.steps[index].after);
        }
    }
    awaited
}
