//! What the tests have in common: an sshd, a connector that is on good terms with it, and somebody who takes output.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use runsheet_model::{Endpoint, Hop, HostKeyMode, HostKeys, HostName, Secret, Stream};
use runsheet_ssh::{SshConnector, SshSettings};
use runsheet_task::{Connected, Connector, ExecEnd, ExecRequest, Exit, Limits, Output, Remote, RemoteError};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::sshd::Sshd;

/// Longer than anything takes that goes well.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// How a test's sshd is reached at one of its addresses.
pub(crate) fn hop(sshd: &Sshd, address: &str) -> Hop {
    Hop {
        address: address.to_owned(),
        port: sshd.port(),
        user: sshd.user().to_owned(),
        identities: Arc::from([sshd.identity()]),
        identities_only: true,
        agent: None,
        host_keys: host_keys(HostKeyMode::Strict, sshd.known_hosts()),
        host_key_alias: None,
        certificates: Arc::default(),
        proxy_command: None,
        options: Arc::default(),
    }
}

/// The same behind something that carries its bytes.
pub(crate) fn behind(sshd: &Sshd, proxy: SocketAddr) -> Endpoint {
    let alias = Some(format!("[127.0.0.1]:{}", sshd.port()));
    endpoint(Hop { port: proxy.port(), host_key_alias: alias, ..hop(sshd, &proxy.ip().to_string()) })
}

pub(crate) fn host_keys(mode: HostKeyMode, file: PathBuf) -> Arc<HostKeys> {
    Arc::new(HostKeys { mode, user_files: vec![file], global_files: Vec::new() })
}

pub(crate) fn endpoint(target: Hop) -> Endpoint {
    Endpoint {
        host: HostName::new("web1").expect("a name"),
        target,
        jumps: Vec::new(),
        connect_timeout: Duration::from_secs(30),
    }
}

pub(crate) fn connector() -> SshConnector {
    SshConnector::new(SshSettings::default())
}

pub(crate) async fn connect(sshd: &Sshd) -> Connected {
    connector().connect(&endpoint(hop(sshd, "127.0.0.1"))).await.expect("sshd lets its own key in")
}

/// Keeps all output.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) out: Vec<u8>,
    pub(crate) err: Vec<u8>,
}

impl Output for Kept {
    fn chunk(&mut self, stream: Stream, bytes: &[u8]) {
        match stream {
            Stream::Out => self.out.extend_from_slice(bytes),
            Stream::Err => self.err.extend_from_slice(bytes),
        }
    }
}

/// Tells that a command has said something.
pub(crate) struct FireAtOutput(pub(crate) CancellationToken);

impl Output for FireAtOutput {
    fn chunk(&mut self, _: Stream, _: &[u8]) {
        self.0.cancel();
    }
}

pub(crate) fn limits(limit: Duration) -> Limits {
    Limits { deadline: Instant::now() + limit, limit, cancel: CancellationToken::new() }
}

pub(crate) fn request(command: &str) -> ExecRequest {
    ExecRequest {
        command: command.to_owned(),
        recorded: None,
        on_local: None,
        as_user: None,
        stdin: None,
        pty: false,
        quiet: false,
        limits: limits(PATIENCE),
    }
}

pub(crate) fn fed(command: &str, stdin: Vec<u8>) -> ExecRequest {
    ExecRequest { stdin: Some(Secret::new(stdin)), ..request(command) }
}

/// Runs a command and returns how it ended and what it wrote.
pub(crate) async fn run(remote: &dyn Remote, request: &ExecRequest) -> (Result<ExecEnd, RemoteError>, Kept) {
    let mut kept = Kept::default();
    let end = remote.exec(request, &mut kept).await;
    (end, kept)
}

/// What a command wrote that is expected to end well.
pub(crate) async fn stdout(remote: &dyn Remote, command: &str) -> String {
    let (end, kept) = run(remote, &request(command)).await;
    let end = end.unwrap_or_else(|error| panic!("`{command}`: {error}"));
    assert_eq!(end.exit, Exit::Status(0), "{}", String::from_utf8_lossy(&kept.err));
    String::from_utf8(kept.out).expect("text")
}

/// The SHA-256 of some bytes, in hexadecimal, as `sha256sum` prints it.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
