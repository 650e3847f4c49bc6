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
use crate::unreachable::{for_good, for_now, with_hint};

/// An SFTP session on a channel of its own, shared by all who transfer something at the same time. It ends when the last of them
/// lets go of it.
pub(crate) struct Sftp {
    pub(crate) raw: Arc<RawSftpSession>,
    extensions: HashMap<String, String>,
    _slot: OwnedSemaphorePermit,
}

impl Sftp {
    /// Gives the one that is under way on a connection, or starts one. Whatever goes wrong here, no file was touched.
    pub(crate) async fn of(link: &Arc<Link>, deadlines: &Deadlines, limits: &Limits) -> Result<Arc<Self>, RemoteError> {
        let mut shared = before_start(limits, async { Ok(link.sftp().lock().await) }).await?;
        if let Some(sftp) = shared.upgrade().filter(|_| !link.is_down()) {
            return Ok(sftp);
        }
        let sftp = Arc::new(Self::start(link, deadlines, limits).await?);
        *shared = Arc::downgrade(&sftp);
        Ok(sftp)
    }

    async fn start(link: &Arc<Link>, deadlines: &Deadlines, limits: &Limits) -> Result<Self, RemoteError> {
        let (stream, slot) = open(link, deadlines, limits, request_subsystem).await?;
        let config = Config { request_timeout_secs: deadlines.sftp.as_secs().max(1), ..Config::default() };
        before_start(limits, async {
            let raw = RawSftpSession::new_with_config(stream, config);
            let version = raw.init().await.map_err(|_| {
                let reason = "the host started SFTP but does not speak it (does its shell profile print something?)";
                RemoteError::NotStarted(for_good(Phase::Channel, reason))
            })?;
            Ok(Self { raw: Arc::new(raw), extensions: version.extensions, _slot: slot })
        })
        .await
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
                let hint = "let it have `Subsystem sftp internal-sftp` in its sshd_config";
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
