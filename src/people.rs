use std::io::{self, BufRead, Write};
use std::time::Duration;

use async_trait::async_trait;
use runsheet_events::{Answer, Ask, Question};
use runsheet_model::visible;
use runsheet_reporters::{Pause, Paused};

/// How long a question waits for the live display to come to rest.
const REST: Duration = Duration::from_secs(2);

/// Answers for people by what the flags say, or asks at the terminal.
pub(crate) struct People {
    mode: Mode,
    user: String,
    suspend: Box<dyn Suspend>,
}

/// Holds the live display back while a question stands.
pub(crate) trait Suspend: Send + Sync {
    /// Holds it back until the answer is dropped. May block for a moment.
    fn begin(&self) -> Option<Paused>;
}

/// Nothing live is shown.
pub(crate) struct Nothing;

impl Suspend for Nothing {
    fn begin(&self) -> Option<Paused> {
        None
    }
}

/// The live lines of the terminal.
pub(crate) struct Display(Pause);

impl Display {
    pub(crate) fn new(pause: Pause) -> Self {
        Self(pause)
    }
}

impl Suspend for Display {
    fn begin(&self) -> Option<Paused> {
        Some(self.0.begin(REST))
    }
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `--yes`: go on.
    Yes,
    /// `--no-input`, or no terminal: do not go on.
    No,
    /// The person at the terminal.
    Terminal,
}

impl People {
    pub(crate) fn new(mode: Mode, user: String, suspend: Box<dyn Suspend>) -> Self {
        Self { mode, user, suspend }
    }
}

#[async_trait]
impl Ask for People {
    async fn ask(&self, question: Question) -> Answer {
        match self.mode {
            Mode::Yes => Answer { proceed: true, note: String::new(), who: "--yes".to_owned() },
            Mode::No => Answer { proceed: false, note: String::new(), who: "--no-input".to_owned() },
            Mode::Terminal => {
                let paused = tokio::task::block_in_place(|| self.suspend.begin());
                // A plain thread, not the runtime's: a withdrawn question must not hold up the program's end.
                let (sender, receiver) = tokio::sync::oneshot::channel();
                std::thread::spawn(move || {
                    // Nobody listens any more once the question was withdrawn.
                    _ = sender.send(at_terminal(&question));
                });
                let (proceed, note) = match receiver.await {
                    Ok(Ok(answer)) => answer,
                    Ok(Err(error)) => (false, format!("the terminal could not be read: {error}")),
                    Err(_) => (false, "the question was not answered".to_owned()),
                };
                drop(paused);
                Answer { proceed, note, who: self.user.clone() }
            }
        }
    }
}

fn at_terminal(question: &Question) -> io::Result<(bool, String)> {
    let Question::Manual { name, instructions, owner, .. } = question;
    let owner = owner.as_ref().map(|owner| format!(" (owner: {owner})")).unwrap_or_default();
    let text = format!("\nmanual step: {name}{owner}\n  {instructions}\n");
    let mut err = io::stderr().lock();
    write!(err, "{}", visible(text.as_bytes()))?;
    loop {
        write!(err, "proceed or abort, and a note if you like: ")?;
        err.flush()?;
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line)? == 0 {
            return Ok((false, "end of input".to_owned()));
        }
        let (word, note) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
        match word.to_lowercase().as_str() {
            "proceed" | "p" | "yes" | "y" => return Ok((true, note.trim().to_owned())),
            "abort" | "a" | "no" | "n" => return Ok((false, note.trim().to_owned())),
            _ => writeln!(err, "please answer `proceed` or `abort`")?,
        }
    }
}

/// Asks a yes-or-no question at the terminal; anything but yes is no.
pub(crate) fn confirm(question: &str) -> io::Result<bool> {
    let mut err = io::stderr().lock();
    write!(err, "{question} [y/N] ")?;
    err.flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
}
