use std::collections::HashMap;
use std::sync::Arc;

use runsheet_model::Phase;
use runsheet_task::{Limits, RemoteError};
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelStream};
use russh_sftp::client::{Config, RawSftpSession};
use tokio::sync::OwnedSemaphorePermit;

use crate::channel::{before_start, open};
use crate::link::Link;
use crate::settings::Deadlines;
use crate::software::Software;
use crate::unreachable::{for_good, for_now, with_hint};

/// An SFTP session on a channel of its own, shared by all who transfer something at the same time. It ends when the last of them
/// lets go of it.
pub(crate) struct Sftp {
    pub(crate) raw: Arc<RawSftpSession>,
    extensions: HashMap<String, String>,
    /// None where it is kept beside the sessions for commands.
    _slot: Option<OwnedSemaphorePermit>,
}

impl Sftp {
    /// Gives the one that is under way on a connection, or starts one. Whatever goes wrong here, no file was touched.
    pub(crate) async fn of(link: &Arc<Link>, deadlines: &Deadlines, limits: &Limits) -> Result<Arc<Self>, RemoteError> {
        let mut shared = before_start(limits, async { Ok(link.sftp().lock().await) }).await?;
        // The end of a session can harm the one that is begun next.
        let kept = link.state().software() == Software::Dropbear;
        if let Some(sftp) = shared.upgrade().filter(|_| !link.is_down())
            && (!kept || before_start(limits, async { Ok(sftp.answers().await) }).await?)
        {
            return Ok(sftp);
        }
        let sftp = Self::start(link, deadlines, limits).await?;
        let sftp = Arc::new(if kept { Self { _slot: None, ..sftp } } else { sftp });
        *shared = Arc::downgrade(&sftp);
        if kept {
            link.keep_sftp(Arc::clone(&sftp));
        }
        Ok(sftp)
    }

    pub(super) async fn start(link: &Arc<Link>, deadlines: &Deadlines, limits: &Limits) -> Result<Self, RemoteError> {
        let (stream, slot) = open(link, deadlines, limits, request_subsystem).await?;
        let config = Config { request_timeout_secs: deadlines.sftp.as_secs().max(1), ..Config::default() };
        before_start(limits, async {
            let raw = RawSftpSession::new_with_config(stream, config);
            let version = raw.init().await.map_err(|_| {
                let reason = "the host started SFTP but does not speak it (does its shell profile print something?)";
                RemoteError::NotStarted(for_good(Phase::Channel, reason))
            })?;
            Ok(Self { raw: Arc::new(raw), extensions: version.extensions, _slot: Some(slot) })
        })
        .await
    }

    /// Whether it still serves. One that is kept may have ended meanwhile.
    async fn answers(&self) -> bool {
        self.raw.realpath(".").await.is_ok()
    }

    /// Whether the host knows an extension.
    pub(crate) fn has(&self, name: &str, version: &str) -> bool {
        self.extensions.get(name).is_some_and(|known| known == version)
    }
}

async fn request_subsystem(
    mut channel: Channel<Msg>,
    slot: OwnedSemaphorePermit,
) -> Result<(ChannelStream<Msg>, OwnedSemaphorePermit), RemoteError> {
    if channel.request_subsystem(true, "sftp").await.is_err() {
        return Err(RemoteError::Disconnected);
    }
    loop {
        match channel.wait().await {
            Some(ChannelMsg::Success) => return Ok((channel.into_stream(), slot)),
            Some(ChannelMsg::Failure) => {
                // A channel that is only dropped stays open; it fails when the connection is down.
                let _ = channel.close().await;
                let refusal = for_good(Phase::Channel, "the host refuses SFTP");
                let hint = "sshd needs `Subsystem sftp internal-sftp` in its sshd_config, dropbear OpenSSH's sftp-server; TinySSH has none";
                return Err(RemoteError::NotStarted(with_hint(refusal, hint)));
            }
            Some(ChannelMsg::Close) => {
                let reason = "the host closed the channel for SFTP";
                return Err(RemoteError::NotStarted(for_now(Phase::Channel, reason)));
            }
            Some(_) => {}
            None => return Err(RemoteError::Disconnected),
        }
    }
}
