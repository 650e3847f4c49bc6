use std::collections::BTreeMap;
use std::time::Duration;

use runsheet_events::{AttemptKey, Choice};
use runsheet_model::{HostName, State};

/// How many attempts on a host are kept with their times; the rest is counted.
const ATTEMPTS_KEPT: usize = 32;

/// What a report tells of a step beyond its statistics. All times are since the run's start, over all epochs.
#[derive(Clone, Debug, Default)]
pub struct StepReport {
    /// When it was under way: once for each epoch in which it was.
    pub spans: Vec<Span>,
    /// Its waves, if it has more than one.
    pub waves: Vec<Wave>,
    /// What people were asked.
    pub questions: Vec<Question>,
    /// What each host was worked on, and when.
    pub hosts: BTreeMap<HostName, HostReport>,
}

/// A time between two moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its start.
    pub start: Duration,
    /// Its end; absent while it lasts.
    pub end: Option<Duration>,
}

/// A wave of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wave {
    /// Its number, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
    /// How many hosts it has.
    pub hosts: usize,
    /// When it began.
    pub started: Duration,
}

/// What a person was asked, and what they said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The question.
    pub question: String,
    /// When it was asked; for one of an attempt that was lost, when it was answered.
    pub asked: Duration,
    /// The answer, once there is one.
    pub answer: Option<PersonAnswer>,
}

/// What a person said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonAnswer {
    /// Whether to go on.
    pub proceed: bool,
    /// What they chose where there was more to choose from.
    pub choice: Option<Choice>,
    /// What follows, in words, to follow `says `.
    pub says: &'static str,
    /// What they noted.
    pub note: String,
    /// Login name, or the flag that answered.
    pub who: String,
    /// When.
    pub at: Duration,
    /// How long it took.
    pub waited: Duration,
}

/// A step on a host, as it went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostReport {
    /// When it was under way: once for each time that it was begun.
    pub spans: Vec<Span>,
    /// The first attempts, at most 32.
    pub attempts: Vec<AttemptSpan>,
    /// How many attempts there were of which the intent or the end is on record.
    pub tries: usize,
    /// How many of them were not the first of their link.
    pub retries: usize,
    /// In which wave it was begun, from 1; 0 if the step has one only.
    pub wave: usize,
}

/// One attempt on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptSpan {
    /// Which link, from 0.
    pub link: u32,
    /// Which try, from 1.
    pub attempt: u32,
    /// When.
    pub span: Span,
    /// How it ended, once it has.
    pub state: Option<State>,
}

impl StepReport {
    pub(crate) fn host(&mut self, host: &HostName) -> &mut HostReport {
        if !self.hosts.contains_key(host) {
            let wave = self.waves.last().map_or(0, |wave| wave.number);
            self.hosts.insert(host.clone(), HostReport { wave, ..HostReport::default() });
        }
        self.hosts.entry(host.clone()).or_default()
    }

    /// Ends whatever is under way. An epoch has been broken off.
    pub(crate) fn interrupt(&mut self, now: Duration) {
        close(&mut self.spans, now);
        for host in self.hosts.values_mut() {
            close(&mut host.spans, now);
            for attempt in &mut host.attempts {
                attempt.span.end.get_or_insert(now);
            }
        }
    }

    pub(crate) fn begin(&mut self, now: Duration) {
        self.spans.push(Span { start: now, end: None });
    }

    pub(crate) fn end(&mut self, now: Duration) {
        close(&mut self.spans, now);
    }

    /// From its first start to its last end; `now` stands for an end that has not come.
    pub fn extent(&self, now: Duration) -> Option<(Duration, Duration)> {
        extent(&self.spans, now)
    }
}

impl HostReport {
    pub(crate) fn begin(&mut self, now: Duration) {
        self.spans.push(Span { start: now, end: None });
    }

    pub(crate) fn end(&mut self, now: Duration) {
        close(&mut self.spans, now);
    }

    pub(crate) fn begin_attempt(&mut self, key: &AttemptKey, now: Duration) {
        self.count(key);
        if self.attempts.len() < ATTEMPTS_KEPT {
            let span = Span { start: now, end: None };
            self.attempts.push(AttemptSpan { link: key.link, attempt: key.attempt, span, state: None });
        }
    }

    pub(crate) fn end_attempt(
        &mut self,
        key: &AttemptKey,
        started: bool,
        state: &State,
        now: Duration,
        took: Duration,
    ) {
        let same = |kept: &&mut AttemptSpan| (kept.link, kept.attempt) == (key.link, key.attempt);
        if let Some(kept) = self.attempts.iter_mut().rev().find(same).filter(|kept| kept.state.is_none()) {
            kept.span.end = Some(now);
            kept.state = Some(state.clone());
            return;
        }
        if !started {
            self.count(key);
            if self.attempts.len() < ATTEMPTS_KEPT {
                let span = Span { start: now.saturating_sub(took), end: Some(now) };
                let state = Some(state.clone());
                self.attempts.push(AttemptSpan { link: key.link, attempt: key.attempt, span, state });
            }
        }
    }

    fn count(&mut self, key: &AttemptKey) {
        self.tries += 1;
        self.retries += usize::from(key.attempt > 1);
    }

    /// From its first start to its last end.
    pub fn extent(&self, now: Duration) -> Option<(Duration, Duration)> {
        extent(&self.spans, now)
    }
}

impl Span {
    /// Its end, or now.
    pub fn end_or(&self, now: Duration) -> Duration {
        self.end.unwrap_or(now).max(self.start)
    }
}

fn close(spans: &mut [Span], now: Duration) {
    if let Some(span) = spans.last_mut() {
        span.end.get_or_insert(now);
    }
}

fn extent(spans: &[Span], now: Duration) -> Option<(Duration, Duration)> {
    Some((spans.first()?.start, spans.last()?.end_or(now)))
}
