use std::collections::VecDeque;

use runsheet_model::State;
use runsheet_plan::{HostWork, PlanWindow};

/// Which hosts of a step may start when: pure, fed by the dispatcher. Hosts are positions in the step.
#[derive(Debug, Default)]
pub(crate) struct Rollout {
    waves: VecDeque<Vec<usize>>,
    /// How many hosts they have.
    in_waves: usize,
    opened: usize,
    /// The first of the waves, if it was begun in an earlier epoch: the hosts on which all is done.
    begun: Option<Vec<usize>>,
    /// Of the wave that is open: those that have not started.
    waiting: VecDeque<usize>,
    running: usize,
    window: Option<PlanWindow>,
    hosts: usize,
    /// Ended badly somewhere between their first and their last task: they stay in the window.
    stuck: usize,
    /// Not reached: nobody touched them, but they may be out of service.
    unreachable: usize,
}

/// What part a host takes in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// It begins.
    Begins,
    /// It was begun in an earlier epoch, and goes on.
    GoesOn,
    /// All was done in an earlier epoch.
    Done,
    /// None.
    Out,
}

/// What can be done next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// These hosts start now.
    Start(Vec<usize>),
    /// The next wave may be opened.
    Wave,
    /// Something that runs has to end first.
    Wait,
    /// Every place of the window is taken by hosts that ended badly: the others cannot start.
    Full,
    /// All hosts have ended.
    Over,
}

/// How a host left its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// In service.
    Good,
    /// It failed, somewhere on the way.
    Failed,
    /// Nobody knows where on the way.
    Lost,
    /// It was not reached.
    Unreachable,
}

impl Left {
    pub(crate) fn of(state: &State) -> Self {
        match state {
            State::Ok { .. } | State::Skipped | State::Cancelled => Self::Good,
            State::Failed { .. } => Self::Failed,
            State::Lost { .. } => Self::Lost,
            State::Unreachable(_) => Self::Unreachable,
        }
    }
}

impl Rollout {
    /// Takes the hosts of a step in their order, less those that have nothing to do. Waves in which all was done in an earlier epoch
    /// count as opened.
    pub(crate) fn new(work: &HostWork, seed: u128, part: impl Fn(usize) -> Part) -> Self {
        let mut order: Vec<_> = (0..work.hosts.len()).collect();
        if work.rollout.shuffled {
            shuffle(&mut order, seed);
        }
        let mut order = order.into_iter();
        let mut rollout = Self { window: work.rollout.window, hosts: work.hosts.len(), ..Self::default() };
        for &size in &work.rollout.waves {
            let wave: Vec<_> = order.by_ref().take(size).collect();
            let those = |is: fn(Part) -> bool| wave.iter().copied().filter(|&host| is(part(host))).collect::<Vec<_>>();
            let left = those(|part| matches!(part, Part::Begins | Part::GoesOn));
            let done = those(|part| part == Part::Done);
            let begun = !done.is_empty() || !those(|part| part == Part::GoesOn).is_empty();
            match (left.is_empty(), rollout.waves.is_empty()) {
                (true, true) => rollout.opened += usize::from(begun),
                (true, false) => {}
                (false, first) => {
                    if first && begun {
                        rollout.begun = Some(done);
                    }
                    rollout.in_waves += left.len();
                    rollout.waves.push_back(left);
                }
            }
        }
        rollout
    }

    /// Whether the next wave was begun in an earlier epoch.
    pub(crate) fn is_begun(&self) -> bool {
        self.begun.is_some()
    }

    /// Whether all was done on a host, in an earlier epoch, in the wave that goes on.
    pub(crate) fn began_with(&self, host: usize) -> bool {
        self.begun.as_ref().is_some_and(|done| done.contains(&host))
    }

    /// Takes note of a host that ended badly in an earlier epoch.
    pub(crate) fn carry(&mut self, left: Left) {
        self.running += 1;
        self.end(left);
    }

    /// How many waves there are in all.
    pub(crate) fn waves(&self) -> usize {
        self.opened + self.waves.len()
    }

    /// How many waves were opened.
    pub(crate) fn opened(&self) -> usize {
        self.opened
    }

    /// How many hosts the next wave has.
    pub(crate) fn next_wave(&self) -> usize {
        self.waves.front().map_or(0, Vec::len)
    }

    /// How many hosts have not started.
    pub(crate) fn not_started(&self) -> usize {
        self.waiting.len() + self.in_waves
    }

    /// Tells what can be done; hosts that start are counted as running.
    pub(crate) fn next(&mut self) -> Next {
        if self.waiting.is_empty() {
            return match (self.running, self.waves.is_empty()) {
                (0, true) => Next::Over,
                (0, false) => Next::Wave,
                _ => Next::Wait,
            };
        }
        let room = self.room();
        if room == 0 {
            return if self.running == 0 { Next::Full } else { Next::Wait };
        }
        let start: Vec<_> = self.waiting.drain(..room.min(self.waiting.len())).collect();
        self.running += start.len();
        Next::Start(start)
    }

    /// Opens the next wave, and tells its number from 1 and its size.
    pub(crate) fn open(&mut self) -> (usize, usize) {
        let wave = self.waves.pop_front().unwrap_or_default();
        self.in_waves -= wave.len();
        self.opened += 1;
        self.waiting.extend(wave);
        (self.opened, self.waiting.len())
    }

    /// The hosts that are next to start, in their order, as far as the next wave goes.
    pub(crate) fn upcoming(&self) -> impl Iterator<Item = usize> {
        self.waiting.iter().chain(self.waves.front().into_iter().flatten()).copied()
    }

    /// Takes note that a host that ran has ended.
    pub(crate) fn end(&mut self, left: Left) {
        self.running -= 1;
        match left {
            Left::Good => {}
            Left::Failed | Left::Lost => self.stuck += 1,
            Left::Unreachable => self.unreachable += 1,
        }
    }

    /// Has a host that ended badly start once more, before all others.
    pub(crate) fn again(&mut self, host: usize, left: Left) {
        match left {
            Left::Good => {}
            Left::Failed | Left::Lost => self.stuck -= 1,
            Left::Unreachable => self.unreachable -= 1,
        }
        self.waiting.push_front(host);
    }

    /// Whether some host runs.
    pub(crate) fn is_anything_running(&self) -> bool {
        self.running > 0
    }

    /// Gives up on all hosts that have not started.
    pub(crate) fn give_up(&mut self) -> Vec<usize> {
        let mut rest: Vec<_> = self.waiting.drain(..).collect();
        rest.extend(self.waves.drain(..).flatten());
        self.in_waves = 0;
        rest
    }

    /// How many more may start.
    fn room(&self) -> usize {
        let Some(window) = self.window else { return usize::MAX };
        let on_the_way = self.running + self.stuck;
        let may_be_out = (self.hosts + window.beside).saturating_sub(window.floor);
        window.size.saturating_sub(on_the_way).min(may_be_out.saturating_sub(on_the_way + self.unreachable))
    }
}

/// Shuffles by the steps of Fisher and Yates, with numbers that follow from a seed (SplitMix64): the same seed, the same order.
fn shuffle(order: &mut [usize], seed: u128) {
    let bytes = seed.to_le_bytes();
    let half = |from: usize| bytes[from..from + 8].iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte));
    let mut state = half(0) ^ half(8);
    let mut random = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = state;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    };
    for last in (1..order.len()).rev() {
        let other = usize::try_from(random() % (last as u64 + 1)).unwrap_or(last);
        order.swap(last, other);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use runsheet_plan::{PlanPolicy, PlanRollout};

    use super::*;

    fn work(hosts: usize, rollout: PlanRollout) -> HostWork {
        HostWork {
            hosts: (0..hosts).collect(),
            skipped: Vec::new(),
            forks: 64,
            links: Vec::new(),
            always: Vec::new(),
            rollout,
            policy: PlanPolicy::default(),
        }
    }

    fn rollout(waves: &[usize], window: Option<(usize, usize)>) -> Rollout {
        let hosts = waves.iter().sum();
        let window = window.map(|(size, floor)| PlanWindow { size, floor, beside: 0 });
        let planned = PlanRollout { waves: waves.to_vec(), window, ..PlanRollout::default() };
        Rollout::new(&work(hosts, planned), 0, |_| Part::Begins)
    }

    #[test]
    fn a_wave_starts_when_the_one_before_has_ended() {
        let mut rollout = rollout(&[1, 2], None);
        assert_eq!((rollout.next(), rollout.open()), (Next::Wave, (1, 1)));
        assert_eq!((rollout.next(), rollout.next()), (Next::Start(vec![0]), Next::Wait));
        rollout.end(Left::Good);
        assert_eq!((rollout.next(), rollout.open()), (Next::Wave, (2, 2)));
        assert_eq!(rollout.next(), Next::Start(vec![1, 2]));
        rollout.end(Left::Good);
        assert_eq!(rollout.next(), Next::Wait);
        rollout.end(Left::Failed);
        assert_eq!((rollout.next(), rollout.waves()), (Next::Over, 2));
    }

    #[test]
    fn a_window_slides_and_hosts_that_failed_keep_their_place() {
        let mut rollout = rollout(&[5], Some((2, 0)));
        rollout.open();
        assert_eq!((rollout.next(), rollout.next()), (Next::Start(vec![0, 1]), Next::Wait));
        rollout.end(Left::Good);
        assert_eq!(rollout.next(), Next::Start(vec![2]));
        rollout.end(Left::Failed);
        assert_eq!(rollout.next(), Next::Wait);
        rollout.end(Left::Good);
        assert_eq!(rollout.next(), Next::Start(vec![3]));
        rollout.end(Left::Failed);
        assert_eq!((rollout.next(), rollout.give_up(), rollout.next()), (Next::Full, vec![4], Next::Over));
    }

    #[test]
    fn a_host_that_was_not_reached_counts_against_the_floor_only() {
        let mut rollout = rollout(&[4], Some((2, 2)));
        rollout.open();
        assert_eq!(rollout.next(), Next::Start(vec![0, 1]));
        rollout.end(Left::Unreachable);
        rollout.end(Left::Good);
        assert_eq!((rollout.next(), rollout.next()), (Next::Start(vec![2]), Next::Wait));
        rollout.end(Left::Unreachable);
        assert_eq!(rollout.next(), Next::Full);
        rollout.again(0, Left::Unreachable);
        assert_eq!(rollout.next(), Next::Start(vec![0]));
    }

    #[test]
    fn chance_is_the_same_for_the_same_run() {
        let planned = PlanRollout { shuffled: true, ..PlanRollout::whole(50) };
        let order = |seed| {
            let mut rollout = Rollout::new(&work(50, planned.clone()), seed, |_| Part::Begins);
            rollout.open();
            rollout.next()
        };
        assert_eq!(order(7), order(7));
        assert_ne!(order(7), order(8));
        let Next::Start(mut hosts) = order(9) else { panic!("they start") };
        hosts.sort_unstable();
        assert_eq!(hosts, (0..50).collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn window_and_floor_hold_whatever_happens(
            hosts in 1_usize..30,
            size in 1_usize..10,
            floor in 0_usize..30,
            ends in prop::collection::vec(0_u8..6, 60),
        ) {
            let mut rollout = rollout(&[hosts], Some((size, floor)));
            rollout.open();
            let (mut running, mut stuck, mut unreachable, mut seen) = (0_usize, 0_usize, 0_usize, 0_usize);
            for end in ends {
                if let Next::Start(started) = rollout.next() {
                    running += started.len();
                    seen += started.len();
                    prop_assert!(running + stuck <= size);
                    prop_assert!(hosts - running - stuck - unreachable >= floor);
                }
                if running == 0 {
                    break;
                }
                running -= 1;
                rollout.end(match end {
                    0 => { stuck += 1; Left::Failed }
                    1 => { unreachable += 1; Left::Unreachable }
                    _ => Left::Good,
                });
            }
            while running > 0 {
                running -= 1;
                rollout.end(Left::Good);
            }
            prop_assert_eq!(seen + rollout.give_up().len(), hosts);
        }
    }
}
