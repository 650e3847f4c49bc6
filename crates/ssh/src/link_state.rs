use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use runsheet_model::{LostReason, Mask};
use runsheet_task::BootId;
use tokio_util::sync::CancellationToken;

use crate::forwarding::Forwarding;
use crate::server_text::server_text;
use crate::software::Software;

/// The session ends its channels a moment before it says why it ended.
const REASON_LIMIT: Duration = Duration::from_secs(1);

/// What is known of a connection from the outside: whether it still stands, and if not why.
#[derive(Default)]
pub(crate) struct LinkState {
    down: CancellationToken,
    why: OnceLock<Down>,
    banner: Mutex<Option<String>>,
    mask: Mask,
    forwarding: OnceLock<Arc<Forwarding>>,
    software: OnceLock<Software>,
    boot: OnceLock<BootId>,
}

/// Why a connection ended.
#[derive(Debug)]
pub(crate) struct Down {
    /// How a command that was running is told about it.
    pub(crate) reason: LostReason,
    /// What was said about it, in words that are safe to print.
    pub(crate) text: String,
}

impl LinkState {
    /// Makes one of a connection that stands. What the host says is masked, for it may say what it was told.
    pub(crate) fn new(mask: Mask) -> Self {
        Self { mask, ..Self::default() }
    }

    /// Lets the host use the agent from now on.
    pub(crate) fn forward(&self, forwarding: Forwarding) {
        // A session has one login.
        let _ = self.forwarding.set(Arc::new(forwarding));
    }

    /// The agent, where the host may use it.
    pub(crate) fn forwarding(&self) -> Option<&Arc<Forwarding>> {
        self.forwarding.get()
    }

    /// Takes note of how the host's software calls itself.
    pub(crate) fn set_software(&self, identification: &[u8]) {
        // It says so once, before the first keys.
        let _ = self.software.set(Software::of(identification));
    }

    pub(crate) fn software(&self) -> Software {
        self.software.get().copied().unwrap_or_default()
    }

    pub(crate) fn is_down(&self) -> bool {
        self.down.is_cancelled()
    }

    pub(crate) fn why(&self) -> Option<&Down> {
        self.why.get()
    }

    /// Waits until the session has ended.
    pub(crate) async fn ended(&self) {
        self.down.cancelled().await;
    }

    /// Returns why the session ended, once its channels are gone.
    pub(crate) async fn lost(&self) -> LostReason {
        // If it does not end in time then it is closed for us all the same.
        let _ = tokio::time::timeout(REASON_LIMIT, self.ended()).await;
        self.why().map_or(LostReason::ConnectionClosed, |down| down.reason)
    }

    /// Takes note that the host said goodbye.
    pub(crate) fn host_left(&self, message: &str) {
        self.set(LostReason::ConnectionClosed, &server_text(message));
    }

    /// Takes note of what broke the session.
    pub(crate) fn broke(&self, error: &russh::Error) {
        let silent = match error {
            russh::Error::KeepaliveTimeout | russh::Error::InactivityTimeout => true,
            russh::Error::IO(error) => error.kind() == io::ErrorKind::TimedOut,
            _ => false,
        };
        let reason = if silent { LostReason::PeerSilent } else { LostReason::ConnectionClosed };
        self.set(reason, &server_text(&error.to_string()));
    }

    /// Takes note that the session is over.
    pub(crate) fn end(&self) {
        self.down.cancel();
    }

    /// Takes note of which start of the host this is. A connection outlives none.
    pub(crate) fn set_boot(&self, boot: Option<BootId>) {
        if let Some(boot) = boot {
            // A host that says another one later lies.
            let _ = self.boot.set(boot);
        }
    }

    /// Which start of the host this is, once a command has told.
    pub(crate) fn boot(&self) -> Option<&BootId> {
        self.boot.get()
    }

    pub(crate) fn set_banner(&self, said: &str) {
        *self.banner.lock().unwrap_or_else(PoisonError::into_inner) = Some(server_text(said));
    }

    /// What the host said to whoever logs in, made safe to print.
    pub(crate) fn banner(&self) -> Option<String> {
        self.banner.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, reason: LostReason, text: &str) {
        let text = self.mask.text(text);
        tracing::debug!(?reason, text, "connection ended");
        // The first reason is the cause; what follows from it comes later.
        let _ = self.why.set(Down { reason, text });
    }
}
