use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use runsheet_model::{Endpoint, Hop, Phase, Unreachable};
use runsheet_practice::{Fault, Fleet};
use runsheet_ssh::SshConnector;
use runsheet_task::{
    BootId, Connected, Connector, Download, ExecEnd, ExecRequest, Limits, Output, Remote, RemoteError, SignsOfLife,
    Transfer, Upload,
};
use tokio::time::{Instant, sleep, timeout};

use crate::script::Script;

/// How long a host may say nothing before it is given up, in the time of the run; as `runsheet_ssh` has it.
const SILENCE: Duration = Duration::from_secs(10);

/// The practice hosts, each by the position of the host that it stands for.
pub(crate) struct Cast {
    fleet: Fleet,
    /// How often something has struck each that concerns connecting. A connection from before is none any more.
    strikes: Vec<Arc<AtomicUsize>>,
    silent: Vec<AtomicBool>,
}

impl Cast {
    pub(crate) fn new(fleet: Fleet) -> Self {
        let strikes = fleet.hosts().iter().map(|_| Arc::default()).collect();
        let silent = fleet.hosts().iter().map(|_| AtomicBool::default()).collect();
        Self { fleet, strikes, silent }
    }

    pub(crate) fn into_fleet(self) -> Fleet {
        self.fleet
    }

    /// Has a host misbehave from now on towards those who connect, and those who are connected connect anew.
    pub(crate) fn strike(&self, host: usize, fault: Fault) {
        self.silent[host].store(fault == Fault::Silent, Ordering::Release);
        self.fleet.hosts()[host].set_fault(Some(fault));
        self.strikes[host].fetch_add(1, Ordering::AcqRel);
    }
}

/// Connects to practice hosts, and to nobody else.
pub(crate) struct ToTheCast {
    pub(crate) ssh: SshConnector,
    pub(crate) script: Arc<Script>,
    pub(crate) cast: Arc<Cast>,
}

#[async_trait]
impl Connector for ToTheCast {
    async fn connect(&self, endpoint: &Endpoint) -> Result<Connected, Unreachable> {
        self.connect_in_sight(endpoint, &SignsOfLife::default()).await
    }

    async fn connect_in_sight(&self, endpoint: &Endpoint, signs: &SignsOfLife) -> Result<Connected, Unreachable> {
        refuse_elsewhere(endpoint)?;
        let host = self.script.host(&endpoint.host).ok_or_else(elsewhere)?;
        let Script { plan, times, pace, .. } = &*self.script;
        let strikes = self.cast.strikes[host].clone();
        let before = strikes.load(Ordering::Acquire);
        let started = Instant::now();
        let connecting = self.ssh.connect_in_sight(endpoint, signs);
        let connected = if self.cast.silent[host].load(Ordering::Acquire) {
            timeout(pace.to_wait(SILENCE), connecting).await.map_err(|_| silent())?
        } else {
            connecting.await
        };
        // What it takes this machine to connect is part of what it takes.
        let left = pace.to_wait(times.connecting(plan, host)).saturating_sub(started.elapsed());
        if !left.is_zero() {
            sleep(left).await;
        }
        let connected = connected.map_err(|unreachable| in_character(unreachable, endpoint))?;
        let remote = Arc::new(OnStage { inner: connected.remote, strikes, before });
        Ok(Connected { remote, took: started.elapsed(), ..connected })
    }
}

/// Refuses whatever is not a loopback address reached directly: a rehearsal touches no real host, whatever went wrong before this.
pub(crate) fn refuse_elsewhere(endpoint: &Endpoint) -> Result<(), Unreachable> {
    let target = &endpoint.target;
    let here = target.address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let directly = endpoint.jumps.is_empty() && target.proxy_command.is_none() && target.agent.is_none();
    if here && directly { Ok(()) } else { Err(elsewhere()) }
}

/// Tells what went wrong of the host that is played: nobody knows the address of the practice host, and what would help with that
/// one is no advice.
fn in_character(mut unreachable: Unreachable, endpoint: &Endpoint) -> Unreachable {
    let Hop { address, port, .. } = &endpoint.target;
    let name = endpoint.host.as_str();
    for practice in [format!("[{address}]:{port}"), format!("{address}:{port}"), address.clone()] {
        unreachable.reason = unreachable.reason.replace(&practice, name);
    }
    unreachable.hint = None;
    unreachable
}

fn elsewhere() -> Unreachable {
    Unreachable {
        phase: Phase::Local,
        reason: "a rehearsal connects to practice hosts only".to_owned(),
        hint: None,
        transient: false,
    }
}

fn silent() -> Unreachable {
    Unreachable {
        phase: Phase::Handshake,
        reason: format!("it did not say that it speaks SSH within {SILENCE:?}"),
        hint: None,
        transient: false,
    }
}

/// A practice host that is connected.
struct OnStage {
    inner: Arc<dyn Remote>,
    strikes: Arc<AtomicUsize>,
    before: usize,
}

#[async_trait]
impl Remote for OnStage {
    async fn exec(&self, request: &ExecRequest, output: &mut dyn Output) -> Result<ExecEnd, RemoteError> {
        self.inner.exec(request, output).await
    }

    async fn put(&self, upload: &Upload, limits: &Limits) -> Result<Transfer, RemoteError> {
        self.inner.put(upload, limits).await
    }

    async fn put_all(&self, uploads: &[Upload], limits: &Limits) -> Result<u64, RemoteError> {
        self.inner.put_all(uploads, limits).await
    }

    async fn get(&self, download: &Download, limits: &Limits) -> Result<Transfer, RemoteError> {
        self.inner.get(download, limits).await
    }

    fn is_alive(&self) -> bool {
        self.strikes.load(Ordering::Acquire) == self.before && self.inner.is_alive()
    }

    /// Nothing: this machine's own would be told, and a rehearsal starts no host anew.
    fn boot(&self) -> Option<BootId> {
        None
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use runsheet_model::HostName;

    use super::*;

    fn endpoint(address: &str) -> Endpoint {
        let mut endpoint = Endpoint::local(HostName::new("web1").expect("a name"));
        endpoint.target.address = address.to_owned();
        endpoint
    }

    #[test]
    fn only_loopback_addresses_reached_directly_are_taken() {
        assert_eq!(refuse_elsewhere(&endpoint("127.77.1.2")), Ok(()));
        assert_eq!(refuse_elsewhere(&endpoint("::1")), Ok(()));
        // A name may lead anywhere, `localhost` too.
        for address in ["10.0.0.1", "web1.example.com", "localhost", "0.0.0.0", "", "127.0.0.1.example.com", "::"] {
            assert!(refuse_elsewhere(&endpoint(address)).is_err(), "{address}");
        }
        let mut jumping = endpoint("127.77.1.2");
        jumping.jumps.push(jumping.target.clone());
        let mut proxied = endpoint("127.77.1.2");
        proxied.target.proxy_command = Some("nc web1 22".to_owned());
        let mut with_agent = endpoint("127.77.1.2");
        with_agent.target.agent = Some(PathBuf::from("/run/agent"));
        for endpoint in [jumping, proxied, with_agent] {
            assert!(refuse_elsewhere(&endpoint).is_err());
        }
    }
}
