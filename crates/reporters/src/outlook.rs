use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime};

use runsheet_events::{EventKind, RunEvent, RunStats, StepStats};
use runsheet_forecast::{Ahead, Finish, Shape, UnderWay, finish, remaining};
use runsheet_model::{StepId, plural};

use crate::wording::{ranges, running_for};

/// What is known of a run before it begins, so that its end can be told while it goes on.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// The steps of the plan, those that are left out as well.
    pub steps: Vec<Expected>,
    /// Writes a moment, such as the end of a run, as people of this place do.
    pub clock: fn(SystemTime) -> String,
}

/// What is known of a step before it begins.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The step.
    pub step: StepId,
    /// How long it will take, and after which others, by their positions here.
    pub ahead: Ahead,
    /// How it goes through its hosts.
    pub shape: Shape,
}

/// Says when a run will be over, from what was known before and what has happened since.
#[derive(Debug)]
pub(crate) struct Lookout {
    outlook: Outlook,
    /// When the run, or this epoch of it, began: by the clock, and in the run's own time.
    begun: (SystemTime, Duration),
    /// Which steps wait for a person, and since when.
    asked: BTreeMap<StepId, Duration>,
    /// The turns of each step that were seen to be over, and when that was, in the step's machine time.
    turned: HashMap<StepId, (usize, Duration)>,
}

impl Lookout {
    pub(crate) fn new(outlook: Outlook) -> Self {
        let begun = (SystemTime::UNIX_EPOCH, Duration::ZERO);
        Self { outlook, begun, asked: BTreeMap::new(), turned: HashMap::new() }
    }

    /// Takes note of an event. `now` is the time since the run's start.
    pub(crate) fn apply(&mut self, event: &RunEvent, now: Duration) {
        match &event.kind {
            EventKind::RunStarted(_) => {
                self.begun = (event.at, now);
                self.asked.clear();
            }
            EventKind::PersonAsked { step, .. } => {
                self.asked.insert(step.clone(), now);
            }
            EventKind::PersonAnswered { step, .. } => {
                self.asked.remove(step);
            }
            EventKind::StepFinished { step, .. } => {
                self.asked.remove(step);
                self.turned.remove(step);
            }
            _ => {}
        }
    }

    /// When it will be over; nothing if nobody knows of any step that is left how long it takes, or nothing is left.
    pub(crate) fn line(&mut self, stats: &RunStats, now: Duration) -> Option<String> {
        let finish = self.finish(stats, now);
        let to_come = finish.left.saturating_add(finish.waiting);
        if finish.path.is_empty() {
            return None;
        }
        // The clock of a rehearsal is ahead of the real one. A real one is ahead of the run's if the machine has slept meanwhile.
        let (at, since) = self.begun;
        let present = at.checked_add(now.saturating_sub(since)).unwrap_or(at).max(SystemTime::now());
        let clock = present.checked_add(to_come).map(self.outlook.clock).unwrap_or_default();
        let mut line = match finish.unknown {
            0 => format!("over at {clock}, in {}", running_for(finish.left)),
            _ => format!("over at {clock} at the earliest, in at least {}", running_for(finish.left)),
        };
        if !finish.waiting.is_zero() {
            line.push_str(&format!(" and {} of waiting for people", running_for(finish.waiting)));
        }
        line.push_str(&self.path(stats, &finish));
        if finish.unknown > 0 {
            line.push_str(&format!("; nobody knows how long {} will take", plural(finish.unknown, "step")));
        }
        Some(line)
    }

    /// The steps that decide the end, numbered as they are shown; nothing where there is only one left anyway.
    fn path(&self, stats: &RunStats, finish: &Finish) -> String {
        let left = stats.steps.iter().filter(|step| step.took.is_none() && step.planned.undoes.is_none()).count();
        if left < 2 {
            return String::new();
        }
        let forward = stats.steps.iter().filter(|step| step.planned.undoes.is_none());
        let numbers: HashMap<&StepId, usize> = forward.map(|step| &step.planned.step).zip(1..).collect();
        let of = |&index: &usize| numbers.get(&self.outlook.steps.get(index)?.step).copied();
        let path: Vec<usize> = finish.path.iter().filter_map(of).collect();
        match path.as_slice() {
            [] => String::new(),
            [one] => format!("; decided by step {one}"),
            more => format!("; decided by the steps {}", ranges(more)),
        }
    }

    /// The longest way through what is left.
    fn finish(&mut self, stats: &RunStats, now: Duration) -> Finish {
        let Self { outlook, asked, turned, .. } = self;
        let none_starts = !stats.cancelled.is_empty();
        let left = |expected: &Expected| match stats.step(&expected.step) {
            Some(step) if step.started.is_some() && step.took.is_none() => {
                under_way(expected, step, asked.get(&expected.step).copied(), turned, now)
            }
            Some(step) if step.started.is_none() && !none_starts => expected.ahead.clone(),
            // It is over, or does not run: whoever waits for it waits for those before it.
            _ => Ahead { after: expected.ahead.after.clone(), left: Some(Duration::ZERO), waiting: Duration::ZERO },
        };
        finish(&outlook.steps.iter().map(left).collect::<Vec<_>>())
    }
}

/// What is left of a step that has begun. It waits for no other any more.
fn under_way(
    expected: &Expected,
    step: &StepStats,
    asked: Option<Duration>,
    turned: &mut HashMap<StepId, (usize, Duration)>,
    now: Duration,
) -> Ahead {
    let waits = asked.map_or(Duration::ZERO, |since| now.saturating_sub(since));
    let elapsed = step.machine_time(now).saturating_sub(waits);
    let turns = expected.shape.turns_over(step.totals.all().saturating_sub(step.totals.skipped));
    let seen = turned.entry(expected.step.clone()).or_default();
    if turns != seen.0 {
        *seen = (turns, if turns == 0 { Duration::ZERO } else { elapsed });
    }
    // It is not thought to run, and so nothing is known of it.
    let forecast = expected.ahead.left.filter(|_| step.planned.undoes.is_none());
    let is_manual = step.planned.tasks.is_empty();
    let work = UnderWay { forecast, shape: &expected.shape, elapsed, turns: seen.0, turned: seen.1 };
    let usual = expected.ahead.waiting;
    let waited = step.waited.saturating_add(waits);
    let waiting = match (asked, usual.is_zero()) {
        (_, true) => Duration::ZERO,
        (Some(_), false) => remaining(usual, waited),
        (None, false) => usual.saturating_sub(waited),
    };
    // A person's step is over with the answer: only the waiting is left of it.
    let left = if is_manual { forecast.map(|_| Duration::ZERO) } else { work.left() };
    Ahead { after: Vec::new(), left, waiting }
}
