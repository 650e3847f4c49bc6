use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use runsheet_events::{EventKind, RunEvent, RunStats};
use runsheet_model::{StepId, plural};

use super::Occasion;
use super::channel::Channel;
use super::notice::Notice;
use super::settings::Person;
use super::texts::Texts;
use super::upcoming::upcoming;
use super::watch::Watch;
use crate::{Sink, SinkError, View};

/// What is older when it can be told at last is left out, unless it [keeps](Occasion::keeps).
const LATE: Duration = Duration::from_mins(10);

/// The command whose runs people are told of. What somebody does to hosts by hand is not.
const COMMAND: &str = "run";

/// Tells people of a run. Each notice is told once; one that could not be told is tried again.
pub(super) struct Notifier {
    channel: Channel,
    on: BTreeSet<Occasion>,
    texts: Texts,
    ahead: Duration,
    people: BTreeMap<String, Person>,
    watch: Watch,
    /// The last event that needs nothing told any more.
    done: u64,
    /// Steps whose owners know that they are next.
    next: BTreeSet<StepId>,
    /// Whether it was told that runsheet is gone.
    gone: bool,
    late: usize,
}

impl Notifier {
    pub(super) fn new(
        channel: Channel,
        on: BTreeSet<Occasion>,
        texts: Texts,
        ahead: Duration,
        people: BTreeMap<String, Person>,
    ) -> Self {
        let (watch, next) = (Watch::default(), BTreeSet::new());
        Self { channel, on, texts, ahead, people, watch, done: 0, next, gone: false, late: 0 }
    }

    fn tell(&mut self, view: &View<'_>, notice: &Notice) -> Result<(), SinkError> {
        if !self.on.contains(&notice.occasion) || !is_told_of(view.stats) {
            return Ok(());
        }
        let age = SystemTime::now().duration_since(notice.at).unwrap_or_default();
        if age > LATE && !notice.occasion.keeps() {
            self.late += 1;
            return Ok(());
        }
        let text = self.texts.text(notice, view.run, view.stats);
        self.channel.send(notice, &text, view.run, view.stats, &self.people)
    }
}

fn is_told_of(stats: &RunStats) -> bool {
    stats.header.as_ref().is_some_and(|header| header.command == COMMAND)
}

/// Whether nobody is waited for any more.
fn is_answered(notice: &Notice, after: &[RunEvent]) -> bool {
    let answered = |event: &RunEvent| match &event.kind {
        EventKind::PersonAnswered { step, .. } => Some(step) == notice.step.as_ref(),
        _ => false,
    };
    notice.occasion == Occasion::Waiting && after.iter().any(answered)
}

impl Sink for Notifier {
    fn deliver(&mut self, view: &View<'_>, events: &[RunEvent]) -> Result<(), SinkError> {
        for (index, event) in events.iter().enumerate().skip(events.partition_point(|event| event.seq <= self.done)) {
            if let Some(notice) = self.watch.notice(event, view.stats)
                && !is_answered(&notice, &events[index..])
            {
                self.tell(view, &notice)?;
            }
            self.watch.note(event);
            self.done = event.seq;
        }
        if view.over && view.stats.took.is_none() && !self.gone {
            let notice = Notice {
                occasion: Occasion::Failed,
                at: SystemTime::now(),
                key: "gone".to_owned(),
                step: None,
                owner: None,
                reason: "runsheet is gone in the middle of it".to_owned(),
                minutes: None,
            };
            self.tell(view, &notice)?;
            self.gone = true;
        }
        Ok(())
    }

    fn recall(&mut self, events: &[RunEvent]) {
        for event in events {
            self.watch.note(event);
            self.done = event.seq;
        }
    }

    fn tick(&mut self, view: &View<'_>) -> Result<(), SinkError> {
        let now = SystemTime::now();
        for step in upcoming(view.stats, &self.watch, self.ahead, now) {
            if self.next.contains(&step.step) {
                continue;
            }
            let notice = Notice {
                occasion: Occasion::Next,
                at: now,
                key: step.step.to_string(),
                step: Some(step.step.clone()),
                owner: Some(step.owner),
                reason: String::new(),
                minutes: step.within.map(|within| within.as_secs().div_ceil(60).max(1)),
            };
            self.tell(view, &notice)?;
            self.next.insert(step.step);
        }
        Ok(())
    }

    fn remarks(&mut self) -> Vec<String> {
        match std::mem::take(&mut self.late) {
            0 => Vec::new(),
            late => vec![format!("{} left out: too late", plural(late, "notification"))],
        }
    }
}
