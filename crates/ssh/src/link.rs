use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use runsheet_model::{AgentForwarding, Hop};
use russh::client::{Handle, Msg};
use russh::{Channel, Disconnect};
use tokio::sync::{Mutex, Semaphore};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::client::Client;
use crate::forwarding::Forwarding;
use crate::link_state::LinkState;
use crate::software::Software;
use crate::spare::Spare;
use crate::transfer::Sftp;
use crate::variables::Variables;

/// Channels in use at once. sshd allows ten sessions on a connection unless told otherwise (`MaxSessions`).
pub(crate) const CHANNELS: usize = 8;

/// How long a host may take to end the connection after we said goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// A connection on which somebody is logged in. It ends when it is dropped.
pub(crate) struct Link {
    handle: Handle<Client>,
    state: Arc<LinkState>,
    variables: Variables,
    slots: Arc<Semaphore>,
    /// Whether no other session can be opened on it, though it stands.
    is_spent: AtomicBool,
    /// How many of those that have a place wait for the host to open their channel.
    waiting: AtomicUsize,
    spare: Spare,
    sftp: Mutex<Weak<Sftp>>,
    /// The one that is not ended before the connection is.
    kept_sftp: OnceLock<Arc<Sftp>>,
    cut: CancellationToken,
    _cut_on_drop: DropGuard,
    /// The jump host it goes through.
    _via: Option<Arc<Link>>,
}

impl Link {
    /// Takes over a session on which the user of `hop` has logged in.
    pub(crate) fn new(
        handle: Handle<Client>,
        state: Arc<LinkState>,
        cut: CancellationToken,
        hop: &Hop,
        via: Option<Arc<Self>>,
    ) -> Arc<Self> {
        if hop.options.forward_agent == AgentForwarding::Allowed
            && let Some(agent) = &hop.agent
        {
            state.forward(Forwarding::new(agent.clone(), handle.agent_session_binding().cloned()));
        }
        Arc::new(Self {
            handle,
            variables: Variables::new(Arc::clone(&hop.options)),
            slots: Arc::new(Semaphore::new(state.software().sessions())),
            state,
            is_spent: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            spare: Spare::default(),
            sftp: Mutex::default(),
            kept_sftp: OnceLock::new(),
            _cut_on_drop: cut.clone().drop_guard(),
            cut,
            _via: via,
        })
    }

    pub(crate) fn is_down(&self) -> bool {
        self.state.is_down() || self.handle.is_closed()
    }

    /// Whether no other session can be opened on it, though it stands.
    pub(crate) fn is_spent(&self) -> bool {
        self.is_spent.load(Ordering::Acquire)
    }

    pub(crate) fn state(&self) -> &Arc<LinkState> {
        &self.state
    }

    pub(crate) fn slots(&self) -> &Arc<Semaphore> {
        &self.slots
    }

    /// Counts somebody who waits for the host to open a channel, until that is dropped.
    pub(crate) fn wait_for_channel(&self) -> WaitsForChannel<'_> {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        WaitsForChannel(&self.waiting)
    }

    /// Whether a channel of ours is open.
    pub(crate) fn has_channels(&self) -> bool {
        let in_use = self.state.software().sessions().saturating_sub(self.slots.available_permits());
        in_use > self.waiting.load(Ordering::Acquire)
    }

    /// What commands get of ssh_config's variables.
    pub(crate) fn variables(&self) -> &Variables {
        &self.variables
    }

    /// The channel that is opened before it is needed.
    pub(crate) fn spare(&self) -> &Spare {
        &self.spare
    }

    /// The SFTP session that is under way on it, if there is one.
    pub(crate) fn sftp(&self) -> &Mutex<Weak<Sftp>> {
        &self.sftp
    }

    /// Has an SFTP session last as long as the connection.
    pub(crate) fn keep_sftp(&self, sftp: Arc<Sftp>) {
        // The first one stays.
        let _ = self.kept_sftp.set(sftp);
    }

    pub(crate) async fn open_session(&self) -> Result<Channel<Msg>, russh::Error> {
        let channel = self.handle.channel_open_session().await?;
        if self.state.software() == Software::TinySsh {
            self.is_spent.store(true, Ordering::Release);
            // Nobody need wait for a place.
            self.slots.close();
        }
        if self.state.forwarding().is_some() {
            // A host that does not want it (`AllowAgentForwarding no`) does without, as with ssh.
            channel.agent_forward(false).await?;
        }
        Ok(channel)
    }

    pub(crate) async fn open_tcp(&self, address: &str, port: u16) -> Result<Channel<Msg>, russh::Error> {
        // Who it is for is nothing that a jump host needs to know.
        self.handle.channel_open_direct_tcpip(address, port.into(), "127.0.0.1", 0).await
    }

    /// Says goodbye and ends the connection.
    pub(crate) async fn close(&self) {
        let goodbye = async {
            // It fails when the connection is down already.
            let _ = self.handle.disconnect(Disconnect::ByApplication, "", "").await;
            self.state.ended().await;
        };
        // Whoever does not say goodbye in time is cut off.
        let _ = tokio::time::timeout(GOODBYE, goodbye).await;
        self.cut.cancel();
    }
}

/// Somebody who waits for the host to open a channel.
pub(crate) struct WaitsForChannel<'a>(&'a AtomicUsize);

impl Drop for WaitsForChannel<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
