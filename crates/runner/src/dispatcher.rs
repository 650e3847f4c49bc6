use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use runsheet_events::{
    Answer, CancelReason, Choice, EventKind, HostResult, Observer, PlannedStep, Question, RunEvent, RunHeader,
    RunStats, StepTotals,
};
use runsheet_model::{HostName, Mask, Outcome, State, StepId, format_duration};
use runsheet_plan::{HostWork, Pause, Plan, PlanStep, Straggler, Work};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tracing::{debug, warn};

use crate::executor::Executor;
use crate::host_run::Start;
use crate::message::Message;
use crate::policy::{Policy, Verdict};
use crate::record::Record;
use crate::rollout::{Left, Next, Rollout};
use crate::runner::{Identity, RunReport, Runner, Settings, Signal};
use crate::schedule::Schedule;
use crate::step_progress::{Mode, StepProgress};
use crate::stop::Stop;
use crate::undo::Undo;

/// How long what runs may go on after SIGTERM before it is stopped.
const TERM_GRACE: Duration = Duration::from_secs(20);
/// How often is looked for hosts that take far longer than their peers.
const LOOK_EVERY: Duration = Duration::from_secs(1);
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
    /// How many attempts each link had on hosts whose end is not durable yet, by step and position.
    ended: HashMap<(usize, usize), Vec<u32>>,
    /// Hosts that take no part in further steps, by their positions in the plan, and why.
    excluded: HashMap<usize, String>,
    /// No further step is started, though hosts of those that run may be.
    halted: bool,
    /// What was changed is undone once nothing runs any more.
    undo_wanted: bool,
    undo: Option<Undo>,
    interrupts: u32,
    stop_running_at: Option<Instant>,
}

impl Dispatcher {
    pub(crate) fn new(runner: &Runner, stop: Stop, observers: Vec<Box<dyn Observer>>) -> Self {
        let plan = runner.plan.clone();
        let runs = |step: &PlanStep| step.left_out.is_none() && step.undoes.is_none();
        let schedule = Schedule::new(plan.steps.iter().map(|step| (runs(step), step.after.clone())));
        Self {
            header: header(&plan, &runner.identity),
            record: Record::new(runner.seams.ledger.clone()),
            mask: runner.mask.clone(),
            stop,
            schedule,
            settings: runner.settings,
            observers,
            stats: RunStats::default(),
            steps: BTreeMap::new(),
            by_id: plan.steps.iter().enumerate().map(|(index, step)| (step.id.clone(), index)).collect(),
            ended: HashMap::new(),
            excluded: HashMap::new(),
            halted: false,
            undo_wanted: false,
            undo: None,
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
            let pause_until = self.steps.values().filter_map(StepProgress::pause_until).min();
            let look_again = self.steps.values().any(StepProgress::has_peers).then(|| Instant::now() + LOOK_EVERY);
            tokio::select! {
                Some(message) = inbox.recv() => {
                    self.take(message, executor);
                    // What has come in the meantime goes into the same group of the journal.
                    while let Ok(message) = inbox.try_recv() {
                        self.take(message, executor);
                    }
                }
                () = self.record.changed() => self.settle(executor),
                signal = signals.recv(), if listening => match signal {
                    Some(signal) => {
                        if self.take_signal(signal, executor) {
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
                () = at(look_again) => self.look_for_stragglers(),
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
            self.act_on(&pending.event, executor);
            if let Some(permit) = pending.permit {
                // Whoever asked may have run out of time meanwhile; then an outcome follows all the same.
                _ = permit.send(());
            }
        }
        if let Some(reason) = self.record.take_failure() {
            self.fail_journal(reason, executor);
        }
        self.start_steps(executor);
        self.undo_next(executor);
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
    fn act_on(&mut self, event: &Arc<RunEvent>, executor: &Executor) {
        self.stats.apply(event);
        self.observe(event);
        match &event.kind {
            EventKind::HostFinished { step, host, result } => {
                if let Some(&index) = self.by_id.get(step) {
                    self.act_on_host(index, host, result, executor);
                }
            }
            EventKind::StepFinished { step, .. } => {
                if let Some(&index) = self.by_id.get(step) {
                    self.act_on_step(index, executor);
                }
            }
            _ => {}
        }
    }

    fn act_on_host(&mut self, index: usize, host: &HostName, result: &HostResult, executor: &Executor) {
        let totals = self.totals(index);
        let Some(progress) = self.steps.get_mut(&index) else { return };
        progress.hosts_left -= 1;
        if let Some(position) = progress.position(host)
            && let Some(attempts) = self.ended.remove(&(index, position))
        {
            progress.end(position, &result.state, result.took, attempts);
        }
        progress.worst = progress.worst.max(progress.verdict(&totals));
        if progress.worst > Verdict::GoOn {
            if self.settings.guided && !progress.aborted && !progress.run.stop.new.is_cancelled() {
                progress.mode = Mode::Held;
            } else {
                self.enforce(index, executor);
            }
        }
        self.advance(index, executor);
    }

    fn act_on_step(&mut self, index: usize, executor: &Executor) {
        self.schedule.finish(index);
        let Some(progress) = self.steps.remove(&index) else { return };
        let step = &self.plan.steps[index];
        for (position, bad) in progress.bad {
            if let (Some(work), Left::Stuck | Left::Unreachable) = (step.host_work(), bad.left) {
                let why = format!("left out: it did not end well in `{}`", step.id);
                self.excluded.entry(work.hosts[position]).or_insert(why);
            }
        }
        if progress.worst > Verdict::GoOn && !self.halted && self.schedule.is_anything_waiting() {
            self.cancel(CancelReason::HostsFailed { step: step.id.clone() });
        }
        self.undo_next(executor);
    }

    /// Does what the policy says about a step in which too much failed.
    fn enforce(&mut self, index: usize, executor: &Executor) {
        let Some(progress) = self.steps.get(&index) else { return };
        if self.plan.steps[index].undoes.is_some() {
            // What can be undone is.
            return;
        }
        if progress.worst == Verdict::NothingNew && !self.stop.new.is_cancelled() {
            self.undo_wanted |= progress.policy().rolls_back();
            self.cancel(CancelReason::HostsFailed { step: self.plan.steps[index].id.clone() });
            self.start_nothing_new(executor);
        }
    }

    /// Starts what may start of a step, or ends it.
    fn advance(&mut self, index: usize, executor: &Executor) {
        loop {
            let totals = self.totals(index);
            let Some(progress) = self.steps.get_mut(&index) else { return };
            match progress.mode {
                Mode::Going => {}
                Mode::Held if !progress.rollout.is_anything_running() => {
                    self.ask_about_failure(index, executor);
                    return;
                }
                _ => return,
            }
            if progress.hosts_left == 0 {
                self.finish_step(index);
                return;
            }
            let undoing = self.plan.steps[index].undoes.is_some();
            if progress.worst == Verdict::NoFurtherHost && !undoing {
                self.give_up(index, executor);
                return;
            }
            match progress.rollout.next() {
                Next::Start(positions) => {
                    let run = progress.run.clone();
                    executor
                        .start(&run, positions.into_iter().map(|position| self.start_of(index, position)).collect());
                }
                Next::Wave if progress.worst > Verdict::GoOn && !undoing => {
                    self.give_up(index, executor);
                    return;
                }
                Next::Wave => {
                    let first = progress.rollout.opened() == 0;
                    let pause = self.plan.steps[index].host_work().and_then(|work| work.rollout.pause);
                    match pause.filter(|_| !first && !progress.paused) {
                        Some(Pause::For(time)) => {
                            progress.paused = true;
                            progress.mode = Mode::Pausing(Instant::now() + time);
                            return;
                        }
                        Some(Pause::Ask) => {
                            progress.paused = true;
                            self.ask_for_approval(index, executor);
                            return;
                        }
                        None => self.open_wave(index, totals),
                    }
                }
                Next::Full => {
                    self.give_up(index, executor);
                    return;
                }
                Next::Wait | Next::Over => return,
            }
        }
    }

    fn start_of(&self, index: usize, position: usize) -> Start {
        let again = self.steps.get(&index).and_then(|progress| progress.again.get(&position));
        again.cloned().unwrap_or_else(|| Start { position, ..Start::default() })
    }

    fn open_wave(&mut self, index: usize, totals: StepTotals) {
        let step = self.plan.steps[index].id.clone();
        let Some(progress) = self.steps.get_mut(&index) else { return };
        let (wave, hosts) = progress.open_wave(totals);
        let waves = progress.rollout.waves();
        if waves > 1 {
            self.emit(EventKind::WaveStarted { step, wave, waves, hosts });
        }
    }

    /// Starts no further host of a step: those that have not started are cancelled.
    fn give_up(&mut self, index: usize, executor: &Executor) {
        if !self.halted {
            self.cancel(CancelReason::HostsFailed { step: self.plan.steps[index].id.clone() });
        }
        self.pass_over_rest(index, "never started", executor);
    }

    fn pass_over_rest(&mut self, index: usize, why: &str, executor: &Executor) {
        let Some(progress) = self.steps.get_mut(&index) else { return };
        if progress.pause_until().is_some() {
            progress.mode = Mode::Going;
        }
        let rest = progress.rollout.give_up();
        self.pass_over(index, &rest, why, executor);
    }

    fn pass_over(&mut self, index: usize, positions: &[usize], why: &str, executor: &Executor) {
        executor.pass_over(index, positions);
        let plan = self.plan.clone();
        let Some(work) = plan.steps[index].host_work() else { return };
        for &position in positions {
            let host = plan.hosts[work.hosts[position]].name.clone();
            self.end_unstarted(index, host, State::Cancelled, Outcome::failed(why, 1));
        }
    }

    fn end_unstarted(&mut self, index: usize, host: HostName, state: State, outcome: Outcome) {
        let step = self.plan.steps[index].id.clone();
        let result = HostResult { state, outcome, hint: None, took: Duration::ZERO };
        self.emit(EventKind::HostFinished { step, host, result });
    }

    /// Starts nothing new, in any step.
    fn start_nothing_new(&mut self, executor: &Executor) {
        self.stop.new.cancel();
        let forward: Vec<_> =
            self.steps.keys().copied().filter(|&step| self.plan.steps[step].undoes.is_none()).collect();
        for index in forward {
            self.stop_step(index, executor);
        }
    }

    fn stop_step(&mut self, index: usize, executor: &Executor) {
        self.pass_over_rest(index, "never started", executor);
        if let Some(progress) = self.steps.get_mut(&index) {
            if progress.mode == Mode::Held {
                progress.mode = Mode::Going;
            }
            // A question that stands is withdrawn, which is reported.
            if progress.hosts_left == 0 && !progress.mode.is_asking() {
                self.finish_step(index);
            }
        }
    }

    /// Counts an unrecorded end down, and takes note of a step's end: nothing is judged any more.
    fn count_down(&mut self, event: &RunEvent) {
        let index = |step| self.by_id.get(step).copied();
        match &event.kind {
            EventKind::HostFinished { step, .. } => {
                if let Some(index) = index(step)
                    && let Some(progress) = self.steps.get_mut(&index)
                {
                    progress.hosts_left -= 1;
                    if progress.hosts_left == 0 && !progress.mode.is_asking() {
                        self.finish_step(index);
                    }
                }
            }
            EventKind::StepFinished { step, .. } => {
                if let Some(index) = index(step) {
                    self.steps.remove(&index);
                    self.schedule.finish(index);
                }
            }
            _ => {}
        }
    }

    fn totals(&self, index: usize) -> StepTotals {
        self.stats.step(&self.plan.steps[index].id).map(|stats| stats.totals).unwrap_or_default()
    }

    fn finish_step(&mut self, index: usize) {
        let step = self.plan.steps[index].id.clone();
        let totals = self.totals(index);
        let machine_time = match self.steps.get_mut(&index) {
            Some(progress) if progress.mode == Mode::Over => return,
            Some(progress) => {
                progress.mode = Mode::Over;
                progress.started.elapsed().saturating_sub(progress.waited)
            }
            None => Duration::ZERO,
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
        match &step.work {
            Work::Manual { instructions } => {
                self.emit(EventKind::StepStarted { step: step.id.clone(), hosts: 0 });
                let question = Question::Manual {
                    step: step.id.clone(),
                    name: step.name.clone(),
                    instructions: instructions.clone(),
                    owner: step.owner.clone(),
                };
                self.ask(index, question, executor);
            }
            Work::Hosts(work) => {
                let left_out: Vec<_> = (0..work.hosts.len())
                    .filter(|&position| self.excluded.contains_key(&work.hosts[position]))
                    .collect();
                let takes_part = |position: usize| left_out.binary_search(&position).is_err();
                let all = work.hosts.len() + work.skipped.len();
                self.open_step(index, work, takes_part, all, self.stop.clone(), executor);
                for &host in &work.skipped {
                    let outcome = Outcome::unchanged("its `when` is false");
                    self.end_unstarted(index, plan.hosts[host].name.clone(), State::Skipped, outcome);
                }
                for position in left_out {
                    let why = self.excluded.get(&work.hosts[position]).cloned().unwrap_or_default();
                    self.pass_over(index, &[position], &why, executor);
                }
                self.advance(index, executor);
            }
        }
    }

    fn open_step(
        &mut self,
        index: usize,
        work: &HostWork,
        takes_part: impl Fn(usize) -> bool,
        hosts_left: usize,
        stop: Stop,
        executor: &Executor,
    ) {
        let planned = &self.plan.steps[index];
        debug!(step = %planned.id, "step starts");
        let name = |(position, &host): (usize, &usize)| (self.plan.hosts[host].name.clone(), position);
        let positions: HashMap<_, _> = work.hosts.iter().enumerate().map(name).collect();
        let hosts = (0..work.hosts.len()).filter(|&position| takes_part(position)).count();
        let rollout = Rollout::new(work, self.header.run.seed(), takes_part);
        let policy = Policy::new(work, self.settings.fail_fast);
        let run = executor.open(index, stop);
        self.steps.insert(index, StepProgress::new(run, rollout, policy, positions, hosts_left));
        self.emit(EventKind::StepStarted { step: planned.id.clone(), hosts });
    }

    /// Once nothing runs any more, starts the next step that undoes something, if that is wanted.
    fn undo_next(&mut self, executor: &Executor) {
        if !self.undo_wanted || self.record.has_failed() || self.schedule.is_anything_running() {
            return;
        }
        let undo = self.undo.get_or_insert_with(|| Undo::of(&self.plan, &self.stats, &self.stop));
        if undo.stop.new.is_cancelled() {
            return;
        }
        let stop = undo.stop.clone();
        let Some((index, positions)) = undo.next() else {
            self.undo_wanted = false;
            return;
        };
        let plan = self.plan.clone();
        let Some(work) = plan.steps[index].host_work() else { return };
        self.schedule.start(index);
        let takes_part = |position: usize| positions.contains(&position);
        self.open_step(index, work, takes_part, positions.len(), stop, executor);
        let others: Vec<_> = (0..work.hosts.len()).filter(|position| !positions.contains(position)).collect();
        executor.pass_over(index, &others);
        self.advance(index, executor);
    }

    fn end_pauses(&mut self, executor: &Executor) {
        let now = Instant::now();
        let over = self.steps.iter().filter(|(_, step)| step.pause_until().is_some_and(|until| until <= now));
        let over: Vec<_> = over.map(|(&index, _)| index).collect();
        for index in over {
            if let Some(progress) = self.steps.get_mut(&index) {
                progress.mode = Mode::Going;
            }
            self.advance(index, executor);
        }
    }

    /// Names hosts that take far longer than their peers, and does with them what the step says.
    fn look_for_stragglers(&mut self) {
        let plan = self.plan.clone();
        let mut notes = Vec::new();
        for (&index, progress) in &mut self.steps {
            let Some(work) = plan.steps[index].host_work() else { continue };
            for (age, median) in progress.new_stragglers() {
                let host = plan.hosts[work.hosts[age.position]].name.clone();
                let mut note = format!(
                    "still runs after {}; half of the others took at most {}, and its last output is {} old",
                    format_duration(age.running),
                    format_duration(median),
                    format_duration(age.quiet),
                );
                match work.policy.straggler {
                    Straggler::Warn => {}
                    Straggler::Fail => note.push_str("; it is stopped"),
                    Straggler::Exclude => {
                        progress.excused.insert(age.position);
                        note.push_str("; it is stopped and left out of what follows");
                    }
                }
                if work.policy.straggler != Straggler::Warn {
                    progress.run.stop_host(age.position);
                }
                notes.push((plan.steps[index].id.clone(), host, note));
            }
        }
        for (step, host, note) in notes {
            self.emit(EventKind::HostNoted { step, host, note });
        }
    }

    fn take(&mut self, message: Message, executor: &Executor) {
        match message {
            Message::HostConnected { host, took, address, host_key, learned } => {
                self.emit(EventKind::HostConnected { host, took, address, host_key, learned });
            }
            Message::HostStarted { step, host } => self.emit(EventKind::HostStarted { step, host }),
            // A host that has begun its chain finishes it; one that has not is new. A dropped permit means no.
            Message::PermitWanted { key, begun, permit } => {
                let stopping = self.by_id.get(&key.step).and_then(|index| self.steps.get(index));
                let stopping = stopping.is_none_or(|progress| progress.run.stop.new.is_cancelled());
                if !self.record.has_failed() && (begun || !stopping) {
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
            Message::HostFinished { step, position, result, attempts } => {
                let plan = self.plan.clone();
                if let Some(work) = plan.steps[step].host_work() {
                    self.ended.insert((step, position), attempts);
                    let host = plan.hosts[work.hosts[position]].name.clone();
                    self.emit(EventKind::HostFinished { step: plan.steps[step].id.clone(), host, result });
                }
            }
            Message::PersonAnswered { step, answer, waited } => self.take_answer(step, answer, waited, executor),
            Message::Warned { message } => {
                let message = self.mask.text(&message);
                self.emit(EventKind::Warned { message });
            }
        }
    }

    fn ask(&mut self, index: usize, question: Question, executor: &Executor) {
        let step = self.plan.steps[index].id.clone();
        self.emit(EventKind::PersonAsked { step, question: self.mask.text(&question.text()) });
        executor.ask(index, question, &self.stop);
    }

    fn ask_for_approval(&mut self, index: usize, executor: &Executor) {
        let planned = &self.plan.steps[index];
        let Some(progress) = self.steps.get_mut(&index) else { return };
        progress.mode = Mode::AskingForWave;
        let question = Question::Approval {
            step: planned.id.clone(),
            name: planned.name.clone(),
            done: progress.rollout.opened(),
            waves: progress.rollout.waves(),
            next: progress.rollout.next_wave(),
            owner: planned.owner.clone(),
        };
        self.ask(index, question, executor);
    }

    fn ask_about_failure(&mut self, index: usize, executor: &Executor) {
        let plan = self.plan.clone();
        let step = &plan.steps[index];
        let (Some(progress), Some(work)) = (self.steps.get_mut(&index), step.host_work()) else { return };
        progress.mode = Mode::AskingAboutFailure;
        let counting = progress.counting();
        let left = progress.rollout.not_started();
        let ended = self.stats.step(&step.id);
        let hosts = counting.iter().map(|&position| {
            let host = plan.hosts[work.hosts[position]].name.clone();
            let message =
                ended.and_then(|ended| ended.hosts.get(&host)).map(|host| host.result.outcome.message.clone());
            (host, message.unwrap_or_default())
        });
        let question =
            Question::Failure { step: step.id.clone(), name: step.name.clone(), hosts: hosts.collect(), left };
        self.ask(index, question, executor);
    }

    fn take_answer(&mut self, index: usize, answer: Option<Answer>, waited: Duration, executor: &Executor) {
        let step = self.plan.steps[index].id.clone();
        let about_failure = self.steps.get(&index).is_some_and(|progress| progress.mode == Mode::AskingAboutFailure);
        if let Some(progress) = self.steps.get_mut(&index) {
            progress.mode = Mode::Going;
            progress.waited += waited;
        }
        let choice = answer.as_ref().map(|answer| answer.choice);
        if let Some(Answer { choice, note, who }) = answer {
            let proceed = choice != Choice::Abort;
            let note = self.mask.text(&note);
            let chosen = about_failure.then_some(choice);
            self.emit(EventKind::PersonAnswered { step: step.clone(), proceed, choice: chosen, note, who, waited });
        }
        match (choice, about_failure) {
            // A manual step is over with its answer.
            (choice, false) => {
                if choice == Some(Choice::Abort) {
                    self.cancel(CancelReason::Person { step });
                    self.start_nothing_new(executor);
                }
                if self.steps.contains_key(&index) {
                    self.advance(index, executor);
                } else {
                    self.finish_step(index);
                }
            }
            (Some(choice), true) => self.decide(index, choice, executor),
            (None, true) => self.stop_step(index, executor),
        }
    }

    /// Does what a person chose about hosts that failed.
    fn decide(&mut self, index: usize, choice: Choice, executor: &Executor) {
        let totals = self.totals(index);
        let links = self.plan.steps[index].host_work().map_or(0, |work| work.links.len());
        let Some(progress) = self.steps.get_mut(&index) else { return };
        match choice {
            Choice::Retry => {
                let counting = progress.counting();
                for (position, bad) in progress.again(&counting) {
                    progress.again.insert(position, restart(position, bad.attempts, links));
                    executor.need(index, position);
                }
            }
            Choice::Skip => {
                progress.forgive(totals);
                progress.bad.clear();
            }
            Choice::Exclude => progress.forgive(totals),
            Choice::SkipStep => {
                progress.forgive(totals);
                self.pass_over_rest(index, "the rest of the step was skipped by a person", executor);
            }
            Choice::Proceed | Choice::Abort => {
                progress.aborted = true;
                progress.worst = progress.worst.max(Verdict::NoFurtherHost);
                self.enforce(index, executor);
            }
        }
        self.advance(index, executor);
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
        }
        self.undo_wanted = false;
        if let Some(undo) = &self.undo {
            undo.stop.new.cancel();
        }
        self.start_nothing_new(executor);
        let undoing: Vec<_> = self.steps.keys().copied().collect();
        for index in undoing {
            self.stop_step(index, executor);
        }
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

/// Where a host begins that failed: at the link that did, or anew if what is always done was done since, because that may have
/// undone what the links before it did.
fn restart(position: usize, attempts: Vec<u32>, links: usize) -> Start {
    let always = attempts.iter().skip(links).any(|&count| count > 0);
    let begun = attempts.iter().take(links).filter(|&&count| count > 0).count();
    Start { position, link: if always { 0 } else { begun.saturating_sub(1) }, attempts }
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
                undoes: step.undoes.map(|undone| plan.steps[undone].id.clone()),
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
