use std::sync::{Arc, Mutex, PoisonError};

use runsheet_model::{Phase, SshOptions};
use runsheet_task::{RemoteError, quote};
use russh::ChannelMsg;

use crate::channel::CommandChannel;
use crate::settings::Deadlines;
use crate::unreachable::for_now;

/// Hands the variables of ssh_config to the commands of one connection.
///
/// A host takes those that its sshd_config accepts (`AcceptEnv`), and says so if it is asked. What `SetEnv` says and it does not
/// take is put before the command; what `SendEnv` selects is left to the host, as with ssh.
pub(crate) struct Variables {
    options: Arc<SshOptions>,
    /// Which of `SetEnv` the host takes, once it has told.
    taken: Mutex<Option<Arc<[bool]>>>,
}

impl Variables {
    pub(crate) fn new(options: Arc<SshOptions>) -> Self {
        Self { options, taken: Mutex::default() }
    }

    /// Tells a channel the variables before its command is started, and returns what has to stand before the command.
    pub(crate) async fn hand_over(
        &self,
        channel: &mut CommandChannel,
        deadlines: &Deadlines,
    ) -> Result<String, RemoteError> {
        let writer = channel.writer();
        let gone = |_| RemoteError::Disconnected;
        for (name, value) in &self.options.send_env {
            writer.set_env(false, name, value).await.map_err(gone)?;
        }
        let known = self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (name, value) in &self.options.set_env {
            writer.set_env(known.is_none(), name, value).await.map_err(gone)?;
        }
        let taken = match known {
            Some(taken) => taken,
            None if self.options.set_env.is_empty() => return Ok(String::new()),
            None => {
                let answers = tokio::time::timeout(deadlines.channel, self.answers(channel)).await;
                let silent = |_| {
                    let limit = deadlines.channel;
                    let reason = format!("the host did not answer to the variables of `SetEnv` within {limit:?}");
                    RemoteError::NotStarted(for_now(Phase::Channel, reason))
                };
                let taken: Arc<[bool]> = answers.map_err(silent)??.into();
                *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&taken));
                taken
            }
        };
        let left = self.options.set_env.iter().zip(taken.iter()).filter(|(_, taken)| !**taken);
        let mut before = String::new();
        for ((name, value), _) in left {
            before.push_str(&format!("export {name}={}\n", quote(value)));
        }
        Ok(before)
    }

    /// What the host says to each variable of `SetEnv`, in order (RFC 4254 §5.4).
    async fn answers(&self, channel: &mut CommandChannel) -> Result<Vec<bool>, RemoteError> {
        let mut answers = Vec::new();
        while answers.len() < self.options.set_env.len() {
            match channel.read.wait().await {
                Some(ChannelMsg::Success) => answers.push(true),
                Some(ChannelMsg::Failure) => answers.push(false),
                Some(ChannelMsg::Close) | None => return Err(RemoteError::Disconnected),
                // Nothing else is expected, and nothing else ends the wait.
                Some(_) => {}
            }
        }
        Ok(answers)
    }
}
