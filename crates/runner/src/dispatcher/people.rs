//! What people are asked, and what their answers do.

use std::time::Duration;

use runsheet_events::{Answer, CancelReason, Choice, EventKind, Question};

use super::Dispatcher;
use crate::executor::Executor;
use crate::host_run::Start;
use crate::policy::Verdict;
use crate::step_progress::Mode;

impl Dispatcher {
    pub(super) fn ask(&mut self, index: usize, question: Question, executor: &Executor) {
        let step = self.plan.steps[index].id.clone();
        self.emit(EventKind::PersonAsked { step, question: self.mask.text(&question.text()) });
        executor.ask(index, question, &self.stop);
    }

    pub(super) fn ask_for_approval(&mut self, index: usize, executor: &Executor) {
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

    pub(super) fn ask_about_failure(&mut self, index: usize, executor: &Executor) {
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
                ended.and_then(|ended| ended.troubled.get(&host)).map(|host| host.result.outcome.message.clone());
            (host, message.unwrap_or_default())
        });
        let question =
            Question::Failure { step: step.id.clone(), name: step.name.clone(), hosts: hosts.collect(), left };
        self.ask(index, question, executor);
    }

    pub(super) fn take_answer(&mut self, index: usize, answer: Option<Answer>, waited: Duration, executor: &Executor) {
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
                } else if choice == Some(Choice::Proceed) {
                    self.end_step(index, executor);
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
                progress.forgive();
                progress.bad.clear();
            }
            Choice::Exclude => progress.forgive(),
            Choice::SkipStep => {
                progress.forgive();
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
}

/// Where a host begins that failed: at the link that did, or anew if what is always done was done since, because that may have
/// undone what the links before it did.
fn restart(position: usize, attempts: Vec<u32>, links: usize) -> Start {
    let always = attempts.iter().skip(links).any(|&count| count > 0);
    let begun = attempts.iter().take(links).filter(|&&count| count > 0).count();
    Start { position, link: if always { 0 } else { begun.saturating_sub(1) }, attempts, ..Start::default() }
}
