use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use runsheet_events::{EventKind, HostResult, LostAnswer, MadeFile, Prior, RunEvent, RunStats, StepStats, words};
use runsheet_model::{HostName, StepId};

use crate::step_report::{PersonAnswer, Question, StepReport, Wave};

/// How many warnings are kept; the rest is counted.
const WARNINGS_KEPT: usize = 1_000;

/// What reports tell of a run, folded from its events.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The run as it is counted.
    pub stats: RunStats,
    /// Each time it was run: the first, and one more with each resume.
    pub epochs: Vec<Epoch>,
    /// When its last event happened, by the wall clock.
    pub last: Option<SystemTime>,
    /// What people should know, in the order in which it was told; at most 1,000.
    pub warnings: Vec<Note>,
    /// How many warnings were not kept.
    pub warnings_left_out: usize,
    /// The files that steps have made.
    pub files: Vec<(StepId, MadeFile)>,
    /// Hosts whose key was put on record.
    pub learned: BTreeSet<HostName>,
    /// Hosts on which a command left a process behind that held its output open.
    pub leaked: BTreeSet<HostName>,
    prior: Prior,
    steps: BTreeMap<StepId, StepReport>,
}

/// One time that a run was run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// When it began, since the run's start. What lay between two epochs is not counted.
    pub start: Duration,
    /// When it began, by the wall clock.
    pub at: SystemTime,
}

/// Something that was said, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Since the run's start.
    pub at: Duration,
    /// What.
    pub text: String,
}

impl Report {
    /// Folds one more event in.
    pub fn apply(&mut self, event: &RunEvent) {
        self.prior.apply(event);
        self.last = Some(event.at);
        let now = self.prior.stats.elapsed;
        match &event.kind {
            EventKind::RunStarted(_) => self.start(now, event.at),
            EventKind::StepStarted { step, .. } => self.step_mut(step).begin(now),
            EventKind::StepFinished { step, .. } => self.step_mut(step).end(now),
            EventKind::WaveStarted { step, wave, waves, hosts } => {
                let wave = Wave { number: *wave, of: *waves, hosts: *hosts, started: now };
                self.step_mut(step).waves.push(wave);
            }
            EventKind::HostConnected { host, learned: true, .. } => _ = self.learned.insert(host.clone()),
            EventKind::HostStarted { step, host } => self.step_mut(step).host(host).begin(now),
            EventKind::AttemptStarted(key) => self.step_mut(&key.step).host(&key.host).begin_attempt(key, now),
            EventKind::AttemptFinished { key, started, result, commands } => {
                let host = self.step_mut(&key.step).host(&key.host);
                host.end_attempt(key, *started, &result.state, now, result.took);
                if commands.iter().any(|command| command.leaked) {
                    self.leaked.insert(key.host.clone());
                }
            }
            EventKind::HostFinished { step, host, .. } => self.step_mut(step).host(host).end(now),
            EventKind::PersonAsked { step, question } => {
                self.step_mut(step).questions.push(Question { question: question.clone(), asked: now, answer: None });
            }
            EventKind::PersonAnswered { step, proceed, choice, note, who, waited } => {
                let (says, note) = (words::chosen(*choice, *proceed), note.clone());
                let answer = PersonAnswer {
                    proceed: *proceed,
                    choice: *choice,
                    says,
                    note,
                    who: who.clone(),
                    at: now,
                    waited: *waited,
                };
                let questions = &mut self.step_mut(step).questions;
                match questions.last_mut().filter(|question| question.answer.is_none()) {
                    Some(question) => question.answer = Some(answer),
                    None => questions.push(Question {
                        question: String::new(),
                        asked: now.saturating_sub(*waited),
                        answer: Some(answer),
                    }),
                }
            }
            EventKind::LostAnswered { key, answer, who } => {
                let says = match answer {
                    LostAnswer::Retry => "do it once more",
                    LostAnswer::Ok => "it was done",
                    LostAnswer::Fail => "it failed",
                };
                let answer = PersonAnswer {
                    proceed: *answer != LostAnswer::Fail,
                    choice: None,
                    says,
                    note: String::new(),
                    who: who.clone(),
                    at: now,
                    waited: Duration::ZERO,
                };
                let question = format!("nobody saw how it ended on {}; what is it taken for?", key.host);
                self.step_mut(&key.step).questions.push(Question { question, asked: now, answer: Some(answer) });
            }
            EventKind::FileMade { step, file } => {
                self.files.retain(|(_, made)| made.path != file.path);
                self.files.push((step.clone(), file.clone()));
            }
            EventKind::RenewalFinished { key, result, .. }
                if !result.state.is_good() && self.warnings.len() < WARNINGS_KEPT =>
            {
                let text =
                    format!("{}: what would end by itself could not be renewed: {}", key.host, result.outcome.message);
                self.warnings.push(Note { at: now, text });
            }
            EventKind::Warned { message } if self.warnings.len() < WARNINGS_KEPT => {
                self.warnings.push(Note { at: now, text: message.clone() });
            }
            EventKind::TookLonger(longer) if self.warnings.len() < WARNINGS_KEPT => {
                // Its steps are known by their titles from the beginning; `stats` is whole only in the end.
                let text = format!("longer than usual: {}", words::took_longer(longer, &self.prior.stats));
                self.warnings.push(Note { at: now, text });
            }
            EventKind::Warned { .. } | EventKind::TookLonger(_) => self.warnings_left_out += 1,
            EventKind::HostConnected { .. }
            | EventKind::RenewalStarted(_)
            | EventKind::RenewalFinished { .. }
            | EventKind::HostNoted { .. }
            | EventKind::RunCancelled { .. }
            | EventKind::RunFinished { .. } => {}
        }
    }

    /// Sums up. If nobody records the run any more, a host with an intent and no outcome is lost: runsheet ended before it heard.
    pub fn finish(mut self, live: bool) -> Self {
        if !live {
            self.prior = self.prior.broken_off();
        }
        self.stats = std::mem::take(&mut self.prior.stats);
        self
    }

    /// How a step ended on each host on which it did, in the order of their names.
    pub fn ended(&self, step: &StepId) -> impl Iterator<Item = (&HostName, &HostResult)> {
        self.prior.ended(step)
    }

    /// A step by its id, as it went; empty if it was never begun.
    pub fn step(&self, step: &StepId) -> Option<&StepReport> {
        self.steps.get(step)
    }

    /// How long it has taken so far, or took.
    pub fn elapsed(&self) -> Duration {
        self.stats.took.unwrap_or_default().max(self.stats.elapsed)
    }

    /// When something happened by the wall clock, as far as the clock of the machine was right.
    pub fn wall(&self, at: Duration) -> Option<SystemTime> {
        let epoch = self.epochs.iter().rev().find(|epoch| epoch.start <= at)?;
        epoch.at.checked_add(at.saturating_sub(epoch.start))
    }

    /// The steps that a report tells of, with their places in the plan: all but those that undo another and were never needed.
    pub fn told(&self) -> impl Iterator<Item = (usize, &StepStats)> {
        let is_told = |step: &StepStats| step.planned.undoes.is_none() || step.started.is_some();
        self.stats.steps.iter().enumerate().filter(move |(_, step)| is_told(step))
    }

    /// What people were asked, in that order, with the place of the step in the plan.
    pub fn asked(&self) -> Vec<(usize, &StepStats, &Question)> {
        let steps = self.told().filter_map(|(index, step)| Some((index, step, self.step(&step.planned.step)?)));
        let mut asked: Vec<_> = steps
            .flat_map(|(index, step, went)| went.questions.iter().map(move |question| (index, step, question)))
            .collect();
        asked.sort_by_key(|(index, _, question)| (question.asked, *index));
        asked
    }

    /// What is still open, and on which hosts.
    pub fn open(&self) -> Vec<(&str, Vec<&str>)> {
        let mut hosts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (host, debts) in &self.stats.debts {
            for debt in debts {
                hosts.entry(&debt.0).or_default().push(host.as_str());
            }
        }
        hosts.into_iter().collect()
    }

    fn start(&mut self, now: Duration, at: SystemTime) {
        self.steps.values_mut().for_each(|step| step.interrupt(now));
        self.epochs.push(Epoch { start: now, at });
    }

    fn step_mut(&mut self, step: &StepId) -> &mut StepReport {
        self.steps.entry(step.clone()).or_default()
    }
}
