use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anstyle::Style;
use runsheet_events::{
    AttemptKey, EventKind, HostResult, LostAnswer, PlannedStep, RunEvent, RunHeader, RunStats, StepTotals,
};
use runsheet_model::{
    HostName, State, StepId, TaskName, format_chosen_duration, format_duration, nameless, plural, visible,
};

use crate::gatherer::Gatherer;
use crate::page::{Page, To};
use crate::palette::paint;
use crate::recap::Verdict;
use crate::wording::{
    cancelled, chosen, first_line, is_sheet, numbered, one_line, reason, run_word, state, tasks, title, took_longer,
    totals, what_next,
};
use crate::{Detail, Display, Findings, RecapContext, recap};

/// How many hosts of a step that fail in the same words are told of one by one. The recap names them all.
const TOLD: usize = 10;

/// Tells the events of a run in words.
pub(crate) struct Narrator {
    display: Display,
    gatherer: Option<Arc<Gatherer>>,
    stats: RunStats,
    findings: Findings,
    told: HashMap<(StepId, String), usize>,
}

impl Narrator {
    pub(crate) fn new(display: Display, gatherer: Option<Arc<Gatherer>>) -> Self {
        let stats = display.before.clone();
        Self { display, gatherer, stats, findings: Findings::default(), told: HashMap::new() }
    }

    pub(crate) fn stats(&self) -> &RunStats {
        &self.stats
    }

    /// Tells an event.
    pub(crate) fn tell(&mut self, event: &RunEvent, page: &mut Page) {
        self.stats.apply(event);
        self.findings.apply(event);
        match &event.kind {
            EventKind::RunStarted(header) => self.run_started(header, page),
            EventKind::StepStarted { step, hosts } => self.step_started(step, *hosts, page),
            EventKind::HostFinished { step, host, result } => self.host_finished(step, host, result, page),
            EventKind::StepFinished { step, totals, took } => self.step_finished(step, totals, *took, page),
            EventKind::HostNoted { host, note, .. } => {
                self.say(page, Detail::Normal, &format!("{}: {}", name(host), one_line(note)));
            }
            EventKind::AttemptFinished { key, result, .. } => self.attempt_finished(key, result, page),
            EventKind::HostConnected { host, host_key, learned: true, .. } => {
                let line = format!("{}: host key {} put on record", name(host), one_line(host_key));
                self.say(page, Detail::Verbose, &line);
            }
            EventKind::WaveStarted { step, wave, waves, hosts } => {
                let title = self.stats.step(step).map(|step| title(&step.planned)).unwrap_or_default();
                let line = format!("{title}: wave {wave} of {waves}, {}", plural(*hosts, "host"));
                self.say(page, Detail::Normal, &line);
            }
            EventKind::PersonAnswered { proceed, choice, note, who, waited, .. } => {
                let mut line = format!("{} says {}", one_line(who), chosen(*choice, *proceed));
                if !note.trim().is_empty() {
                    line.push_str(&format!(": {}", one_line(note.trim())));
                }
                line.push_str(&format!("  (after {})", format_duration(*waited)));
                self.say(page, Detail::Normal, &line);
            }
            EventKind::LostAnswered { key, answer, who } => {
                let words = match answer {
                    LostAnswer::Retry => "is to be done again",
                    LostAnswer::Ok => "is taken for done",
                    LostAnswer::Fail => "is taken for failed",
                };
                let line = format!("{}: what was lost {words}, says {}", name(&key.host), one_line(who));
                self.say(page, Detail::Normal, &line);
            }
            EventKind::FileMade { file, .. } => {
                let digits: String = file.sha256.chars().take(12).collect();
                let line =
                    format!("{} is made: {} bytes, sha256 {}", one_line(&file.path), file.bytes, one_line(&digits));
                self.say(page, Detail::Normal, &line);
            }
            EventKind::RunCancelled { reason } => {
                let line = format!("stopping: {}; {}", cancelled(reason, &self.stats), what_next(reason));
                self.say(page, Detail::Quiet, &paint(self.display.err.bad, &line));
            }
            EventKind::TookLonger(longer) => {
                let line = took_longer(longer, &self.stats);
                self.say(page, Detail::Normal, &paint(self.display.err.warn, &line));
            }
            EventKind::Warned { message } => {
                let warning = paint(self.display.err.warn, "warning");
                self.say(page, Detail::Quiet, &format!("{warning}: {}", one_line(message)));
            }
            EventKind::RenewalFinished { key, result, .. } => {
                let (host, message) = (name(&key.host), one_line(&result.outcome.message));
                if result.state.is_good() {
                    self.say(page, Detail::Normal, &format!("{host}: renewed: {message}"));
                } else {
                    let line =
                        format!("{host}: what would end by itself could not be renewed, and is tried again: {message}");
                    self.say(page, Detail::Quiet, &paint(self.display.err.warn, &line));
                }
            }
            EventKind::HostStarted { .. }
            | EventKind::HostConnected { .. }
            | EventKind::RenewalStarted(_)
            | EventKind::AttemptStarted(_)
            | EventKind::PersonAsked { .. }
            | EventKind::RunFinished { .. } => {}
        }
    }

    /// Tells how it all ended.
    pub(crate) fn end(&mut self, page: &mut Page) {
        if let Some(gatherer) = &self.gatherer {
            for step in gatherer.steps() {
                self.gathered(&step, page);
            }
        }
        // Whatever kept a run from starting is told by whoever tried.
        let started = self.stats.header.is_some();
        let quiet = self.display.detail == Detail::Quiet && Verdict::of(&self.stats) == Verdict::Ok;
        if !started || quiet {
            return;
        }
        let context = RecapContext {
            palette: self.display.err,
            fold: self.display.fold,
            width: self.display.live.then(|| self.display.size.columns()),
            findings: &self.findings,
            output: self.display.output.as_deref(),
            just_ended: true,
        };
        let recap = recap(&self.stats, &context);
        let text = page.text(To::Err);
        if self.has_headings() {
            text.push('\n');
        }
        text.push_str(&recap);
    }

    fn run_started(&self, header: &RunHeader, page: &mut Page) {
        if !self.has_headings() {
            return;
        }
        let mut line = format!(
            "{} {}  {}  {} on {}",
            run_word(header),
            header.run.short(),
            paint(self.display.err.strong, &first_line(&header.sheet)),
            plural(self.stats.forward_steps(), "step"),
            plural(header.hosts, "host")
        );
        match header.epoch {
            0 | 1 => {}
            2 => line.push_str("  (resumed)"),
            epoch => line.push_str(&format!("  (resumed {} times)", epoch - 1)),
        }
        self.say(page, Detail::Normal, &line);
    }

    fn step_started(&self, id: &StepId, hosts: usize, page: &mut Page) {
        let Some((number, step)) = self.step(id).filter(|_| self.has_headings()) else {
            return;
        };
        let mut line =
            format!("step {}  {}  {}", number, paint(self.display.err.strong, &title(step)), tasks(&step.tasks));
        if !step.tasks.is_empty() {
            line.push_str(&format!(" on {}", plural(hosts, "host")));
        }
        if let Some(expect) = step.expect_ms {
            line.push_str(&format!("  (expected {})", format_chosen_duration(Duration::from_millis(expect))));
        }
        self.say(page, Detail::Normal, &line);
    }

    /// A try that went wrong may be followed by another one, after which the host is fine.
    fn attempt_finished(&self, key: &AttemptKey, result: &HostResult, page: &mut Page) {
        if matches!(result.state, State::Failed { .. } | State::Unreachable(_) | State::Lost { .. }) {
            let tasks = self.stats.step(&key.step).map(|step| &step.planned.tasks);
            let task = tasks.and_then(|tasks| tasks.get(key.link as usize));
            let line = format!(
                "{}: {} {} at try {}: {}",
                name(&key.host),
                task.map_or("step", TaskName::as_str),
                state(&result.state),
                key.attempt,
                reason(result)
            );
            self.say(page, Detail::Verbose, &paint(self.display.err.faint, &line));
        }
    }

    fn host_finished(&mut self, step: &StepId, host: &HostName, result: &HostResult, page: &mut Page) {
        let word = state(&result.state);
        let said = reason(result);
        let err = self.display.err;
        let (detail, style) = match &result.state {
            State::Failed { .. } | State::Unreachable(_) | State::Lost { .. } => (Detail::Quiet, err.bad),
            State::Ok { .. } => (Detail::Verbose, err.good),
            State::Skipped | State::Cancelled => (Detail::Verbose, Style::new()),
        };
        let mut line = format!("{} {}", name(host), paint(style, word));
        if !said.is_empty() {
            line.push_str(&format!(": {said}"));
        }
        if detail == Detail::Quiet && self.display.detail < Detail::Verbose {
            let told =
                self.told.entry((step.clone(), format!("{word} {}", nameless(&said, host.as_str())))).or_default();
            *told += 1;
            if *told > TOLD {
                return;
            }
            if *told == TOLD {
                line.push_str("  (further ones like this: at the end)");
            }
        } else {
            line.push_str(&format!("  {}", format_duration(result.took)));
        }
        self.say(page, detail, &line);
    }

    fn step_finished(&mut self, id: &StepId, sum: &StepTotals, took: Duration, page: &mut Page) {
        self.gathered(id, page);
        self.told.retain(|(step, _), _| step != id);
        let Some((number, step)) = self.step(id).filter(|_| self.has_headings()) else {
            return;
        };
        let not_made = self.stats.step(id).is_some_and(|step| step.not_made);
        let style = match (sum.bad(), sum.cancelled) {
            _ if not_made => self.display.err.bad,
            (0, 0) => self.display.err.good,
            (0, _) => self.display.err.warn,
            _ => self.display.err.bad,
        };
        let mut result = if step.tasks.is_empty() { "over".to_owned() } else { totals(sum) };
        if not_made {
            result.push_str(", file not made");
        }
        let line = format!("step {number}  {}  {}  in {}", title(step), paint(style, &result), format_duration(took));
        self.say(page, Detail::Normal, &line);
    }

    fn gathered(&self, step: &StepId, page: &mut Page) {
        if let Some(gatherer) = &self.gatherer {
            let text = gatherer.take(step, self.display.fold, &self.display.out);
            if !text.is_empty() {
                page.text(To::Out).push_str(&text);
            }
        }
    }

    /// `2/5`, and the step.
    fn step(&self, id: &StepId) -> Option<(String, &PlannedStep)> {
        let index = self.stats.steps.iter().position(|step| step.planned.step == *id)?;
        let step = self.stats.steps.get(index)?;
        Some((numbered(index, &self.stats), &step.planned))
    }

    /// A single command needs no headings; a sheet has them even if it has one step.
    fn has_headings(&self) -> bool {
        self.stats.header.as_ref().is_some_and(is_sheet) || self.stats.steps.len() > 1
    }

    fn say(&self, page: &mut Page, detail: Detail, line: &str) {
        if self.display.detail >= detail {
            page.line(To::Err, line);
        }
    }
}

fn name(host: &HostName) -> String {
    visible(host.as_str().as_bytes())
}
