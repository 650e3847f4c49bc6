use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use runsheet_model::{Hop, Phase, Unreachable};
use runsheet_task::SignsOfLife;

use crate::link::Link;
use crate::reach::Reach;
use crate::unreachable::{Budget, for_good};

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
            let reached =
                Box::pin(reach.reach(last, via, None, Budget::starting_now(timeout), &SignsOfLife::default())).await;
            reached.map(|reached| reached.link).map_err(|failure| {
                let reason = format!("jump host `{}`: {}", last.address, failure.reason);
                Unreachable { reason, ..failure }
            })
        });
        let attempt = async { task.await.unwrap_or_else(|panic| Err(for_good(Phase::Local, panic.to_string()))) };
        attempt.boxed().shared()
    }
}

/// Whether waiting for an attempt is better than another.
fn is_good(attempt: &Attempt) -> bool {
    match attempt.peek() {
        None => true,
        Some(Ok(link)) => !link.is_down(),
        Some(Err(failure)) => !failure.transient,
    }
}
