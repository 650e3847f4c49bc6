use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use runsheet_model::{Pace, State};
use tokio::time::Instant;

use crate::executor::{Age, StepRun};
use crate::foreseen::Judged;
use crate::host_run::Start;
use crate::policy::{Policy, Tally, Verdict};
use crate::resume::Means;
use crate::rollout::{Left, Rollout};

/// How much longer than its peers a host takes that is called a straggler: so many times their median, and so much more.
const TIMES_MEDIAN: u32 = 3;
const AT_LEAST: Duration = Duration::from_secs(30);
/// How many peers must have ended.
const PEERS: usize = 3;

/// A step with hosts while it runs, as the dispatcher sees it. All of it follows from what is durable.
///
/// It counts for the policy only: who fails again, was forgiven or belongs to another wave counts otherwise there than in what is shown.
pub(crate) struct StepProgress {
    pub(crate) started: Instant,
    /// How long it waited for people.
    pub(crate) waited: Duration,
    /// Hosts whose end is not durable.
    pub(crate) hosts_left: usize,
    pub(crate) rollout: Rollout,
    pub(crate) run: Arc<StepRun>,
    policy: Policy,
    /// Hosts that ended badly, by position.
    pub(crate) bad: BTreeMap<usize, Bad>,
    /// Hosts that ended badly and count, of the step and of its present wave.
    tally: Tally,
    wave_tally: Tally,
    wave_hosts: usize,
    pub(crate) mode: Mode,
    /// Somebody has said to stop: nobody is asked any more.
    pub(crate) aborted: bool,
    /// The worst that was judged and not decided otherwise by somebody.
    pub(crate) worst: Verdict,
    /// The pause before the next wave has begun.
    pub(crate) paused: bool,
    /// Where hosts begin that do not begin with their first link.
    pub(crate) again: BTreeMap<usize, Start>,
    /// How long the hosts took that ended well, in no order: the median is wanted once a second at most.
    times: Vec<Duration>,
    /// Those of them of which it is known how long they usually take.
    pub(crate) judged: Judged,
    stragglers: BTreeSet<usize>,
    /// Hosts that are stopped because they took too long, and do not count.
    pub(crate) excused: BTreeSet<usize>,
}

/// What a step is up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Hosts start as far as there is room.
    Going,
    /// Nothing starts until then: a pause between waves.
    Pausing(Instant),
    /// A person is asked whether the next wave starts.
    AskingForWave,
    /// Too much failed: what runs is finished, then a person is asked.
    Held,
    /// A person is asked what to do about failures.
    AskingAboutFailure,
    /// Its work is done, and the files that it makes are being hashed.
    LookingAtFiles,
    /// Its end was emitted.
    Over,
}

impl Mode {
    /// Whether an answer is on its way, of a person or of the disk, without which the step does not end.
    pub(crate) fn is_asking(self) -> bool {
        matches!(self, Self::AskingForWave | Self::AskingAboutFailure | Self::LookingAtFiles)
    }
}

/// A host that ended badly.
#[derive(Clone, Debug)]
pub(crate) struct Bad {
    pub(crate) left: Left,
    /// How many attempts each link has had.
    pub(crate) attempts: Vec<u32>,
    /// Whether it still counts.
    counts: bool,
    /// The wave in which it ended, from 1.
    wave: usize,
}

impl StepProgress {
    pub(crate) fn new(run: Arc<StepRun>, rollout: Rollout, policy: Policy, hosts_left: usize) -> Self {
        Self {
            started: Instant::now(),
            waited: Duration::ZERO,
            hosts_left,
            rollout,
            run,
            policy,
            bad: BTreeMap::new(),
            tally: Tally::default(),
            wave_tally: Tally::default(),
            wave_hosts: 0,
            mode: Mode::Going,
            aborted: false,
            worst: Verdict::GoOn,
            paused: false,
            again: BTreeMap::new(),
            times: Vec::new(),
            judged: Judged::default(),
            stragglers: BTreeSet::new(),
            excused: BTreeSet::new(),
        }
    }

    /// Opens the next wave, and tells its number from 1 and its size.
    pub(crate) fn open_wave(&mut self) -> (usize, usize) {
        let (number, hosts) = self.rollout.open();
        self.wave_tally = Tally::default();
        self.wave_hosts = hosts;
        self.paused = false;
        (number, hosts)
    }

    /// Takes note of how a host that ran has ended.
    pub(crate) fn end(&mut self, position: usize, state: &State, took: Duration, attempts: Vec<u32>) {
        let left = Left::of(state);
        self.rollout.end(left);
        if matches!(state, State::Ok { .. }) {
            self.times.push(took);
        }
        if left != Left::Good {
            // What nobody knows counts whoever was to be excused.
            let counts = left == Left::Lost || !self.excused.contains(&position);
            if counts {
                for tally in [&mut self.tally, &mut self.wave_tally] {
                    tally.of(left).into_iter().for_each(|count| *count += 1);
                }
            }
            self.bad.insert(position, Bad { left, attempts, counts, wave: self.rollout.opened() });
        }
    }

    /// Takes note of a host that was over before this epoch.
    pub(crate) fn carry(&mut self, position: usize, state: &State, means: Means) {
        let left = Left::of(state);
        if left == Left::Good {
            return;
        }
        self.rollout.carry(left);
        let counts = means == Means::Failure;
        let in_this_wave = self.rollout.began_with(position);
        for tally in [Some(&mut self.tally), in_this_wave.then_some(&mut self.wave_tally)].into_iter().flatten() {
            if counts {
                tally.of(left).into_iter().for_each(|count| *count += 1);
            }
        }
        if means != Means::Nothing {
            let bad = Bad { left, attempts: Vec::new(), counts, wave: self.rollout.opened() };
            self.bad.insert(position, bad);
        }
    }

    /// Judges what has ended badly so far.
    pub(crate) fn verdict(&self) -> Verdict {
        self.policy.judge(self.tally, self.wave_tally, self.wave_hosts)
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The hosts that ended badly and count.
    pub(crate) fn counting(&self) -> Vec<usize> {
        self.bad.iter().filter(|(_, bad)| bad.counts).map(|(&position, _)| position).collect()
    }

    /// Has what ended badly so far count no more.
    pub(crate) fn forgive(&mut self) {
        (self.tally, self.wave_tally) = (Tally::default(), Tally::default());
        self.bad.values_mut().for_each(|bad| bad.counts = false);
        self.mode = Mode::Going;
        self.worst = Verdict::GoOn;
    }

    /// Takes hosts that ended badly back, to start once more.
    pub(crate) fn again(&mut self, positions: &[usize]) -> Vec<(usize, Bad)> {
        let mut taken = Vec::new();
        for &position in positions.iter().rev() {
            if let Some(bad) = self.bad.remove(&position) {
                self.discount(&bad);
                self.rollout.again(position, bad.left);
                self.hosts_left += 1;
                taken.push((position, bad));
            }
        }
        self.mode = Mode::Going;
        self.worst = Verdict::GoOn;
        taken
    }

    /// Takes a host out of the counts.
    fn discount(&mut self, bad: &Bad) {
        if !bad.counts {
            return;
        }
        let of_this_wave = bad.wave == self.rollout.opened();
        for tally in [Some(&mut self.tally), of_this_wave.then_some(&mut self.wave_tally)].into_iter().flatten() {
            tally.of(bad.left).into_iter().for_each(|count| *count -= 1);
        }
    }

    /// When its pause is over, if it pauses.
    pub(crate) fn pause_until(&self) -> Option<Instant> {
        match self.mode {
            Mode::Pausing(until) => Some(until),
            _ => None,
        }
    }

    /// Whether enough hosts have ended that another may be slow beside them.
    pub(crate) fn has_peers(&self) -> bool {
        self.times.len() >= PEERS && self.times.len() >= self.hosts_left && self.rollout.is_anything_running()
    }

    /// The hosts that take far longer than their peers took, each told once; and what the peers took.
    pub(crate) fn new_stragglers(&mut self, pace: Pace) -> Vec<(Age, Duration)> {
        if !self.has_peers() {
            return Vec::new();
        }
        let middle = self.times.len() / 2;
        let (_, &mut median, _) = self.times.select_nth_unstable(middle);
        let limit = (median * TIMES_MEDIAN).max(median + AT_LEAST);
        let told = |age: Age| Age { running: pace.to_tell(age.running), quiet: pace.to_tell(age.quiet), ..age };
        let ages = self.run.older_than(pace.to_wait(limit)).into_iter().map(told);
        ages.filter(|age| self.stragglers.insert(age.position)).map(|age| (age, median)).collect()
    }
}
