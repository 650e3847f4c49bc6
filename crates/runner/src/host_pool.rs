use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use runsheet_model::{Endpoint, Pace, Phase, Unreachable};
use runsheet_task::{Connected, Connector, Remote, SignsOfLife};
use tokio::sync::{Mutex as AsyncMutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};

use crate::handshakes::{Handshakes, Place, Want};
use crate::runner::Settings;

/// Pauses between tries to connect, when another try may go better.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];
/// How much longer than its own limit a connector is trusted to take.
const TRUST: Duration = Duration::from_secs(5);
/// A host from which nothing has come for so long lets others go first.
const QUIET: Duration = Duration::from_secs(1);

/// How long it is believed that a host cannot be reached, when somebody tried ahead of time.
const BELIEVED: Duration = Duration::from_secs(30);
/// Handshakes at once through one jump host in the beginning: sshd there and behind it turns some away from the tenth on
/// (`MaxStartups`).
const THROUGH_JUMP: usize = 8;

/// The permit to be connecting, or connected and waiting for a fork.
#[derive(Debug)]
pub struct ConnectPermit {
    machine: Place,
    jump: Option<Place>,
}

/// The connections of a run: one a host, made when it is first needed, kept while the host has a further step.
pub struct HostPool {
    connector: Arc<dyn Connector>,
    slots: Vec<Slot>,
    handshakes: Arc<Handshakes>,
    /// Room for connections, whatever they do.
    room: Arc<Semaphore>,
    /// How many wait for such room.
    wanted: AtomicUsize,
    idle: Mutex<Idle>,
    most_idle: usize,
    pace: Pace,
}

struct Slot {
    endpoint: Endpoint,
    /// Those through the same jump host.
    handshakes: Option<Arc<Handshakes>>,
    connection: AsyncMutex<Option<Connection>>,
    /// What kept somebody from connecting who tried ahead of time, and when.
    unreached: Mutex<Option<(Unreachable, Instant)>>,
    /// Steps that have not released it yet.
    uses_left: AtomicUsize,
    /// Host runs that hold it now.
    held: AtomicUsize,
}

struct Connection {
    remote: Arc<dyn Remote>,
    room: OwnedSemaphorePermit,
}

/// Idle connections, and which of them is closed first: one to a host with few steps left, and of these the one that became idle last. Most
/// steps go through their hosts in the same order, so that it is also the one needed last.
#[derive(Default)]
struct Idle {
    /// By steps left, the newest first.
    order: BTreeSet<(usize, Reverse<u64>, usize)>,
    /// Where a host stands in that order.
    entries: Vec<Option<(usize, Reverse<u64>)>>,
    newest: u64,
}

/// A connection for one step on one host.
pub struct Got {
    /// The host.
    pub remote: Arc<dyn Remote>,
    /// Tells about the connection if it was made just now.
    pub new: Option<Connected>,
    /// To be dropped once a fork is taken.
    pub permit: Option<ConnectPermit>,
}

impl HostPool {
    /// Makes one that is connected to nobody. `uses` is how often each host will be released.
    pub fn new(connector: Arc<dyn Connector>, endpoints: Vec<Endpoint>, uses: &[usize], settings: &Settings) -> Self {
        let most = settings.handshakes.most;
        let mut through: HashMap<(String, u16), Arc<Handshakes>> = HashMap::new();
        let slots: Vec<_> = endpoints
            .into_iter()
            .zip(uses)
            .map(|(endpoint, &uses)| Slot {
                handshakes: endpoint.jumps.last().map(|jump| {
                    let through = through.entry((jump.address.clone(), jump.port));
                    through.or_insert_with(|| Handshakes::new(THROUGH_JUMP.min(most), most)).clone()
                }),
                endpoint,
                connection: AsyncMutex::new(None),
                unreached: Mutex::default(),
                uses_left: AtomicUsize::new(uses),
                held: AtomicUsize::new(0),
            })
            .collect();
        let idle = Mutex::new(Idle { entries: vec![None; slots.len()], ..Idle::default() });
        Self {
            connector,
            slots,
            handshakes: Handshakes::new(settings.handshakes.start, most),
            room: Arc::new(Semaphore::new(settings.connections.clamp(1, Semaphore::MAX_PERMITS))),
            wanted: AtomicUsize::new(0),
            idle,
            most_idle: settings.idle_connections,
            pace: settings.pace,
        }
    }

    /// Gives the connection to a host, and makes it if there is none that stands. A host that keeps us waiting steps aside.
    pub async fn get(&self, host: usize, aside: &(dyn Fn() + Sync)) -> Result<Got, Unreachable> {
        let got = self.renew(host, aside).await?;
        self.slots[host].held.fetch_add(1, Ordering::AcqRel);
        Ok(got)
    }

    /// The same for somebody who has got the connection already, and for whom it may be down by now.
    pub(crate) async fn renew(&self, host: usize, aside: &(dyn Fn() + Sync)) -> Result<Got, Unreachable> {
        let slot = &self.slots[host];
        self.idle().forget(host);
        // Another step may be connecting to it.
        let mut connection = if let Ok(connection) = timeout(QUIET, slot.connection.lock()).await {
            connection
        } else {
            aside();
            slot.connection.lock().await
        };
        if let Some(connection) = connection.as_ref().filter(|connection| connection.remote.is_alive()) {
            return Ok(Got { remote: connection.remote.clone(), new: None, permit: None });
        }
        // The room of one that is down goes to the next.
        *connection = None;
        if let Some(unreachable) = slot.unreached_ahead() {
            return Err(unreachable);
        }
        let (connected, room, permit) = self.connect(host, None, aside).await?;
        let remote = connected.remote.clone();
        *connection = Some(Connection { remote: remote.clone(), room });
        Ok(Got { remote, new: Some(connected), permit })
    }

    /// Connects to a host that will be needed soon, if that keeps nobody waiting, and tells about the connection if it made one. A host
    /// that cannot be reached is told of when it is needed.
    pub(crate) async fn connect_ahead(&self, host: usize) -> Option<Connected> {
        let slot = &self.slots[host];
        let permit = self.permit(slot, Want::Ahead).await;
        // Whoever holds it connects just now.
        let mut connection = slot.connection.try_lock().ok()?;
        if connection.is_some() || self.room.available_permits() == 0 || !slot.is_needed() {
            return None;
        }
        match self.connect(host, Some(permit), &|| {}).await {
            Ok((connected, room, _)) => {
                *connection = Some(Connection { remote: connected.remote.clone(), room });
                drop(connection);
                if !slot.is_needed() {
                    self.close(host);
                } else if slot.held.load(Ordering::Acquire) == 0 {
                    self.lay_aside(host);
                }
                Some(connected)
            }
            Err(unreachable) => {
                *slot.unreached.lock().unwrap_or_else(PoisonError::into_inner) = Some((unreachable, Instant::now()));
                None
            }
        }
    }

    async fn connect(
        &self,
        host: usize,
        mut given: Option<ConnectPermit>,
        aside: &(dyn Fn() + Sync),
    ) -> Result<(Connected, OwnedSemaphorePermit, Option<ConnectPermit>), Unreachable> {
        let slot = &self.slots[host];
        let endpoint = &slot.endpoint;
        let mut pauses = PAUSES.iter();
        let mut was_silent = false;
        loop {
            let room = self.make_room().await?;
            // One that was silent is likely to be so again. It takes nobody's place, and little of anybody's time.
            let mut permit = match given.take() {
                None if was_silent => None,
                None => Some(self.permit(slot, Want::Now).await),
                given => given,
            };
            let signs = SignsOfLife::default();
            let limit = endpoint.connect_timeout;
            let mut attempt = pin!(timeout(limit + TRUST, self.connector.connect_in_sight(endpoint, &signs)));
            let outcome = tokio::select! {
                outcome = attempt.as_mut() => outcome,
                () = signs.silence(QUIET) => {
                    permit = None;
                    was_silent = true;
                    aside();
                    attempt.await
                }
            };
            let failure = match outcome {
                Ok(Ok(connected)) => {
                    if let Some(permit) = &mut permit {
                        permit.connected();
                    }
                    return Ok((connected, room, permit));
                }
                Ok(Err(unreachable)) => unreachable,
                Err(_) => Unreachable {
                    phase: Phase::Tcp,
                    reason: format!("not connected within {limit:?} (connect_timeout)"),
                    hint: None,
                    transient: false,
                },
            };
            if failure.transient
                && failure.phase == Phase::Handshake
                && let Some(jump) = permit.as_ref().and_then(|permit| permit.jump.as_ref())
            {
                jump.turned_away();
            }
            drop((permit, room));
            match pauses.next() {
                Some(pause) if failure.transient => {
                    aside();
                    sleep(self.pace.to_wait(*pause + spread(host))).await;
                }
                _ => return Err(failure),
            }
        }
    }

    async fn permit(&self, slot: &Slot, want: Want) -> ConnectPermit {
        // Whoever waits for a jump host must not take a place of the machine meanwhile.
        let jump = match &slot.handshakes {
            Some(handshakes) => Some(handshakes.place(want).await),
            None => None,
        };
        ConnectPermit { machine: self.handshakes.place(want).await, jump }
    }

    /// How long connecting to a host may take.
    pub(crate) fn connect_timeout(&self, host: usize) -> Duration {
        self.slots[host].endpoint.connect_timeout
    }

    /// Takes note that a host is needed once more than was planned.
    pub(crate) fn need(&self, host: usize) {
        self.slots[host].uses_left.fetch_add(1, Ordering::AcqRel);
    }

    /// Waits for room for one more connection, and has idle ones closed for it.
    async fn make_room(&self) -> Result<OwnedSemaphorePermit, Unreachable> {
        if let Ok(room) = self.room.clone().try_acquire_owned() {
            return Ok(room);
        }
        self.wanted.fetch_add(1, Ordering::AcqRel);
        let wanted = Wanted(&self.wanted);
        let first = self.idle().first();
        if let Some(first) = first {
            self.close(first);
        }
        let room = self.room.clone().acquire_owned().await.map_err(|_| closed());
        drop(wanted);
        room
    }

    /// Takes note that a host is not used for now, and will be again: its connection is one of the idle ones.
    pub(crate) fn rest(&self, host: usize) {
        if self.put_down(host) == 0 {
            self.lay_aside(host);
        }
    }

    /// Takes note that a step is over on a host: closes its connection if no further step needs it, and an idle one if too
    /// many are, or if somebody needs the room.
    pub fn release(&self, host: usize) {
        let held = self.put_down(host);
        if self.slots[host].uses_left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.close(host);
        } else if held == 0 {
            self.lay_aside(host);
        }
    }

    /// How many still hold a host of which somebody lets go. One that was not reached or never started is held by nobody.
    fn put_down(&self, host: usize) -> usize {
        let held = &self.slots[host].held;
        held.fetch_update(Ordering::AcqRel, Ordering::Acquire, |held| held.checked_sub(1))
            .map_or(0, |before| before - 1)
    }

    /// Counts a connection among the idle ones, which may be one too many.
    fn lay_aside(&self, host: usize) {
        let most = if self.wanted.load(Ordering::Acquire) > 0 { 0 } else { self.most_idle };
        let left = self.slots[host].uses_left.load(Ordering::Acquire);
        let first = self.idle().remember(host, left, most);
        if let Some(first) = first {
            self.close(first);
        }
    }

    fn close(&self, host: usize) {
        // Somebody who holds the lock is connecting anew, and will release it in turn.
        if let Ok(mut connection) = self.slots[host].connection.try_lock()
            && let Some(connection) = connection.take()
        {
            tokio::spawn(async move {
                connection.remote.close().await;
                drop(connection.room);
            });
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Whether some step has not released it yet.
    fn is_needed(&self) -> bool {
        self.uses_left.load(Ordering::Acquire) > 0
    }

    /// What kept somebody from connecting a moment ago, who tried ahead of time. It is told once.
    fn unreached_ahead(&self) -> Option<Unreachable> {
        let unreached = self.unreached.lock().unwrap_or_else(PoisonError::into_inner).take();
        unreached.filter(|(_, when)| when.elapsed() < BELIEVED).map(|(unreachable, _)| unreachable)
    }
}

impl ConnectPermit {
    fn connected(&mut self) {
        self.machine.connected();
        if let Some(jump) = &mut self.jump {
            jump.connected();
        }
    }
}

impl Idle {
    fn forget(&mut self, host: usize) {
        if let Some((left, stamp)) = self.entries[host].take() {
            self.order.remove(&(left, stamp, host));
        }
    }

    /// Remembers a host as idle that has so many steps left, and gives the one to be closed if there are more than `most`.
    fn remember(&mut self, host: usize, left: usize, most: usize) -> Option<usize> {
        self.forget(host);
        self.newest += 1;
        let stamp = Reverse(self.newest);
        self.entries[host] = Some((left, stamp));
        self.order.insert((left, stamp, host));
        if self.order.len() > most { self.first() } else { None }
    }

    /// Gives the host whose connection is closed first, which is forgotten.
    fn first(&mut self) -> Option<usize> {
        let (_, _, host) = self.order.pop_first()?;
        self.entries[host] = None;
        Some(host)
    }
}

/// Somebody who waits for room. Who gives up does not wait any more.
struct Wanted<'a>(&'a AtomicUsize);

impl Drop for Wanted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
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
    fn the_connection_that_is_needed_last_goes_first() {
        let mut idle = Idle { entries: vec![None; 5], ..Idle::default() };
        assert_eq!(idle.remember(0, 2, 3), None);
        assert_eq!(idle.remember(1, 2, 3), None);
        idle.forget(0);
        assert_eq!(idle.remember(0, 1, 3), None);
        assert_eq!(idle.remember(2, 2, 3), None);
        // One with a step less to go, then the newest.
        assert_eq!(idle.remember(3, 2, 3), Some(0));
        assert_eq!(idle.remember(4, 2, 3), Some(4));
        assert_eq!(idle.order.len(), 3);
    }

    #[test]
    fn a_second_round_through_many_hosts_finds_as_many_connections_as_are_kept() {
        let (hosts, most) = (100, 10);
        let mut idle = Idle { entries: vec![None; hosts], ..Idle::default() };
        let found = |idle: &mut Idle, left| {
            let mut found = 0;
            for host in 0..hosts {
                found += usize::from(idle.entries[host].is_some());
                idle.forget(host);
                idle.remember(host, left, most);
            }
            found
        };
        assert_eq!((found(&mut idle, 2), found(&mut idle, 1)), (0, most));
    }
}
