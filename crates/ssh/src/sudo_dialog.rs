use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use runsheet_model::Secret;
use runsheet_task::{RemoteError, quote};
use tokio::sync::mpsc;

use crate::announcement::unguessable;
use crate::breaker::{Tried, Turn};

/// How long sudo may take until it asks or lets the command begin; then it is told that there is no password.
const PATIENCE: Duration = Duration::from_mins(1);

/// What sudo is to read next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Say {
    /// The password.
    Password,
    /// What the command reads: it has begun.
    Stdin,
    /// Nothing: the password was wrong.
    End,
}

/// The password that sudo is told on a host.
#[derive(Clone)]
pub(crate) struct SudoPassword {
    pub(crate) password: Arc<Secret<String>>,
    /// What other hosts have said to it.
    pub(crate) tried: Arc<Tried>,
    /// The host.
    pub(crate) address: String,
}

/// What is said to `sudo`, so that a command becomes another user by a password.
///
/// It reads the password only after it has asked for it with a word that cannot be guessed, and never after the command has begun, which the
/// command says with another such word. Both are taken out of standard error.
pub(crate) struct SudoDialog {
    asks: String,
    begins: String,
    held: Vec<u8>,
    asked: bool,
    over: bool,
    say: mpsc::UnboundedSender<Say>,
    /// The permission to say the password, until it is clear what becomes of it.
    turn: Option<Turn>,
    address: String,
}

/// The side of the dialog that writes.
pub(crate) struct Answers {
    password: Arc<Secret<String>>,
    say: mpsc::UnboundedReceiver<Say>,
}

/// What is written next.
pub(crate) enum Next {
    /// This.
    Write(Vec<u8>),
    /// What the command reads: it has begun.
    Stdin,
    /// Nothing any more.
    End,
}

impl SudoDialog {
    /// Begins one once the password may be said here. As long as it was not taken anywhere, few hosts are told it at once, and none
    /// once it is clear that it is wrong.
    pub(crate) async fn new(sudo: &SudoPassword) -> Result<(Self, Answers), RemoteError> {
        let turn = sudo.tried.turn().await.map_err(RemoteError::NotStarted)?;
        let (say, answers) = mpsc::unbounded_channel();
        let dialog = Self {
            asks: unguessable()?,
            begins: format!("{}\n", unguessable()?),
            held: Vec::new(),
            asked: false,
            over: false,
            say,
            turn: Some(turn),
            address: sudo.address.clone(),
        };
        Ok((dialog, Answers { password: Arc::clone(&sudo.password), say: answers }))
    }

    /// The command, as another user who is become by a password.
    pub(crate) fn command(&self, user: &str, text: &str) -> String {
        let text = format!("echo {} >&2\n{text}", self.begins.trim_end());
        format!("sudo -S -p {} -H -u {} -- /bin/sh -c {}", self.asks, quote(user), quote(&text))
    }

    /// Takes some of standard error, and returns what of it is not for us.
    pub(crate) fn take<'a>(&mut self, bytes: Cow<'a, [u8]>) -> Cow<'a, [u8]> {
        if self.over {
            return bytes;
        }
        self.held.extend_from_slice(&bytes);
        let mut own = Vec::new();
        while let Some((at, length, begun)) = self.found() {
            own.extend(self.held.drain(..at));
            self.held.drain(..length);
            self.over = begun;
            let say = match (begun, self.asked) {
                (true, _) => Say::Stdin,
                (false, false) => Say::Password,
                (false, true) => Say::End,
            };
            match (&say, self.turn.take_if(|_| say != Say::Password)) {
                (Say::Stdin, Some(turn)) if self.asked => turn.let_in(),
                (Say::End, Some(turn)) => turn.refused(&self.address),
                // Where nothing was asked, nothing is known of the password.
                _ => {}
            }
            self.asked = true;
            // Nobody listens any more once the command's input is closed.
            let _ = self.say.send(say);
            if begun {
                own.append(&mut self.held);
                return own.into();
            }
        }
        // The end of it may be the beginning of a word.
        let may_begin = |end: &[u8]| self.asks.as_bytes().starts_with(end) || self.begins.as_bytes().starts_with(end);
        let most = self.held.len().min(self.asks.len().max(self.begins.len()) - 1);
        let kept = (1..=most).rev().find(|n| may_begin(&self.held[self.held.len() - n..])).unwrap_or_default();
        own.extend(self.held.drain(..self.held.len() - kept));
        own.into()
    }

    /// Takes note that sudo ended by itself. If it was told the password and the command has not begun, that was for nothing.
    pub(crate) fn ended(&mut self) {
        if let Some(turn) = self.turn.take().filter(|_| self.asked) {
            turn.refused(&self.address);
        }
    }

    /// What was held back, when nothing comes any more.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        self.over = true;
        std::mem::take(&mut self.held)
    }

    /// The first word in what is held: where, how long, and whether it is the one by which the command begins.
    fn found(&self) -> Option<(usize, usize, bool)> {
        let find = |word: &str, begins: bool| {
            let at = self.held.windows(word.len()).position(|window| window == word.as_bytes())?;
            Some((at, word.len(), begins))
        };
        [find(&self.asks, false), find(&self.begins, true)].into_iter().flatten().min()
    }
}

impl Answers {
    /// Waits until something may be written.
    pub(crate) async fn next(&mut self) -> Next {
        match tokio::time::timeout(PATIENCE, self.say.recv()).await {
            Ok(Some(Say::Password)) => Next::Write(format!("{}\n", self.password.expose()).into_bytes()),
            Ok(Some(Say::Stdin)) => Next::Stdin,
            Ok(Some(Say::End) | None) | Err(_) => Next::End,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::breaker::Breaker;

    /// What comes out of a dialog, and what is said meanwhile.
    fn told(dialog: &mut SudoDialog, answers: &mut Answers, text: &str, piece: usize) -> (String, Vec<Say>) {
        let mut own = Vec::new();
        for piece in text.as_bytes().chunks(piece) {
            own.extend_from_slice(&dialog.take(piece.into()));
        }
        own.extend(dialog.rest());
        let said = std::iter::from_fn(|| answers.say.try_recv().ok()).collect();
        (String::from_utf8(own).expect("text"), said)
    }

    fn sudo() -> SudoPassword {
        SudoPassword {
            password: Arc::new(Secret::new("secret".to_owned())),
            tried: Breaker::default().tried_sudo_password("deploy"),
            address: "web1".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_password_is_said_once_and_never_after_the_command_has_begun() {
        for piece in [1, 7, 1_000] {
            let (mut dialog, mut answers) = SudoDialog::new(&sudo()).await.expect("a dialog");
            let (asks, begins) = (dialog.asks.clone(), dialog.begins.clone());
            let text = format!("lecture\n{asks}{begins}own {asks} text");
            let (own, said) = told(&mut dialog, &mut answers, &text, piece);
            assert_eq!((own, said), (format!("lecture\nown {asks} text"), vec![Say::Password, Say::Stdin]));

            let (mut dialog, mut answers) = SudoDialog::new(&sudo()).await.expect("a dialog");
            let asks = dialog.asks.clone();
            let (own, said) = told(&mut dialog, &mut answers, &format!("{asks}Sorry.\n{asks}"), piece);
            assert_eq!((own.as_str(), said), ("Sorry.\n", vec![Say::Password, Say::End]));
        }
    }

    /// What a host does with the password.
    #[derive(Clone, Copy, Debug)]
    enum Does {
        /// It takes it.
        Begin,
        /// It asks once more.
        AskAgain,
        /// It ends.
        End,
        /// It does not ask.
        NotAsk,
        /// The connection breaks.
        Break,
    }

    async fn tell(sudo: &SudoPassword, does: Does) -> Result<(), String> {
        let (mut dialog, _answers) = SudoDialog::new(sudo).await.map_err(|error| error.to_string())?;
        let (asks, begins) = (dialog.asks.clone(), dialog.begins.clone());
        let text = match does {
            Does::Begin => asks + &begins,
            Does::AskAgain => format!("{asks}Sorry.{asks}"),
            Does::End | Does::Break => asks,
            Does::NotAsk => begins,
        };
        dialog.take(text.into_bytes().into());
        if !matches!(does, Does::Break) {
            dialog.ended();
        }
        Ok(())
    }

    #[tokio::test]
    async fn a_password_that_five_hosts_refused_is_said_to_no_other() {
        let sudo = sudo();
        for does in [Does::AskAgain, Does::NotAsk, Does::End, Does::AskAgain, Does::Break, Does::End, Does::AskAgain] {
            tell(&sudo, does).await.unwrap_or_else(|error| panic!("{does:?}: {error}"));
        }
        let refused = tell(&sudo, Does::Begin).await.expect_err("five have refused it");
        assert!(refused.contains("5 hosts refused `deploy` with the same sudo password"), "{refused}");
        assert!(refused.contains("the first was web1"), "{refused}");
    }

    #[tokio::test]
    async fn a_password_that_one_host_took_is_said_to_all() {
        let sudo = sudo();
        for does in [[Does::AskAgain; 4].as_slice(), &[Does::Begin], &[Does::AskAgain; 10]].concat() {
            tell(&sudo, does).await.unwrap_or_else(|error| panic!("{does:?}: {error}"));
        }
    }

    #[tokio::test]
    async fn as_long_as_no_host_took_it_five_at_most_are_told_at_once() {
        let sudo = sudo();
        let mut under_way = Vec::new();
        for _ in 0..5 {
            under_way.push(SudoDialog::new(&sudo).await.expect("a dialog"));
        }
        assert!(SudoDialog::new(&sudo).now_or_never().is_none(), "a sixth is told");
        let (mut first, _) = under_way.pop().expect("one");
        let text = format!("{}{}", first.asks, first.begins);
        first.take(text.into_bytes().into());
        assert!(SudoDialog::new(&sudo).now_or_never().is_some(), "nobody is told after it was right");
    }
}
