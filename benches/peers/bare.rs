use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::iter;
use runsheet_model::{Endpoint, Hop, HostKeyMode, HostKeys, HostName, Stream};
use runsheet_ssh::{SshConnector, SshSettings};
use runsheet_task::{Connector, ExecRequest, Exit, Limits, Output};
use tokio::runtime::Runtime;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The first argument of a process that is the bare transport.
pub(crate) const WORD: &str = "be-bare";

/// How many handshakes run at once; what runsheet finds by itself on two cores.
const AT_ONCE: usize = 32;

/// Longer than anything takes that goes well.
const PATIENCE: Duration = Duration::from_mins(1);

/// Runs `true` on all hosts through runsheet's own SSH client, and nothing else: no plan, no record, no display. The words are those of
/// the other scripts: port, user, key, the file of the hosts, the file of their keys.
pub(crate) fn run(words: &[String]) {
    let [port, user, identity, hosts, known] = words else { panic!("it is told five words, not {words:?}") };
    let port = port.parse().expect("a port");
    let host_keys =
        HostKeys { mode: HostKeyMode::Strict, user_files: vec![PathBuf::from(known)], global_files: Vec::new() };
    let host_keys = Arc::new(host_keys);
    let hosts = fs::read_to_string(hosts).expect("the hosts");
    let endpoints: Vec<_> = hosts
        .lines()
        .map(|address| Endpoint {
            host: HostName::new(address).expect("a name"),
            target: Hop {
                address: address.to_owned(),
                port,
                user: user.clone(),
                identities: Arc::from([PathBuf::from(identity)]),
                identities_only: true,
                agent: None,
                certificates: Arc::default(),
                host_keys: Arc::clone(&host_keys),
                host_key_alias: None,
                proxy_command: None,
                options: Arc::default(),
            },
            jumps: Vec::new(),
            connect_timeout: PATIENCE,
        })
        .collect();
    let connector = SshConnector::new(SshSettings::default());
    let all = iter(&endpoints).map(|endpoint| one(&connector, endpoint)).buffer_unordered(AT_ONCE).collect::<Vec<_>>();
    let done = Runtime::new().expect("a runtime").block_on(all);
    assert_eq!(done.len(), endpoints.len());
}

async fn one(connector: &SshConnector, endpoint: &Endpoint) {
    let remote = connector.connect(endpoint).await.expect("a connection").remote;
    let request = ExecRequest {
        command: "true".to_owned(),
        recorded: None,
        on_local: None,
        as_user: None,
        stdin: None,
        pty: false,
        quiet: false,
        limits: Limits { deadline: Instant::now() + PATIENCE, limit: PATIENCE, cancel: CancellationToken::new() },
    };
    let end = remote.exec(&request, &mut Nowhere).await.expect("an end");
    assert_eq!(end.exit, Exit::Status(0));
    remote.close().await;
}

struct Nowhere;

impl Output for Nowhere {
    fn chunk(&mut self, _: Stream, _: &[u8]) {}
}
