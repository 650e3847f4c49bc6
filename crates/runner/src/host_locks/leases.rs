use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use runsheet_model::{Phase, Unreachable};
use tokio::time::Instant;

use super::script::STALE_MINUTES;

/// How much sooner than others may take a lock over its run stops believing in it.
const MARGIN: Duration = Duration::from_secs(10);

/// What is known about the locks on hosts, by the hosts' positions in the plan.
///
/// A lock counts for so long after it was last renewed, on this machine's clock; after that others may have taken it. So a run that was
/// stopped for minutes, or cut off from a host, does not begin anything there before the lock is renewed.
#[derive(Debug)]
pub(super) struct Leases(Mutex<Vec<Lease>>);

#[derive(Clone, Debug)]
enum Lease {
    /// Nobody locks this host.
    NotWanted,
    /// Not asked for yet.
    Wanted,
    /// Asked for, and it may be there.
    Asked,
    /// It counts until then.
    Held(Instant),
    /// It cannot be had: nothing is done on the host. It may be there all the same if its end was not seen.
    Refused { why: Unreachable, may_be_there: bool },
    /// Somebody took it away.
    Lost,
}

impl Leases {
    pub(super) fn new(hosts: usize, wanted: &[usize]) -> Self {
        let mut leases = vec![Lease::NotWanted; hosts];
        for &host in wanted {
            leases[host] = Lease::Wanted;
        }
        Self(Mutex::new(leases))
    }

    /// Whether something may be begun on a host.
    pub(super) fn may_use(&self, host: usize) -> Result<(), Unreachable> {
        let why = match &self.leases()[host] {
            Lease::NotWanted => return Ok(()),
            Lease::Held(until) if Instant::now() < *until => return Ok(()),
            Lease::Refused { why, .. } => return Err(why.clone()),
            Lease::Held(_) => {
                format!("its lock was not renewed for {STALE_MINUTES} minutes: another run may have taken it over")
            }
            Lease::Lost => "its lock was taken away".to_owned(),
            Lease::Wanted | Lease::Asked => "its lock was never taken".to_owned(),
        };
        Err(Unreachable { phase: Phase::Local, reason: why, hint: None, transient: false })
    }

    /// Takes note that a host is asked for its lock. `asked` is when.
    pub(super) fn ask(&self, host: usize) {
        self.leases()[host] = Lease::Asked;
    }

    /// Takes note that a host said so to a question of that time.
    pub(super) fn hold(&self, host: usize, asked: Instant) {
        self.leases()[host] = Lease::Held(asked + Duration::from_secs(STALE_MINUTES * 60) - MARGIN);
    }

    pub(super) fn refuse(&self, host: usize, why: Unreachable, may_be_there: bool) {
        self.leases()[host] = Lease::Refused { why, may_be_there };
    }

    pub(super) fn lose(&self, host: usize) {
        self.leases()[host] = Lease::Lost;
    }

    /// Takes note that there is no lock on a host any more, and that it may be wanted again.
    pub(super) fn end(&self, host: usize) {
        self.leases()[host] = Lease::Wanted;
    }

    /// The hosts with a lock that has to be renewed.
    pub(super) fn held(&self) -> Vec<usize> {
        self.those(|lease| matches!(lease, Lease::Held(_)))
    }

    /// The hosts on which a lock may be.
    pub(super) fn in_question(&self) -> Vec<usize> {
        self.those(|lease| matches!(lease, Lease::Held(_) | Lease::Asked | Lease::Refused { may_be_there: true, .. }))
    }

    fn those(&self, is: impl Fn(&Lease) -> bool) -> Vec<usize> {
        self.leases().iter().enumerate().filter(|(_, lease)| is(lease)).map(|(host, _)| host).collect()
    }

    fn leases(&self) -> MutexGuard<'_, Vec<Lease>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_lock_counts_for_less_than_the_time_after_which_others_take_it() {
        let leases = Leases::new(2, &[1]);
        assert!(leases.may_use(0).is_ok(), "nobody locks the first one");
        assert!(leases.may_use(1).is_err());
        leases.hold(1, Instant::now());
        tokio::time::advance(Duration::from_secs(169)).await;
        assert!(leases.may_use(1).is_ok());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(leases.may_use(1).expect_err("too old").reason.starts_with("its lock was not renewed for 3 minutes"));
        leases.hold(1, Instant::now());
        assert!(leases.may_use(1).is_ok(), "it was renewed");
        leases.lose(1);
        assert!(leases.may_use(1).is_err() && leases.held().is_empty());
    }
}
