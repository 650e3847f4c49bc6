//! Locks on the hosts of a run, against runs of other machines: a folder on each, taken before the first step, renewed while the run
//! goes on, and ended with it. They go over the connections of the run. See `docs/design/locks.md`.

mod leases;
mod script;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use futures::StreamExt;
use futures::stream;
use runsheet_model::{Endpoint, HostName, LockHolder, Mask, Phase, RunId, Unreachable, format_chosen_duration};
use runsheet_plan::Plan;
use runsheet_task::{Remote, RemoteError};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::executor::Shared;
use crate::message::Message;
use crate::runner::{Identity, Settings};
use crate::stop::Stop;
use leases::Leases;
pub use script::LockAnswer;
use script::{Act, Words};

/// How often locks are renewed; three times within the time after which one is stale.
const HEARTBEAT: Duration = Duration::from_mins(1);
/// How many hosts are asked at once. How many of them are being connected to is the pool's to say.
const AT_ONCE: usize = 512;
/// How often others that hold a lock are asked whether they have ended.
const AGAIN: Duration = Duration::from_secs(5);

/// What others keep from this run: the hosts, and who holds them.
type Kept = Vec<(Vec<HostName>, String)>;

/// The locks on the hosts of a run; none if the sheet does not want them.
pub(crate) struct HostLocks {
    run: RunId,
    folder: Option<String>,
    holder: String,
    /// The hosts that are locked, by position. The first of them is the first by address too, so that of two runs that want the same
    /// hosts one is first.
    wanted: Vec<usize>,
    leases: Leases,
    /// Ends the renewing.
    over: CancellationToken,
}

impl HostLocks {
    pub(crate) fn new(plan: &Plan, endpoints: &[Endpoint], identity: &Identity, mask: &Mask) -> Self {
        let mut wanted = if plan.host_locks.is_some() { plan.worked_on() } else { Vec::new() };
        let address =
            |host: usize| endpoints.get(host).map(|endpoint| (&endpoint.target.address, endpoint.target.port));
        if let Some(first) = (0..wanted.len()).min_by_key(|&index| address(wanted[index])) {
            wanted.swap(0, first);
        }
        let holder = LockHolder {
            run: identity.run,
            command: identity.command.clone(),
            sheet: plan.sheet.clone(),
            user: identity.user.clone(),
            machine: identity.machine.clone(),
            pid: std::process::id(),
            since: SystemTime::now(),
        };
        let holder = serde_json::to_string(&holder).unwrap_or_default();
        Self {
            run: identity.run,
            folder: plan.host_locks.as_ref().and_then(|locks| locks.folder.clone()),
            holder: mask.text(&holder),
            leases: Leases::new(plan.hosts.len(), &wanted),
            wanted,
            over: CancellationToken::new(),
        }
    }

    /// The hosts that are locked, by position.
    pub(crate) fn wanted(&self) -> &[usize] {
        &self.wanted
    }

    /// Idle connections are kept where locks have to be renewed over them.
    pub(crate) fn settings(&self, settings: Settings) -> Settings {
        let idle = if self.wanted.is_empty() { settings.idle_connections } else { settings.connections };
        Settings { idle_connections: idle, ..settings }
    }

    /// Whether something may be begun on a host.
    pub(crate) fn may_use(&self, host: usize) -> Result<(), Unreachable> {
        self.leases.may_use(host)
    }

    fn words(&self) -> Words<'_> {
        Words { run: self.run, folder: self.folder.as_deref(), holder: &self.holder }
    }
}

/// Takes the locks, all or none; waits so long for others that hold some. What is given back is what they keep.
///
/// A host that is not reached has no lock, and nothing is done on it.
pub(crate) async fn take_all(shared: &Shared, stop: &Stop, wait: Duration) -> Kept {
    let started = Instant::now();
    let mut told = Kept::new();
    loop {
        let kept = take_once(shared, stop).await;
        let stopping = stop.new.is_cancelled();
        if kept.is_empty() && !stopping {
            return kept;
        }
        end_those(shared, shared.locks.leases.in_question(), &stop.running).await;
        if kept.is_empty() || stopping || started.elapsed() >= wait {
            return kept;
        }
        if kept != told {
            for (hosts, by) in &kept {
                let hosts: Vec<_> = hosts.iter().map(HostName::as_str).collect();
                let limit = format_chosen_duration(wait);
                let message = format!("waiting at most {limit} (--wait) for {}: locked by {by}", hosts.join(", "));
                shared.send(Message::Warned { message });
            }
            told = kept;
        }
        tokio::select! {
            () = sleep(AGAIN.min(wait.saturating_sub(started.elapsed()))) => {}
            () = stop.new.cancelled() => return Kept::new(),
        }
    }
}

async fn take_once(shared: &Shared, stop: &Stop) -> Kept {
    let kept = Mutex::new(BTreeMap::<String, Vec<HostName>>::new());
    let keep = |host: usize, by: Option<String>| {
        if let Some(by) = by {
            let name = shared.plan.hosts[host].name.clone();
            kept.lock().unwrap_or_else(PoisonError::into_inner).entry(by).or_default().push(name);
        }
    };
    let wanted = shared.locks.wanted();
    // Who does not get the first one asks for no other, so that of two runs one gets on.
    if let Some(&first) = wanted.first() {
        keep(first, take(shared, first, stop).await);
    }
    if kept.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
        let rest = wanted.iter().skip(1);
        stream::iter(rest).for_each_concurrent(AT_ONCE, async |&host| keep(host, take(shared, host, stop).await)).await;
    }
    let kept = kept.into_inner().unwrap_or_else(PoisonError::into_inner);
    kept.into_iter()
        .map(|(by, mut hosts)| {
            hosts.sort();
            (hosts, by)
        })
        .collect()
}

/// Takes the lock of one host, or gives who holds it.
async fn take(shared: &Shared, host: usize, stop: &Stop) -> Option<String> {
    let leases = &shared.locks.leases;
    let got = tokio::select! {
        got = shared.pool.get(host, &|| {}) => got,
        () = stop.new.cancelled() => return None,
    };
    let got = match got {
        Ok(got) => got,
        Err(unreachable) => {
            leases.refuse(host, unreachable, false);
            return None;
        }
    };
    shared.tell_connected(host, got.new);
    let asked = Instant::now();
    leases.ask(host);
    let answer = script::ask(&*got.remote, Act::Take, &shared.locks.words(), stop.running.child_token()).await;
    shared.pool.rest(host);
    match answer {
        Ok(LockAnswer::Mine) => leases.hold(host, asked),
        Ok(LockAnswer::Taken) => {
            leases.hold(host, asked);
            let name = &shared.plan.hosts[host].name;
            let message =
                format!("the lock on {name} was stale, of a run that has not renewed it, and is this run's now");
            shared.send(Message::Warned { message });
        }
        Ok(answer @ (LockAnswer::Held(_) | LockAnswer::Foreign(_) | LockAnswer::Stuck(_))) => {
            leases.end(host);
            return Some(answer.says());
        }
        Ok(answer) => leases.refuse(host, no_lock(&answer.says()), false),
        Err(error) => leases.refuse(host, no_lock(&error.to_string()), true),
    }
    None
}

fn no_lock(why: &str) -> Unreachable {
    let reason = format!("the lock on the host cannot be taken: {why}");
    Unreachable { phase: Phase::Local, reason, hint: None, transient: false }
}

/// Renews the locks until they are ended. That one was taken away is reported.
pub(crate) async fn keep_all(shared: &Shared, stop: &Stop) {
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.tick().await;
    let beats = async {
        loop {
            heartbeat.tick().await;
            let held = shared.locks.leases.held();
            let round = stream::iter(held).for_each_concurrent(AT_ONCE, |host| keep(shared, host, stop));
            // Hosts that are hard to reach must not hold up those that are not.
            _ = timeout(HEARTBEAT, round).await;
        }
    };
    tokio::select! {
        () = beats => {}
        () = shared.locks.over.cancelled() => {}
    }
}

async fn keep(shared: &Shared, host: usize, stop: &Stop) {
    // One that is not reached keeps its lock for as long as it counts, and is asked again at the next heartbeat.
    let Ok(got) = shared.pool.get(host, &|| {}).await else { return };
    shared.tell_connected(host, got.new);
    let asked = Instant::now();
    let answer = script::ask(&*got.remote, Act::Keep, &shared.locks.words(), stop.running.child_token()).await;
    shared.pool.rest(host);
    match answer {
        Ok(LockAnswer::Mine) => shared.locks.leases.hold(host, asked),
        Ok(answer @ (LockAnswer::Held(_) | LockAnswer::Foreign(_) | LockAnswer::Gone)) => {
            shared.locks.leases.lose(host);
            let by = match answer {
                LockAnswer::Gone => "somebody removed it".to_owned(),
                answer => format!("held by {}", answer.says()),
            };
            shared.send(Message::LockLost { host: shared.plan.hosts[host].name.clone(), by });
        }
        // What is not answered is asked again.
        _ => {}
    }
}

/// Ends the locks for good, within this time, and tells what went wrong.
pub(crate) async fn end_all(shared: &Shared, limit: Duration) -> Vec<String> {
    shared.locks.over.cancel();
    let hosts = shared.locks.leases.in_question();
    let cancel = CancellationToken::new();
    let ended = timeout(limit, end_those(shared, hosts, &cancel)).await;
    let left = shared.locks.leases.in_question();
    for &host in shared.locks.wanted() {
        shared.pool.release(host);
    }
    if ended.is_ok() && left.is_empty() {
        return Vec::new();
    }
    let names: Vec<_> = left.iter().take(5).map(|&host| shared.plan.hosts[host].name.as_str()).collect();
    let more = if left.len() > names.len() { format!(" and {} more", left.len() - names.len()) } else { String::new() };
    vec![format!(
        "the lock on {}{more} could not be ended; others can take it over in {} minutes, or end it with `runsheet lock break {}`",
        names.join(", "),
        script::STALE_MINUTES,
        shared.run,
    )]
}

async fn end_those(shared: &Shared, hosts: Vec<usize>, cancel: &CancellationToken) {
    stream::iter(hosts)
        .for_each_concurrent(AT_ONCE, async |host| {
            let Ok(got) = shared.pool.get(host, &|| {}).await else { return };
            shared.tell_connected(host, got.new);
            let answer = script::ask(&*got.remote, Act::End, &shared.locks.words(), cancel.child_token()).await;
            shared.pool.rest(host);
            // One that is somebody else's, or nobody's, is not ours to end.
            if matches!(answer, Ok(LockAnswer::Ended | LockAnswer::Gone | LockAnswer::Held(_) | LockAnswer::Foreign(_)))
            {
                shared.locks.leases.end(host);
            }
        })
        .await;
}

/// Ends the lock of a run on a host, whoever's run it is. For `runsheet lock break`.
pub async fn end_lock(remote: &dyn Remote, run: RunId, folder: Option<&str>) -> Result<LockAnswer, RemoteError> {
    script::ask(remote, Act::End, &Words { run, folder, holder: "" }, CancellationToken::new()).await
}
