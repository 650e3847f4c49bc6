use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use runsheet_model::{Endpoint, Phase, Unreachable};
use runsheet_task::{Connected, Connector, Remote};
use tokio::sync::{Mutex as AsyncMutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

/// Pauses between tries to connect, when another try may go better.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];
/// How much longer than its own limit a connector is trusted to take.
const TRUST: Duration = Duration::from_secs(5);

/// The permit to be connecting, or connected and waiting for a fork.
pub(crate) type ConnectPermit = OwnedSemaphorePermit;

/// The connections of a run: one a host, made when it is first needed, kept while the host has a further step.
pub(crate) struct HostPool {
    connector: Arc<dyn Connector>,
    slots: Vec<Slot>,
    connecting: Arc<Semaphore>,
    idle: Mutex<Idle>,
    most_idle: usize,
}

struct Slot {
    endpoint: Endpoint,
    remote: AsyncMutex<Option<Arc<dyn Remote>>>,
    /// Steps that have not released it yet.
    uses_left: AtomicUsize,
    /// Host runs that hold it now.
    held: AtomicUsize,
}

/// Idle connections in the order in which they became idle. An entry holds only while its stamp is the host's newest.
#[derive(Default)]
struct Idle {
    queue: VecDeque<(usize, u64)>,
    stamps: Vec<u64>,
    count: usize,
}

/// A connection for one step on one host.
pub(crate) struct Got {
    pub(crate) remote: Arc<dyn Remote>,
    /// Tells about the connection if it was made just now.
    pub(crate) new: Option<Connected>,
    /// To be dropped once a fork is taken.
    pub(crate) permit: Option<ConnectPermit>,
}

impl HostPool {
    pub(crate) fn new(
        connector: Arc<dyn Connector>,
        endpoints: Vec<Endpoint>,
        uses: &[usize],
        connects_at_once: usize,
        most_idle: usize,
    ) -> Self {
        let slots: Vec<_> = endpoints
            .into_iter()
            .zip(uses)
            .map(|(endpoint, &uses)| Slot {
                endpoint,
                remote: AsyncMutex::new(None),
                uses_left: AtomicUsize::new(uses),
                held: AtomicUsize::new(0),
            })
            .collect();
        let idle = Mutex::new(Idle { stamps: vec![0; slots.len()], ..Idle::default() });
        Self { connector, slots, connecting: Arc::new(Semaphore::new(connects_at_once.max(1))), idle, most_idle }
    }

    /// Gives the connection to a host, and makes it if there is none that stands.
    pub(crate) async fn get(&self, host: usize) -> Result<Got, Unreachable> {
        let slot = &self.slots[host];
        self.idle().forget(host);
        let mut remote = slot.remote.lock().await;
        if let Some(remote) = remote.as_ref().filter(|remote| remote.is_alive()) {
            slot.held.fetch_add(1, Ordering::AcqRel);
            return Ok(Got { remote: remote.clone(), new: None, permit: None });
        }
        let (connected, permit) = self.connect(host, &slot.endpoint).await?;
        *remote = Some(connected.remote.clone());
        slot.held.fetch_add(1, Ordering::AcqRel);
        Ok(Got { remote: connected.remote.clone(), new: Some(connected), permit: Some(permit) })
    }

    async fn connect(&self, host: usize, endpoint: &Endpoint) -> Result<(Connected, ConnectPermit), Unreachable> {
        let mut pauses = PAUSES.iter();
        loop {
            let permit = self.connecting.clone().acquire_owned().await.map_err(|_| closed())?;
            let limit = endpoint.connect_timeout;
            let failure = match timeout(limit + TRUST, self.connector.connect(endpoint)).await {
                Ok(Ok(connected)) => return Ok((connected, permit)),
                Ok(Err(unreachable)) => unreachable,
                Err(_) => Unreachable {
                    phase: Phase::Tcp,
                    reason: format!("not connected within {limit:?} (connect_timeout)"),
                    hint: None,
                    transient: false,
                },
            };
            drop(permit);
            match pauses.next() {
                Some(pause) if failure.transient => sleep(*pause + spread(host)).await,
                _ => return Err(failure),
            }
        }
    }

    /// Takes note that a step is over on a host: closes its connection if no further step needs it, and the one that has been
    /// idle longest if too many are.
    pub(crate) fn release(&self, host: usize) {
        let slot = &self.slots[host];
        // A host that was not reached or never started holds nothing.
        let held = slot
            .held
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |held| held.checked_sub(1))
            .map_or(0, |before| before - 1);
        if slot.uses_left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.close(host);
        } else if held == 0 {
            let oldest = self.idle().remember(host, self.most_idle);
            if let Some(oldest) = oldest {
                self.close(oldest);
            }
        }
    }

    fn close(&self, host: usize) {
        // Somebody who holds the lock is connecting anew, and will release it in turn.
        if let Ok(mut remote) = self.slots[host].remote.try_lock()
            && let Some(remote) = remote.take()
        {
            tokio::spawn(async move { remote.close().await });
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Idle {
    fn forget(&mut self, host: usize) {
        if self.stamps[host] % 2 == 1 {
            self.count -= 1;
            self.stamps[host] += 1;
        }
    }

    /// Remembers a host as idle (an odd stamp), and gives the one that is idle longest if there are more than `most`.
    fn remember(&mut self, host: usize, most: usize) -> Option<usize> {
        self.forget(host);
        self.stamps[host] += 1;
        self.count += 1;
        self.queue.push_back((host, self.stamps[host]));
        while self.count > most {
            let (oldest, stamp) = self.queue.pop_front()?;
            if self.stamps[oldest] == stamp {
                self.forget(oldest);
                return Some(oldest);
            }
        }
        None
    }
}

/// Spreads tries over a second, so that hosts that were turned away together do not come back together.
fn spread(host: usize) -> Duration {
    Duration::from_millis((host as u64).wrapping_mul(619) % 1_000)
}

fn closed() -> Unreachable {
    Unreachable { phase: Phase::Local, reason: "the run is over".to_owned(), hint: None, transient: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connection_that_has_been_idle_longest_goes_first() {
        let mut idle = Idle { stamps: vec![0; 4], ..Idle::default() };
        assert_eq!(idle.remember(0, 2), None);
        assert_eq!(idle.remember(1, 2), None);
        idle.forget(0);
        assert_eq!(idle.remember(0, 2), None);
        assert_eq!(idle.remember(2, 2), Some(1));
        assert_eq!(idle.remember(3, 2), Some(0));
        assert_eq!(idle.count, 2);
    }
}
