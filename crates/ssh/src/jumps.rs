use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use runsheet_model::{Hop, Phase, Unreachable};
use runsheet_task::SignsOfLife;
use tokio::time::Instant;

use crate::link::Link;
use crate::reach::Reach;
use crate::turned_away::was_turned_away;
use crate::unreachable::{Budget, for_good};

/// Between tries to reach a jump host that turns us away.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// The connections to jump hosts: one for each way there, shared by all hosts behind it.
#[derive(Default)]
pub(crate) struct Jumps {
    ways: Mutex<Vec<Way>>,
}

struct Way {
    hops: Vec<Hop>,
    attempt: Attempt,
}

/// A connection that is being made, is there, or failed. All who want it wait for the same one.
type Attempt = Shared<BoxFuture<'static, Result<Arc<Link>, Unreachable>>>;

impl Jumps {
    /// Returns the connection to the last of some hops, which is made if it is not there.
    ///
    /// A jump host that let nobody in is not asked again in this run: with a thousand hosts behind it, that would be a
    /// thousand failed logins.
    pub(crate) async fn link(
        self: &Arc<Self>,
        reach: &Arc<Reach>,
        hops: &[Hop],
        timeout: Duration,
    ) -> Result<Arc<Link>, Unreachable> {
        let attempt = {
            let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
            ways.retain(|way| way.hops != hops || is_good(&way.attempt));
            if let Some(way) = ways.iter().find(|way| way.hops == hops) {
                way.attempt.clone()
            } else {
                let attempt = self.start(reach, hops, timeout);
                ways.push(Way { hops: hops.to_vec(), attempt: attempt.clone() });
                attempt
            }
        };
        attempt.await
    }

    /// Forgets who was not reached: what stood in the way has been put right.
    pub(crate) fn forget_failures(&self) {
        let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        ways.retain(|way| !matches!(way.attempt.peek(), Some(Err(_))));
    }

    /// Starts an attempt on a task of its own: whoever wanted it first may give up before the others do.
    fn start(self: &Arc<Self>, reach: &Arc<Reach>, hops: &[Hop], timeout: Duration) -> Attempt {
        let jumps = Arc::clone(self);
        let reach = Arc::clone(reach);
        let hops = hops.to_vec();
        let task = tokio::spawn(async move {
            let Some((last, before)) = hops.split_last() else {
                return Err(for_good(Phase::Local, "a way without a hop"));
            };
            let via = match before {
                [] => None,
                before => Some(Box::pin(jumps.link(&reach, before, timeout)).await?),
            };
            patiently(&reach, last, via, Budget::starting_now(timeout)).await.map_err(|failure| {
                let reason = format!("jump host `{}`: {}", last.address, failure.reason);
                Unreachable { reason, ..failure }
            })
        });
        let attempt = async { task.await.unwrap_or_else(|panic| Err(for_good(Phase::Local, panic.to_string()))) };
        attempt.boxed().shared()
    }
}

/// Reaches a jump host. One that turns us away because many log in there (`MaxStartups`) is asked again, later each time: all
/// hosts behind it wait for this one connection.
async fn patiently(reach: &Reach, hop: &Hop, via: Option<Arc<Link>>, budget: Budget) -> Result<Arc<Link>, Unreachable> {
    let mut pauses = PAUSES.iter();
    loop {
        let signs = SignsOfLife::default();
        let failure = match Box::pin(reach.reach(hop, via.clone(), None, budget, &signs)).await {
            Ok(reached) => return Ok(reached.link),
            Err(failure) => failure,
        };
        let pause = pauses.next().filter(|_| was_turned_away(&failure)).map(|pause| *pause + jitter(*pause));
        let Some(pause) = pause.filter(|pause| Instant::now() + *pause < budget.end()) else {
            return Err(failure);
        };
        tokio::time::sleep(pause).await;
    }
}

/// Up to half of a pause more, so that runs that were turned away together do not come back together.
fn jitter(pause: Duration) -> Duration {
    let mut random = [0];
    // Without chance they come back together, and are turned away once more.
    let _ = getrandom::fill(&mut random);
    pause / 2 * u32::from(random[0]) / 256
}

/// Whether waiting for an attempt is better than another.
fn is_good(attempt: &Attempt) -> bool {
    match attempt.peek() {
        None => true,
        Some(Ok(link)) => !link.is_down(),
        Some(Err(failure)) => !failure.transient,
    }
}
