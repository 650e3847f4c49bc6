use std::time::Duration;

use crate::usual::scaled;

/// What is overdue is thought to take at least this share of its forecast still.
const OVERDUE: f64 = 0.05;
/// And at least so long.
const LEAST: Duration = Duration::from_secs(1);

/// How long something will still take that has been running for a while. What is overdue is never thought to end this instant.
pub fn remaining(forecast: Duration, elapsed: Duration) -> Duration {
    forecast.saturating_sub(elapsed).max(scaled(forecast, OVERDUE).max(LEAST).min(forecast))
}

/// A step that is not over, as far as its end matters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ahead {
    /// The positions of the steps that must be over before it starts.
    pub after: Vec<usize>,
    /// How long it will still take; nothing if nobody knows. Zero for a step that is over.
    pub left: Option<Duration>,
    /// How much of it goes to waiting for people, as far as known.
    pub waiting: Duration,
}

/// When a run will be over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finish {
    /// How long it will still take, waiting for people left out: at least, if `unknown` is not 0.
    pub left: Duration,
    /// How long people usually let the steps of the critical path wait.
    pub waiting: Duration,
    /// The critical path: the positions of the steps that decide when it is over, first to last. A step that is over, or takes no time,
    /// is not told.
    pub path: Vec<usize>,
    /// Of how many steps nobody knows how long they take. They are counted with no time.
    pub unknown: usize,
}

/// Finds the longest way through the steps (the critical path method; Kelley and Walker, 1959). Steps that wait for each other in a
/// circle, or for one that is not there, are passed over.
pub fn finish(steps: &[Ahead]) -> Finish {
    let mut missing: Vec<usize> = steps.iter().map(|step| step.after.len()).collect();
    let mut followers = vec![Vec::new(); steps.len()];
    for (index, step) in steps.iter().enumerate() {
        for &before in &step.after {
            if let Some(followers) = followers.get_mut(before) {
                followers.push(index);
            }
        }
    }
    // How long it is until each is over, and behind which one that is.
    let mut over: Vec<Duration> = vec![Duration::ZERO; steps.len()];
    let mut behind: Vec<Option<usize>> = vec![None; steps.len()];
    let mut ready: Vec<usize> = (0..steps.len()).filter(|&index| missing[index] == 0).collect();
    let mut last: Option<usize> = None;
    while let Some(index) = ready.pop() {
        let step = &steps[index];
        over[index] = over[index].saturating_add(length(step));
        if last.is_none_or(|last| over[index] > over[last]) {
            last = Some(index);
        }
        for &follower in &followers[index] {
            if over[index] > over[follower] {
                (over[follower], behind[follower]) = (over[index], Some(index));
            }
            missing[follower] -= 1;
            if missing[follower] == 0 {
                ready.push(follower);
            }
        }
    }
    let mut path = Vec::new();
    let mut at = last;
    while let Some(index) = at {
        if !length(&steps[index]).is_zero() {
            path.push(index);
        }
        at = behind[index];
    }
    path.reverse();
    let sum = |time: fn(&Ahead) -> Duration| {
        path.iter().fold(Duration::ZERO, |sum, &index| sum.saturating_add(time(&steps[index])))
    };
    Finish {
        left: sum(|step| step.left.unwrap_or_default()),
        waiting: sum(|step| step.waiting),
        unknown: steps.iter().filter(|step| step.left.is_none()).count(),
        path,
    }
}

/// All of its time: whoever waits for it waits for people, too.
fn length(step: &Ahead) -> Duration {
    step.left.unwrap_or_default().saturating_add(step.waiting)
}
