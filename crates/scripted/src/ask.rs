use std::sync::mpsc::SyncSender;
use std::time::Duration;

use runsheet_model::SecretName;
use runsheet_task::{CommandResult, Outcome};
use serde_json::{Map, Value};

/// What a script asks of the task that runs it.
#[derive(Debug)]
pub(crate) enum Ask {
    /// Run a command on the host.
    Run(Command),
    /// Do what another task does.
    Do {
        /// Its name.
        task: String,
        /// Its arguments, as they would stand in a sheet.
        args: Map<String, Value>,
    },
    /// Wait.
    Sleep {
        /// For so long.
        time: Duration,
    },
    /// Show and record a note.
    Note {
        /// The note.
        note: String,
    },
    /// Tell what the host is.
    Facts,
}

/// A command as a script gives it.
#[derive(Debug, Default)]
pub(crate) struct Command {
    /// Its text.
    pub(crate) text: String,
    /// As whom it runs, if not as everything else in the step.
    pub(crate) user: Option<String>,
    /// What it reads.
    pub(crate) stdin: Vec<Piece>,
    /// Whether people see what it says.
    pub(crate) show: Show,
}

/// A piece of what a command reads.
#[derive(Debug)]
pub(crate) enum Piece {
    /// A text.
    Text(String),
    /// A secret, of which the script knows the name only.
    Secret(SecretName),
}

/// Whether a command is the work itself or a question about the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Show {
    /// It is part of the work: what it says is shown, and a dry run ends before it.
    #[default]
    Openly,
    /// It changes nothing.
    Quietly,
}

impl Command {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }
}

/// What it is told.
#[derive(Debug)]
pub(crate) enum Answer {
    /// How a command ended.
    Command(CommandResult),
    /// How a task ended.
    Outcome(Outcome),
    /// What the host is.
    Facts(Value),
    /// It is done.
    Done,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// The work is over; the task knows why.
    Over,
    /// What was asked for makes no sense.
    Mistake(String),
}

/// A question with the way back.
pub(crate) type Question = (Ask, SyncSender<Result<Answer, NoAnswer>>);
