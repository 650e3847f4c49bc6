use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// How a step goes through its hosts: wave after wave, so many at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// The sizes of its waves, which together are all its hosts.
    pub waves: Vec<usize>,
    /// How many hosts are worked on at once: forks or window, whichever is smaller. 0 is taken for 1.
    pub at_once: usize,
    /// How long it waits between two waves.
    pub pause: Duration,
}

impl Shape {
    /// How long it takes if each host takes its time, in the order in which they are begun: a host that is free takes the next.
    ///
    /// Hosts of which `times` says nothing take no time.
    pub fn together(&self, times: &[Duration]) -> Duration {
        let mut total = Duration::ZERO;
        let mut left = times;
        for (wave, &size) in self.waves.iter().enumerate() {
            let (now, later) = left.split_at(size.min(left.len()));
            left = later;
            let pause = if wave == 0 { Duration::ZERO } else { self.pause };
            total = total.saturating_add(pause).saturating_add(longest(now, self.at_once.max(1)));
        }
        total
    }

    /// How many hosts it has.
    pub fn hosts(&self) -> usize {
        self.waves.iter().fold(0, |sum, size| sum.saturating_add(*size))
    }

    /// How many turns it takes, each a host's time long.
    pub(crate) fn turns(&self) -> usize {
        let at_once = self.at_once.max(1);
        self.waves.iter().fold(0, |sum, size| sum.saturating_add(size.div_ceil(at_once)))
    }

    /// How many of its turns are over for certain once so many of its hosts are.
    pub fn turns_over(&self, hosts: usize) -> usize {
        let mut left = hosts;
        let mut turns = 0;
        for &size in &self.waves {
            if left < size {
                return turns + left / self.at_once.max(1);
            }
            left -= size;
            turns += size.div_ceil(self.at_once.max(1));
        }
        turns
    }

    /// By what the time of a run on another number of hosts is multiplied: it would have gone through them by as many at once, on
    /// average, as this one does.
    pub(crate) fn scale_from(&self, hosts: usize) -> f64 {
        let (now, turns) = (self.hosts(), self.turns());
        if hosts == now || hosts == 0 || turns == 0 {
            return 1.0;
        }
        let then = hosts.div_ceil(now.div_ceil(turns));
        ratio(turns, then)
    }
}

/// The time of one wave.
fn longest(times: &[Duration], at_once: usize) -> Duration {
    let mut busy: BinaryHeap<Reverse<Duration>> = BinaryHeap::new();
    let mut end = Duration::ZERO;
    for time in times {
        let start = if busy.len() < at_once { None } else { busy.pop() };
        let over = start.map_or(Duration::ZERO, |Reverse(start)| start).saturating_add(*time);
        end = end.max(over);
        busy.push(Reverse(over));
    }
    end
}

#[expect(clippy::cast_precision_loss, reason = "nobody has so many hosts")]
fn ratio(one: usize, other: usize) -> f64 {
    one as f64 / other.max(1) as f64
}
