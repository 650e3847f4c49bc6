use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use russh::Channel;
use russh::client::Msg;
use russh::keys::agent::AgentSessionBinding;
use russh::keys::agent::client::AgentClient;
use tokio::net::UnixStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections of one host to the agent at once.
const AT_ONCE: usize = 8;

/// How long the agent may take to hear for whom it is.
const LIMIT: Duration = Duration::from_secs(10);

/// The agent, for a host that may use it as long as it is connected (`ForwardAgent`, where `runsheet.yaml` allows it).
#[derive(Debug)]
pub(crate) struct Forwarding {
    socket: PathBuf,
    /// What tells the agent which host asks, so that a key that is meant for some hosts only is of no use to others.
    binding: Option<AgentSessionBinding>,
    places: Arc<Semaphore>,
}

impl Forwarding {
    pub(crate) fn new(socket: PathBuf, binding: Option<AgentSessionBinding>) -> Self {
        Self { socket, binding, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Takes a place for one connection; `None` where the host has too many.
    pub(crate) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Carries what the host and the agent say to each other, until one of them ends it. A channel that is dropped is closed.
    pub(crate) async fn carry(&self, channel: Channel<Msg>, place: OwnedSemaphorePermit) {
        let mut host = channel.into_stream();
        let greeting = async {
            let mut agent = AgentClient::connect(UnixStream::connect(&self.socket).await.ok()?);
            if let Some(binding) = &self.binding {
                // Agents other than OpenSSH's do not know it, and hold no keys that are meant for some hosts only.
                let _ = agent.bind_session(binding, true).await;
            }
            Some(agent.into_inner())
        };
        if let Ok(Some(mut agent)) = tokio::time::timeout(LIMIT, greeting).await {
            // It is for the host to find out that it was cut short.
            let _ = tokio::io::copy_bidirectional(&mut host, &mut agent).await;
        }
        drop(place);
    }
}
