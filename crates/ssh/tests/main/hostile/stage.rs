//! What the tests have in common: a hostile host that somebody could log in on, and somebody who is patient for a moment only.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use runsheet_hostile::{HostileHost, Peer};
use runsheet_model::{Endpoint, Hop, HostKeyMode, HostKeys, HostName, Stream, Unreachable};
use runsheet_ssh::{Deadlines, Keepalive, SshConnector, SshSettings};
use runsheet_task::{Connected, Connector, ExecEnd, ExecRequest, Limits, Output, Remote, RemoteError};
use russh::keys::key::safe_rng;
use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey};
use tempfile::TempDir;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::rig;

/// How long a command may take unless a test says otherwise.
pub(crate) const LIMIT: Duration = Duration::from_secs(2);

/// Longer than all of a connection may take here together.
pub(crate) const ALL: Duration = Duration::from_secs(20);

/// A hostile host, with a key and a known_hosts that are right for it.
pub(crate) struct Stage {
    pub(crate) host: HostileHost,
    folder: TempDir,
}

impl Stage {
    pub(crate) async fn new<S, F>(script: S) -> Self
    where
        S: Fn(Peer) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        Self::with(HostileHost::start(script).await.expect("a hostile host"))
    }

    pub(crate) fn with(host: HostileHost) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let key = PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).expect("a key");
        key.write_openssh_file(folder.path().join("identity"), LineEnding::LF).expect("written");
        fs::write(folder.path().join("known_hosts"), host.known_hosts_line()).expect("written");
        Self { host, folder }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn known_hosts(&self) -> PathBuf {
        self.folder().join("known_hosts")
    }

    /// How the host is reached.
    pub(crate) fn endpoint(&self) -> Endpoint {
        self.endpoint_at(self.host.address())
    }

    /// How it is reached at another address, as which it is not on record.
    pub(crate) fn endpoint_at(&self, address: SocketAddr) -> Endpoint {
        let alias = format!("[{}]:{}", self.host.address().ip(), self.host.address().port());
        endpoint(Hop {
            address: address.ip().to_string(),
            port: address.port(),
            user: "nobody".to_owned(),
            identities: Arc::from([self.folder().join("identity")]),
            identities_only: true,
            agent: None,
            host_keys: Arc::new(HostKeys {
                mode: HostKeyMode::Strict,
                user_files: vec![self.known_hosts()],
                global_files: Vec::new(),
            }),
            host_key_alias: Some(alias),
            certificates: Arc::default(),
            proxy_command: None,
            options: Arc::default(),
        })
    }

    pub(crate) async fn connect(&self) -> Result<Connected, Unreachable> {
        impatient().connect(&self.endpoint()).await
    }

    /// Connects and runs a command.
    pub(crate) async fn run(&self) -> (Result<ExecEnd, RemoteError>, Kept) {
        run_at(&impatient(), &self.endpoint()).await
    }
}

/// Connects, runs a command and says how that ended. What could not be connected was not started.
pub(crate) async fn run_at(connector: &SshConnector, endpoint: &Endpoint) -> (Result<ExecEnd, RemoteError>, Kept) {
    let mut kept = Kept::default();
    let work = async {
        let connected = connector.connect(endpoint).await.map_err(RemoteError::NotStarted)?;
        connected.remote.exec(&request("work"), &mut kept).await
    };
    let end = tokio::time::timeout(ALL, work).await.expect("it ends by itself");
    (end, kept)
}

pub(crate) fn endpoint(target: Hop) -> Endpoint {
    Endpoint {
        host: HostName::new("web1").expect("a name"),
        target,
        jumps: Vec::new(),
        connect_timeout: Duration::from_secs(10),
    }
}

/// Waits no longer than a test can.
pub(crate) fn impatient() -> SshConnector {
    SshConnector::new(impatience())
}

pub(crate) fn impatience() -> SshSettings {
    SshSettings {
        deadlines: Deadlines {
            banner: Duration::from_secs(1),
            kex: Duration::from_secs(1),
            auth: Duration::from_secs(1),
            channel: Duration::from_secs(1),
            drain_idle: Duration::from_millis(200),
            drain_total: Duration::from_secs(1),
            term_grace: Duration::from_millis(100),
            kill_grace: Duration::from_millis(100),
            sftp: Duration::from_secs(1),
            ..Deadlines::default()
        },
        keepalive: Keepalive { interval: Duration::from_secs(1), unanswered: 2 },
    }
}

pub(crate) fn request(command: &str) -> ExecRequest {
    ExecRequest { limits: limits(LIMIT), ..rig::request(command) }
}

pub(crate) fn limits(limit: Duration) -> Limits {
    Limits { deadline: Instant::now() + limit, limit, cancel: CancellationToken::new() }
}

/// Runs a command on a host that is connected.
pub(crate) async fn run(remote: &dyn Remote) -> (Result<ExecEnd, RemoteError>, Kept) {
    let mut kept = Kept::default();
    let request = request("work");
    let work = remote.exec(&request, &mut kept);
    let end = tokio::time::timeout(ALL, work).await.expect("it ends by itself");
    (end, kept)
}

/// Whether a text may be printed: one short line, without anything that drives a terminal.
pub(crate) fn is_safe(text: &str) -> bool {
    text.chars().count() < 3_000 && !text.chars().any(|c| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}'))
}

/// Keeps the beginning of all output, and counts the rest.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) out: Vec<u8>,
    pub(crate) err: Vec<u8>,
    pub(crate) bytes: u64,
}

impl Output for Kept {
    fn chunk(&mut self, stream: Stream, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let kept = match stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
        };
        let room = 64 * 1024 - kept.len();
        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// How much memory this process holds at most, from here on.
pub(crate) struct Memory {
    before: u64,
}

impl Memory {
    pub(crate) fn now() -> Self {
        // The most so far becomes what there is now (proc(5)).
        fs::write("/proc/self/clear_refs", "5").expect("the mark can be set anew");
        Self { before: peak() }
    }

    /// Fails if it has grown by more than so many MiB at any moment since.
    #[track_caller]
    pub(crate) fn has_grown_by_less_than(&self, most: u64, what: &str) {
        let grown = peak().saturating_sub(self.before) / 1024;
        assert!(grown < most, "{what}: the process grew by {grown} MiB");
    }
}

/// The most memory that was held, in KiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("what the kernel knows of us");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line about memory");
    line.trim_end_matches("kB").trim().parse().expect("a number")
}
