use std::sync::atomic::{AtomicBool, Ordering};

use runsheet_model::{Secret, SshOptions};
use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse, Prompt};
use russh::{MethodKind, MethodSet};

use crate::client::Client;
use crate::server_text::server_text;

/// How often a host may go on about a login by questions: PAM ends with one that asks nothing.
const MOST_ROUNDS: usize = 8;

/// The login password on its way to one host, which hears it once at most: what is wrong is not tried again.
pub(crate) struct PasswordLogin<'a> {
    pub(crate) password: &'a Secret<String>,
    /// The ways that ssh_config leaves.
    pub(crate) options: &'a SshOptions,
    /// Whether the host has heard it.
    pub(crate) sent: &'a AtomicBool,
}

/// Why a password brought no answer.
pub(crate) enum Unanswered {
    /// The host wants something else to be answered.
    Odd(String),
    /// There is nobody left to send it to.
    Closed,
}

impl PasswordLogin<'_> {
    /// Whether a host that accepts these takes it.
    pub(crate) fn is_taken(&self, accepts: &MethodSet) -> bool {
        self.is_taken_plain(accepts)
            || self.options.keyboard_interactive && accepts.contains(&MethodKind::KeyboardInteractive)
    }

    fn is_taken_plain(&self, accepts: &MethodSet) -> bool {
        self.options.password && accepts.contains(&MethodKind::Password)
    }

    /// Sends it in whichever way the host takes it.
    pub(crate) async fn offer(
        &self,
        handle: &mut Handle<Client>,
        user: &str,
        accepts: &MethodSet,
    ) -> Result<AuthResult, Unanswered> {
        if !self.is_taken_plain(accepts) {
            return self.answer(handle, user).await;
        }
        self.sent.store(true, Ordering::Release);
        let answer = handle.authenticate_password(user, self.password.expose().as_str()).await;
        answer.map_err(|_| Unanswered::Closed)
    }

    /// Answers the one question of a host that asks for a password in its own words (RFC 4256). What is shown while it is typed
    /// is no password, and a second question is not ours to answer.
    async fn answer(&self, handle: &mut Handle<Client>, user: &str) -> Result<AuthResult, Unanswered> {
        let closed = |_| Unanswered::Closed;
        let mut reply = handle.authenticate_keyboard_interactive_start(user, None).await.map_err(closed)?;
        for _ in 0..MOST_ROUNDS {
            let prompts = match reply {
                KeyboardInteractiveAuthResponse::Success => return Ok(AuthResult::Success),
                KeyboardInteractiveAuthResponse::Failure { remaining_methods, partial_success } => {
                    return Ok(AuthResult::Failure { remaining_methods, partial_success });
                }
                KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => prompts,
            };
            let answers = match &prompts[..] {
                [] => Vec::new(),
                [prompt] if !prompt.echo && !self.sent.swap(true, Ordering::AcqRel) => {
                    vec![self.password.expose().clone()]
                }
                others => return Err(Unanswered::Odd(self.what_is_asked(others))),
            };
            reply = handle.authenticate_keyboard_interactive_respond(answers).await.map_err(closed)?;
        }
        Err(Unanswered::Odd("it goes on without asking anything".to_owned()))
    }

    fn what_is_asked(&self, prompts: &[Prompt]) -> String {
        let asked: Vec<&str> = prompts.iter().map(|prompt| prompt.prompt.trim()).collect();
        let asked = server_text(&asked.join(" | "));
        if self.sent.load(Ordering::Acquire) {
            format!("after the password it asks `{asked}`")
        } else {
            format!("it asks `{asked}`, which is not for a password alone")
        }
    }
}
