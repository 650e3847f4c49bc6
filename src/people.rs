use std::io::{self, BufRead, Write};
use std::time::Duration;

use async_trait::async_trait;
use runsheet_events::{Answer, Ask, Choice, Question};
use runsheet_model::{plural, visible};
use runsheet_reporters::{Pause, Paused};

/// How long a question waits for the live display to come to rest.
const REST: Duration = Duration::from_secs(2);

/// Answers for people by what the flags say, or asks at the terminal.
pub(crate) struct People {
    mode: Mode,
    user: String,
    suspend: Box<dyn Suspend>,
    /// One question after the other: there is one terminal.
    turn: tokio::sync::Mutex<()>,
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
        Self { mode, user, suspend, turn: tokio::sync::Mutex::new(()) }
    }
}

#[async_trait]
impl Ask for People {
    async fn ask(&self, question: Question) -> Answer {
        match self.mode {
            // What is to be done after a failure is the policy's to say where nobody is asked.
            Mode::Yes if !matches!(question, Question::Failure { .. }) => {
                Answer { choice: Choice::Proceed, note: String::new(), who: "--yes".to_owned() }
            }
            Mode::Yes => Answer { choice: Choice::Abort, note: String::new(), who: "--yes".to_owned() },
            Mode::No => Answer { choice: Choice::Abort, note: String::new(), who: "--no-input".to_owned() },
            Mode::Terminal => {
                let _turn = self.turn.lock().await;
                let paused = tokio::task::block_in_place(|| self.suspend.begin());
                let mut line = Line { open: true };
                // A plain thread, not the runtime's: a withdrawn question must not hold up the program's end.
                let (sender, receiver) = tokio::sync::oneshot::channel();
                std::thread::spawn(move || {
                    // Nobody listens any more once the question was withdrawn.
                    _ = sender.send(at_terminal(&question));
                });
                let (choice, note) = match receiver.await {
                    Ok(Ok(answer)) => answer,
                    Ok(Err(error)) => (Choice::Abort, format!("the terminal could not be read: {error}")),
                    Err(_) => (Choice::Abort, "the question was not answered".to_owned()),
                };
                line.open = false;
                drop(paused);
                Answer { choice, note, who: self.user.clone() }
            }
        }
    }
}

/// The line on the screen on which an answer is typed.
struct Line {
    /// Whether nothing has ended it yet.
    open: bool,
}

impl Drop for Line {
    /// A question that was withdrawn, as by Ctrl-C, leaves the next line to what is said then.
    fn drop(&mut self) {
        if self.open {
            // Who closes the terminal needs no line.
            _ = writeln!(io::stderr());
        }
    }
}

/// The answers to most questions, with the words that give them.
const GO_AHEAD: &[(&str, Choice)] = &[("proceed", Choice::Proceed), ("abort", Choice::Abort)];

/// The answers when hosts failed.
const AFTER_FAILURE: &[(&str, Choice)] = &[
    ("retry", Choice::Retry),
    ("skip", Choice::Skip),
    ("exclude", Choice::Exclude),
    ("next", Choice::SkipStep),
    ("abort", Choice::Abort),
];

/// How many failed hosts are shown one by one.
const SHOWN: usize = 10;

fn at_terminal(question: &Question) -> io::Result<(Choice, String)> {
    let choices = match question {
        Question::Manual { .. } | Question::Approval { .. } => GO_AHEAD,
        Question::Failure { .. } => AFTER_FAILURE,
    };
    // Nothing is locked while somebody thinks: a question that is withdrawn meanwhile must not silence the program.
    write!(io::stderr(), "{}", visible(wording(question).as_bytes()))?;
    let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
    let (last, others) = words.split_last().unwrap_or((&"", &[]));
    let words = format!("{} or {last}", others.join(", "));
    loop {
        write!(io::stderr(), "{words}, and a note if you like: ")?;
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line)? == 0 {
            return Ok((Choice::Abort, "end of input".to_owned()));
        }
        let (word, note) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
        match choice(&word.to_lowercase(), choices) {
            Some(choice) => return Ok((choice, note.trim().to_owned())),
            None => writeln!(io::stderr(), "please answer {words}")?,
        }
    }
}

/// What a word or its first letter stands for; `yes` and `no` go with a question that knows only two answers.
fn choice(word: &str, choices: &[(&str, Choice)]) -> Option<Choice> {
    let word = match word {
        "yes" | "y" if choices.len() == 2 => "proceed",
        "no" | "n" if choices.len() == 2 => "abort",
        word => word,
    };
    let is_meant = |name: &str| word == name || (word.len() == 1 && name.starts_with(word));
    choices.iter().find(|(name, _)| is_meant(name)).map(|(_, choice)| *choice)
}

fn wording(question: &Question) -> String {
    let owned = |owner: &Option<String>| owner.as_ref().map(|owner| format!(" (owner: {owner})")).unwrap_or_default();
    match question {
        Question::Manual { name, instructions, owner, .. } => {
            format!("\nmanual step: {name}{}\n  {instructions}\n", owned(owner))
        }
        Question::Approval { name, done, waves, next, owner, .. } => {
            let next = plural(*next, "host");
            format!("\n{name}{}: wave {done} of {waves} is over; the next one has {next}\n", owned(owner))
        }
        Question::Failure { name, hosts, left, .. } => {
            let mut text = format!("\n{name}: {} did not end well\n", plural(hosts.len(), "host"));
            for (host, message) in hosts.iter().take(SHOWN) {
                let message = message.lines().next().unwrap_or_default();
                text.push_str(&format!("  {host}: {message}\n"));
            }
            if hosts.len() > SHOWN {
                text.push_str(&format!("  and {} more\n", hosts.len() - SHOWN));
            }
            if *left > 0 {
                text.push_str(&format!("{} of the step not started yet\n", plural(*left, "host")));
            }
            text.push_str(
                "retry: try them again; skip: go on as if they had not failed; exclude: go on without them;\n\
                 next: leave the rest of this step; abort: stop here\n",
            );
            text
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_or_its_first_letter_answers() {
        assert_eq!(choice("proceed", GO_AHEAD), Some(Choice::Proceed));
        assert_eq!(choice("y", GO_AHEAD), Some(Choice::Proceed));
        assert_eq!(choice("n", GO_AHEAD), Some(Choice::Abort));
        assert_eq!(choice("n", AFTER_FAILURE), Some(Choice::SkipStep));
        assert_eq!(choice("r", AFTER_FAILURE), Some(Choice::Retry));
        for word in ["", "re", "yes", "proceed"] {
            assert_eq!(choice(word, AFTER_FAILURE), None, "{word}");
        }
    }
}
