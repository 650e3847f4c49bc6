use tokio::time::Instant;

/// How many handshakes there are at least in a window of time that is judged.
const LEAST: usize = 16;
/// How much faster twice as many at once have to be to be worth it.
const WORTH: f64 = 1.25;
/// How much slower than half as many at once is worse.
const WORSE: f64 = 0.9;
/// After how many windows it is tried again what was not worth it. Doubled each time.
const REST: u32 = 4;
const LONGEST_REST: u32 = 64;

/// Finds how many handshakes at once are fastest, by looking how many are done a second.
///
/// It climbs by doubling: if twice as many at once do at least a quarter more a second, it stays there and tries twice as many again; if not,
/// it goes back, and tries that again later, each time after a longer while. Where they wait for the network, twice as many at once are
/// twice as fast; where a processor has enough to do, they are no faster at all, so that the quarter stands clear of either. A server that
/// says that it has no room halves the number at once. (Additive increase would need a minute to get to what a far fleet wants.)
#[derive(Debug)]
pub(crate) struct Climb {
    limit: usize,
    most: usize,
    since: Option<Instant>,
    done: usize,
    /// What half as many at once did a second, while twice as many are tried or used.
    before: Option<f64>,
    trying: bool,
    rest: u32,
    next_rest: u32,
}

impl Climb {
    /// Begins with so many at once, and never gives more than `most`.
    pub(crate) fn new(start: usize, most: usize) -> Self {
        let most = most.max(1);
        let limit = start.clamp(1, most);
        Self { limit, most, since: None, done: 0, before: None, trying: false, rest: 0, next_rest: REST }
    }

    /// How many there may be at once.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Takes note of one that is done. `is_bound`: whether others wait, and it is handshakes that they wait for.
    pub(crate) fn done(&mut self, is_bound: bool) {
        let now = Instant::now();
        let Some(since) = self.since.filter(|_| is_bound) else {
            // What is done while nobody waits says nothing about how fast it could be.
            (self.since, self.done) = (is_bound.then_some(now), 0);
            return;
        };
        self.done += 1;
        let took = now.duration_since(since).as_secs_f64();
        if self.done < self.limit.max(LEAST) || took <= 0.0 {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "a few hundred at the most")]
        let rate = self.done as f64 / took;
        self.judge(rate);
        (self.since, self.done) = (Some(now), 0);
    }

    /// Takes note that a server had no room for one more.
    pub(crate) fn turned_away(&mut self) {
        self.go_to(self.limit / 2);
        (self.before, self.trying) = (None, false);
        self.take_a_rest();
    }

    fn judge(&mut self, rate: f64) {
        match self.before {
            Some(before) if self.trying && rate < before * WORTH => {
                self.go_to(self.limit / 2);
                (self.before, self.trying) = (None, false);
                self.take_a_rest();
            }
            Some(before) if rate < before * WORSE => {
                self.go_to(self.limit / 2);
                self.before = None;
                self.take_a_rest();
            }
            _ if self.rest > 0 => self.rest -= 1,
            _ if self.limit * 2 <= self.most => {
                (self.before, self.trying) = (Some(rate), true);
                self.go_to(self.limit * 2);
            }
            _ => self.trying = false,
        }
    }

    fn take_a_rest(&mut self) {
        self.rest = self.next_rest;
        self.next_rest = (self.next_rest * 2).min(LONGEST_REST);
    }

    fn go_to(&mut self, limit: usize) {
        self.limit = limit.clamp(1, self.most);
        (self.since, self.done) = (None, 0);
    }
}
