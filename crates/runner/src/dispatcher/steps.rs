//! How steps begin, go through their hosts, end, and are undone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use runsheet_events::{CancelReason, EventKind, HostResult, Question, RunEvent, StepTotals};
use runsheet_model::{HostName, State, format_duration};
use runsheet_plan::{HostWork, Pause, Straggler, Work};
use tokio::time::Instant;
use tracing::debug;

use super::Dispatcher;
use super::locking::Locking;
use super::unstarted::{Unstarted, Why};
use crate::executor::Executor;
use crate::foreseen::Judged;
use crate::host_run::Start;
use crate::policy::{Policy, Verdict};
use crate::record::Then;
use crate::rollout::{Next, Part, Rollout};
use crate::step_progress::{Mode, StepProgress};
use crate::stop::Stop;
use crate::undo::Undo;

/// What is said of a host that was not begun because of others.
const NEVER_STARTED: &str = "never started";

impl Dispatcher {
    pub(super) fn start_steps(&mut self, executor: &Executor) {
        if self.locking != Locking::Over || self.halted || self.stop.new.is_cancelled() {
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
                let excluded = |position: usize| self.excluded.contains_key(&work.hosts[position]);
                let part = |position: usize| match self.part(index, position) {
                    Part::Begins | Part::GoesOn if excluded(position) => Part::Out,
                    part => part,
                };
                let parts: Vec<_> = (0..work.hosts.len()).map(part).collect();
                self.open_step(index, work, &parts, self.stop.clone(), executor);
                if !self.knows_skipped(index) {
                    for &host in &work.skipped {
                        self.end_unstarted(Unstarted { step: index, host, why: Why::Skipped }, executor);
                    }
                }
                for position in (0..parts.len()).filter(|&position| parts[position] == Part::Out) {
                    let why = self.excluded.get(&work.hosts[position]).cloned().unwrap_or_default();
                    self.pass_over(index, &[position], &why, executor);
                }
                self.carry_over(index, executor);
                self.advance(index, executor);
            }
        }
    }

    fn open_step(&mut self, index: usize, work: &HostWork, parts: &[Part], stop: Stop, executor: &Executor) {
        let planned = &self.plan.steps[index];
        debug!(step = %planned.id, "step starts");
        let hosts = parts.iter().filter(|part| matches!(part, Part::Begins | Part::GoesOn)).count();
        let skipped = if self.knows_skipped(index) { 0 } else { work.skipped.len() };
        let hosts_left = parts.iter().filter(|part| **part != Part::Done).count() + self.unrecorded(index) + skipped;
        let rollout = Rollout::new(work, self.header.run.seed(), |position| parts[position]);
        let policy = Policy::new(work, self.settings.fail_fast);
        let run = executor.open(index, stop);
        self.steps.insert(index, StepProgress::new(run, rollout, policy, hosts_left));
        self.emit(EventKind::StepStarted { step: planned.id.clone(), hosts });
    }

    /// A step is over on a host, and `then` says at which position if it ran there.
    pub(super) fn act_on_host(
        &mut self,
        index: usize,
        host: &HostName,
        result: &HostResult,
        then: Then,
        executor: &Executor,
    ) {
        let Some(progress) = self.steps.get_mut(&index) else { return };
        progress.hosts_left -= 1;
        if let Then::Ended { position, attempts } = then {
            progress.end(position, &result.state, result.took, attempts);
            self.changed.note(&self.plan, index, position, &result.state);
            if matches!(result.state, State::Ok { .. }) {
                let step = &self.plan.steps[index].id;
                self.foreseen.judge(index, step, host, result.took, &mut progress.judged);
            }
        }
        progress.worst = progress.worst.max(progress.verdict());
        if progress.worst > Verdict::GoOn {
            if self.settings.guided && !progress.aborted && !progress.run.stop.new.is_cancelled() {
                progress.mode = Mode::Held;
            } else {
                self.enforce(index, executor);
            }
        }
        self.start_or_end(index, executor);
    }

    pub(super) fn act_on_step(&mut self, index: usize, executor: &Executor) {
        self.schedule.finish(index);
        self.ahead.remove(&index);
        let Some(progress) = self.steps.remove(&index) else { return };
        self.tell_what_took_longer(index, progress.judged);
        let step = &self.plan.steps[index];
        for position in progress.bad.into_keys() {
            if let Some(work) = step.host_work() {
                let why = format!("left out: it did not end well in `{}`", step.id);
                self.excluded.entry(work.hosts[position]).or_insert(why);
            }
        }
        if progress.worst > Verdict::GoOn && !self.halted && self.schedule.is_anything_waiting() {
            self.cancel(CancelReason::HostsFailed { step: step.id.clone() });
        }
        self.undo_next(executor);
    }

    fn tell_what_took_longer(&mut self, index: usize, judged: Judged) {
        let step = self.stats.step(&self.plan.steps[index].id);
        let longer = step.map(|step| self.foreseen.longer(index, step, judged)).unwrap_or_default();
        for longer in longer {
            self.emit(EventKind::TookLonger(longer));
        }
    }

    /// Does what the policy says about a step in which too much failed.
    pub(super) fn enforce(&mut self, index: usize, executor: &Executor) {
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

    /// Starts what may start of a step, or ends it, and has made ready what comes next.
    pub(super) fn advance(&mut self, index: usize, executor: &Executor) {
        self.start_or_end(index, executor);
        self.look_ahead(index, executor);
    }

    fn start_or_end(&mut self, index: usize, executor: &Executor) {
        loop {
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
                self.end_step(index, executor);
                return;
            }
            let undoing = self.plan.steps[index].undoes.is_some();
            if progress.worst == Verdict::NoFurtherHost && !undoing {
                self.give_up(index, NEVER_STARTED, executor);
                return;
            }
            match progress.rollout.next() {
                Next::Start(positions) => {
                    let run = progress.run.clone();
                    let begun = self.begun(index, &positions);
                    executor.start(&run, positions, begun);
                }
                Next::Wave if progress.worst > Verdict::GoOn && !undoing => {
                    self.give_up(index, NEVER_STARTED, executor);
                    return;
                }
                Next::Wave => {
                    let first = progress.rollout.opened() == 0 || progress.rollout.is_begun();
                    let pause = self.plan.steps[index].host_work().and_then(|work| work.rollout.pause);
                    match pause.filter(|_| !first && !progress.paused) {
                        Some(Pause::For(time)) => {
                            progress.paused = true;
                            progress.mode = Mode::Pausing(Instant::now() + self.settings.pace.to_wait(time));
                            return;
                        }
                        Some(Pause::Ask) => {
                            progress.paused = true;
                            self.ask_for_approval(index, executor);
                            return;
                        }
                        None => self.open_wave(index),
                    }
                }
                Next::Full => {
                    self.give_up(index, "never started: no more hosts may be out of service", executor);
                    return;
                }
                Next::Wait | Next::Over => return,
            }
        }
    }

    /// Where those of these hosts go on that do not begin at the beginning.
    fn begun(&self, index: usize, positions: &[usize]) -> BTreeMap<usize, Start> {
        let again = self.steps.get(&index).map(|progress| &progress.again);
        let start_of = |position: usize| again?.get(&position).cloned().or_else(|| self.left_of(index, position));
        positions.iter().filter_map(|&position| Some((position, start_of(position)?))).collect()
    }

    pub(super) fn open_wave(&mut self, index: usize) {
        let step = self.plan.steps[index].id.clone();
        let Some(progress) = self.steps.get_mut(&index) else { return };
        let (wave, hosts) = progress.open_wave();
        let waves = progress.rollout.waves();
        if waves > 1 {
            self.emit(EventKind::WaveStarted { step, wave, waves, hosts });
        }
    }

    /// Starts no further host of a step: those that have not started are cancelled.
    fn give_up(&mut self, index: usize, why: &str, executor: &Executor) {
        let is_any_left = self.steps.get(&index).is_some_and(|progress| progress.rollout.not_started() > 0);
        if is_any_left && !self.halted {
            self.cancel(CancelReason::HostsFailed { step: self.plan.steps[index].id.clone() });
        }
        self.pass_over_rest(index, why, executor);
    }

    pub(super) fn pass_over_rest(&mut self, index: usize, why: &str, executor: &Executor) {
        let Some(progress) = self.steps.get_mut(&index) else { return };
        if progress.pause_until().is_some() {
            progress.mode = Mode::Going;
        }
        let rest = progress.rollout.give_up();
        self.pass_over(index, &rest, why, executor);
    }

    fn pass_over(&mut self, index: usize, positions: &[usize], why: &str, executor: &Executor) {
        let plan = self.plan.clone();
        let Some(work) = plan.steps[index].host_work() else { return };
        let because: Arc<str> = why.into();
        for &position in positions {
            let why = Why::PassedOver { position, because: because.clone() };
            self.end_unstarted(Unstarted { step: index, host: work.hosts[position], why }, executor);
        }
    }

    /// Starts nothing new, in any step.
    pub(super) fn start_nothing_new(&mut self, executor: &Executor) {
        self.stop.new.cancel();
        let forward: Vec<_> =
            self.steps.keys().copied().filter(|&step| self.plan.steps[step].undoes.is_none()).collect();
        for index in forward {
            self.stop_step(index, executor);
        }
    }

    pub(super) fn stop_step(&mut self, index: usize, executor: &Executor) {
        self.pass_over_rest(index, NEVER_STARTED, executor);
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
    pub(super) fn count_down(&mut self, event: &RunEvent) {
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

    pub(super) fn totals(&self, index: usize) -> StepTotals {
        self.stats.step(&self.plan.steps[index].id).map(|stats| stats.totals).unwrap_or_default()
    }

    pub(super) fn finish_step(&mut self, index: usize) {
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

    pub(super) fn end_pauses(&mut self, executor: &Executor) {
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

    /// Once nothing runs any more, starts the next step that undoes something, if that is wanted.
    pub(super) fn undo_next(&mut self, executor: &Executor) {
        if !self.undo_wanted
            || self.locking != Locking::Over
            || self.record.has_failed()
            || self.schedule.is_anything_running()
        {
            return;
        }
        let undo = self.undo.get_or_insert_with(|| Undo::of(&self.plan, &self.changed, &self.stats, &self.stop));
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
        // Hosts that were not changed are no part of it; what is done already is not done again.
        let part =
            |position: usize| if positions.contains(&position) { self.part(index, position) } else { Part::Done };
        let parts: Vec<_> = (0..work.hosts.len()).map(part).collect();
        self.open_step(index, work, &parts, stop, executor);
        let others: Vec<_> = (0..work.hosts.len()).filter(|position| !positions.contains(position)).collect();
        executor.pass_over(index, &others);
        self.carry_over(index, executor);
        self.advance(index, executor);
    }

    /// Names hosts that take far longer than their peers, and does with them what the step says.
    pub(super) fn look_for_stragglers(&mut self) {
        let plan = self.plan.clone();
        let mut notes = Vec::new();
        for (&index, progress) in &mut self.steps {
            let Some(work) = plan.steps[index].host_work() else { continue };
            for (age, median) in progress.new_stragglers(self.settings.pace) {
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
}
