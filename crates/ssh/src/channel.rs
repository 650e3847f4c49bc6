use std::sync::Arc;
use std::time::Duration;

use runsheet_model::{Phase, Unreachable};
use runsheet_task::{Limits, RemoteError};
use russh::client::Msg;
use russh::{Channel, ChannelOpenFailure, ChannelReadHalf, ChannelWriteHalf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::link::{CHANNELS, Link};
use crate::server_text::server_text;
use crate::settings::Deadlines;
use crate::spare;
use crate::unreachable::{for_good, for_now, with_hint};

/// Between two tries to open a channel.
const PAUSE: Duration = Duration::from_millis(50);

/// The longest of them, while channels of ours are open.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// How often it is tried where no channel of ours can be the reason.
const TRIES_ALONE: u32 = 5;

/// A channel for one command. It closes itself when it is dropped.
pub(crate) struct CommandChannel {
    pub(crate) read: ChannelReadHalf,
    write: Arc<ChannelWriteHalf<Msg>>,
    place: Arc<OwnedSemaphorePermit>,
}

impl CommandChannel {
    /// Opens one, waiting for a place if all are in use. Whatever goes wrong here, nothing was started.
    pub(crate) async fn open(link: &Arc<Link>, deadlines: &Deadlines, limits: &Limits) -> Result<Self, RemoteError> {
        open(link, deadlines, limits, async |channel, slot| {
            let (read, write) = channel.split();
            Ok(Self { read, write: Arc::new(write), place: Arc::new(slot) })
        })
        .await
    }

    /// The half to write to. Waiting for it must never keep anybody from reading: the session stands still while a
    /// channel is full, and a write would then wait for ever.
    pub(crate) fn writer(&self) -> Arc<ChannelWriteHalf<Msg>> {
        Arc::clone(&self.write)
    }

    /// Its place among the channels of its connection. Nobody else gets it while it is held.
    pub(crate) fn place(&self) -> Arc<OwnedSemaphorePermit> {
        Arc::clone(&self.place)
    }
}

impl Drop for CommandChannel {
    /// russh sends nothing for a channel that is only dropped; ten of those use up all the sessions that sshd allows on a
    /// connection.
    fn drop(&mut self) {
        let write = Arc::clone(&self.write);
        let place = self.place();
        // Without a runtime the session has ended, and its channels with it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                // It fails when the connection is down.
                let _ = write.close().await;
                drop(place);
            });
        }
    }
}

/// Opens a session channel, waiting for a place if all are in use, and prepares it. Nothing is started before the
/// preparation, and a channel that was not prepared in time is closed as soon as it is there.
pub(crate) async fn open<T, P, F>(
    link: &Arc<Link>,
    deadlines: &Deadlines,
    limits: &Limits,
    prepare: P,
) -> Result<T, RemoteError>
where
    T: Send + 'static,
    P: FnOnce(Channel<Msg>, OwnedSemaphorePermit) -> F + Send + 'static,
    F: Future<Output = Result<T, RemoteError>> + Send,
{
    before_start(limits, async {
        if link.is_down() {
            return Err(RemoteError::Disconnected);
        }
        let ready = match link.spare().take() {
            Some(ready) => Ready::Spare(ready),
            None => match Arc::clone(link.slots()).acquire_owned().await {
                Ok(place) => Ready::Place(place),
                Err(_) if link.is_spent() => return Err(RemoteError::NotStarted(spent())),
                Err(_) => return Err(RemoteError::Disconnected),
            },
        };
        // A task of its own goes on when nobody waits for it any more, and then drops, which closes, what it opened.
        let opened = tokio::spawn({
            let link = Arc::clone(link);
            let (limit, limits) = (deadlines.channel, limits.clone());
            async move {
                let (channel, place) = match ready {
                    Ready::Spare(ready) => ready,
                    Ready::Place(place) => (open_patiently(&link, limit, &limits).await?, place),
                };
                spare::keep_one(&link, limit);
                match tokio::time::timeout(limit, prepare(channel, place)).await {
                    Ok(prepared) => prepared,
                    Err(_) => Err(not_opened(limit)),
                }
            }
        });
        match opened.await {
            Ok(outcome) => outcome,
            Err(panic) => Err(RemoteError::NotStarted(for_good(Phase::Channel, panic.to_string()))),
        }
    })
    .await
}

/// What there is to begin with.
enum Ready {
    /// A channel that was opened before.
    Spare((Channel<Msg>, OwnedSemaphorePermit)),
    /// The right to open one.
    Place(OwnedSemaphorePermit),
}

/// Opens a channel, and if the host refuses, waits for our other channels to end, for as long as the
/// request's own limits let it. sshd counts one for a moment after it was closed, and for as long as its command runs when nobody waited for
/// the end of that.
async fn open_patiently(link: &Arc<Link>, limit: Duration, limits: &Limits) -> Result<Channel<Msg>, RemoteError> {
    let _waits = link.wait_for_channel();
    let mut alone = 0;
    let mut pause = PAUSE;
    loop {
        let asked = Instant::now();
        let error = match tokio::time::timeout(limit, link.open_session()).await {
            Ok(Ok(channel)) => {
                link.spare().note_round_trip(asked.elapsed());
                return Ok(channel);
            }
            Ok(Err(error)) => error,
            Err(_) => return Err(not_opened(limit)),
        };
        // The one that was opened ahead of need may be what the host counts.
        if let Some((channel, _)) = link.spare().take() {
            return Ok(channel);
        }
        let full = matches!(
            &error,
            russh::Error::ChannelOpenFailure(refusal) if *refusal != ChannelOpenFailure::AdministrativelyProhibited
        );
        if link.has_channels() {
            alone = 0;
        } else {
            alone += 1;
            pause = PAUSE;
        }
        if !full || alone > TRIES_ALONE {
            return Err(open_failure(&error));
        }
        // Whoever gave up meanwhile needs no place any more.
        before_start(limits, async {
            tokio::time::sleep(pause).await;
            Ok(())
        })
        .await?;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

fn not_opened(limit: Duration) -> RemoteError {
    RemoteError::NotStarted(for_now(Phase::Channel, format!("the host did not open a channel within {limit:?}")))
}

/// Waits for what comes before a point of no return, within a request's limits.
pub(crate) async fn before_start<T>(
    limits: &Limits,
    future: impl Future<Output = Result<T, RemoteError>>,
) -> Result<T, RemoteError> {
    tokio::select! {
        biased;
        () = limits.cancel.cancelled() => Err(RemoteError::NotPermitted),
        () = tokio::time::sleep_until(limits.deadline) => {
            let reason = format!("its time of {:?} ran out before it was started", limits.limit);
            Err(RemoteError::NotStarted(for_good(Phase::Channel, reason)))
        }
        outcome = future => outcome,
    }
}

fn open_failure(error: &russh::Error) -> RemoteError {
    match error {
        russh::Error::ChannelOpenFailure(refusal) => RemoteError::NotStarted(refused(refusal)),
        russh::Error::SendError | russh::Error::Disconnect | russh::Error::RecvError => RemoteError::Disconnected,
        other => RemoteError::NotStarted(for_now(Phase::Channel, server_text(&other.to_string()))),
    }
}

/// What becomes of the second command of a task where each needs a connection of its own.
fn spent() -> Unreachable {
    with_hint(
        for_good(Phase::Channel, "the host has one session on a connection, and that was used"),
        "TinySSH does so: a task that runs several commands needs OpenSSH or dropbear there",
    )
}

fn refused(refusal: &ChannelOpenFailure) -> Unreachable {
    match refusal {
        ChannelOpenFailure::AdministrativelyProhibited => {
            for_good(Phase::Channel, "the host forbids sessions on this connection")
        }
        // sshd says the same, whatever the cause; this is the usual one.
        _ => with_hint(
            for_now(
                Phase::Channel,
                "the host refused to open another session on this connection (MaxSessions reached?)",
            ),
            format!("let it have `MaxSessions {CHANNELS}` or more in its sshd_config"),
        ),
    }
}
