use runsheet_diagnostics::{Hint, Hints, Place};
use runsheet_model::{NameError, ShareError};
use runsheet_yaml::YamlError;
use thiserror::Error;

/// Why a deploy sheet cannot be used.
#[derive(Debug, Error)]
pub enum SheetError {
    /// The file cannot be read, or says something that no sheet can say.
    #[error(transparent)]
    Yaml(Box<YamlError>),

    /// It runs somewhere that is not known.
    #[error("{place}: `on` is `local`, not `{found}`")]
    On {
        /// What stands there.
        found: String,
        /// Where it stands.
        place: Place,
    },

    /// A sheet without steps.
    #[error("{place}: a sheet needs at least one step")]
    NoSteps {
        /// Where they should stand.
        place: Place,
    },

    /// More steps than a sheet may have.
    #[error("{place}: {count} steps are more than {most}")]
    TooManySteps {
        /// How many there are.
        count: usize,
        /// How many there may be.
        most: usize,
        /// Where they stand.
        place: Place,
    },

    /// Not exactly one kind of work.
    #[error("{place}: step `{step}` has {found}; a step has exactly one of `task`, `do` and `manual`")]
    Work {
        /// The step's name.
        step: String,
        /// What it has.
        found: String,
        /// Where it stands.
        place: Place,
    },

    /// A chain without links.
    #[error("{place}: `do` needs at least one task")]
    EmptyChain {
        /// Where it stands.
        place: Place,
    },

    /// Work without hosts.
    #[error("{place}: step `{step}` has no `hosts`")]
    NoHosts {
        /// The step's name.
        step: String,
        /// Where it stands.
        place: Place,
    },

    /// Two words that exclude each other.
    #[error("{place}: `{word}` does not go with `{with}`")]
    Clash {
        /// The word that does not fit.
        word: &'static str,
        /// The word that it does not fit.
        with: &'static str,
        /// Where the step stands.
        place: Place,
    },

    /// A word with nothing behind it.
    #[error("{place}: `{word}` cannot be empty")]
    Empty {
        /// The word.
        word: &'static str,
        /// Where it stands.
        place: Place,
    },

    /// A lock that there is not.
    #[error("{place}: this is no way to lock")]
    Lock {
        /// Where it stands.
        place: Place,
    },

    /// A name that cannot be one.
    #[error("{place}: {what} cannot be used")]
    Name {
        /// Whose name it is.
        what: &'static str,
        /// Where it stands.
        place: Place,
        /// Why not.
        source: NameError,
    },

    /// Two steps with one id.
    #[error("{place}: another step has the id `{id}` (line {first})")]
    DuplicateId {
        /// The id.
        id: String,
        /// The line of the other step.
        first: u32,
        /// Whether the id was made out of the name.
        derived: bool,
        /// Where the second stands.
        place: Place,
    },

    /// `after` names a step that is not there.
    #[error("{place}: no step has the id `{id}`")]
    UnknownStep {
        /// The id.
        id: String,
        /// The nearest id that there is.
        nearest: Option<String>,
        /// Where it stands.
        place: Place,
    },

    /// Steps that wait for each other.
    #[error("{}steps wait for each other: {path}", place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default())]
    Cycle {
        /// Their ids, each waiting for the next.
        path: String,
        /// Where one of them says so.
        place: Option<Box<Place>>,
    },

    /// Not a length of time.
    #[error("{place}: `{text}` is not a length of time")]
    Duration {
        /// The text.
        text: String,
        /// Where it stands.
        place: Place,
    },

    /// A length of time that cannot be 0.
    #[error("{place}: `{word}` cannot be 0")]
    Zero {
        /// The word.
        word: &'static str,
        /// Where it stands.
        place: Place,
    },

    /// A number of forks that is out of range.
    #[error("{place}: `forks` is {forks}, which is not from 1 to {most}")]
    Forks {
        /// The number.
        forks: u64,
        /// The most.
        most: usize,
        /// Where it stands.
        place: Place,
    },

    /// Neither a number of hosts nor a percentage.
    #[error("{place}: `{word}` cannot be used")]
    Share {
        /// The word.
        word: &'static str,
        /// Where it stands.
        place: Place,
        /// Why not.
        source: ShareError,
    },

    /// A word that stands for none of a few things.
    #[error("{place}: `{word}` is {choices}")]
    Choice {
        /// The word.
        word: &'static str,
        /// What it may be.
        choices: &'static str,
        /// Where it stands.
        place: Place,
    },

    /// A word that means nothing without another.
    #[error("{place}: `{word}` needs {needs}")]
    Alone {
        /// The word.
        word: &'static str,
        /// What it needs.
        needs: &'static str,
        /// Where the step stands.
        place: Place,
    },

    /// More tries than anybody wants.
    #[error("{place}: `retries` is {retries}, which is more than {most}")]
    Retries {
        /// The number.
        retries: u64,
        /// The most.
        most: u32,
        /// Where it stands.
        place: Place,
    },

    /// A step is to be undone, and nothing says how.
    #[error("{place}: `on_failure: rollback`, and neither this step nor one before it says how it is undone")]
    NoRollback {
        /// Where the step stands.
        place: Place,
    },

    /// A step that undoes another is used as if it were one of the sheet's own.
    #[error("{place}: `{id}` undoes another step, so {why}")]
    UndoesAndMore {
        /// Its id.
        id: String,
        /// What is wrong with that.
        why: &'static str,
        /// Where that is said.
        place: Place,
    },

    /// `sudo`, `doas` or `su` is neither a boolean nor a name.
    #[error("{place}: `{word}` is `true`, `false` or a user's name")]
    AsUser {
        /// The word.
        word: &'static str,
        /// Where it stands.
        place: Place,
    },

    /// A name that neither a shell nor a template could use.
    #[error("{place}: `{name}` cannot be the name of {what}")]
    Identifier {
        /// The name.
        name: String,
        /// What it should be the name of.
        what: &'static str,
        /// Where it stands.
        place: Place,
    },

    /// A text that no command can be given.
    #[error("{place}: `{word}` holds a NUL byte")]
    Nul {
        /// The word.
        word: String,
        /// Where it stands.
        place: Place,
    },

    /// A number that would not read as it was written.
    #[error("{place}: `{text}` without quotes is the number {number}")]
    Number {
        /// As it was written.
        text: String,
        /// As it would read.
        number: String,
        /// Where it stands.
        place: Place,
    },

    /// `--set` names a variable that the sheet does not have.
    #[error("the sheet has no variable `{name}`")]
    UnknownVar {
        /// The name.
        name: String,
        /// The nearest name that there is.
        nearest: Option<String>,
    },

    /// `--set` gives a variable a value of another kind.
    #[error("variable `{name}` is {kind}, and `{value}` is not")]
    OtherKind {
        /// The name.
        name: String,
        /// What it is.
        kind: &'static str,
        /// The value that was given.
        value: String,
    },
}

impl From<YamlError> for SheetError {
    fn from(error: YamlError) -> Self {
        Self::Yaml(Box::new(error))
    }
}

impl Hint for SheetError {
    fn hints(&self) -> Hints {
        match self {
            Self::Yaml(error) => error.hint().map(Hints::from).unwrap_or_default(),
            Self::On { .. } => Hints::from("hosts are named by `hosts`"),
            Self::NoHosts { .. } => {
                Hints::from("say where it runs, such as `hosts: web`, or `on: local` for this machine")
            }
            Self::Clash { word: "args", with: "do", .. } => Hints::from("give each task of the chain its own `args`"),
            Self::Alone { word: "always", .. } => Hints::from("write the task as a chain: `do: [{task: …}]`"),
            Self::Share { .. } => Hints::from("write it as `3`, `10%` or `2.5%`"),
            Self::NoRollback { .. } => Hints::from("give the step a `rollback:` with the tasks that undo it"),
            Self::Lock { .. } => {
                Hints::from("write `lock: hosts`, or `lock: {hosts: FOLDER}` with a folder on the hosts")
            }
            Self::DuplicateId { derived: true, .. } => {
                Hints::from("give one of them an `id:`; the id was made out of the name")
            }
            Self::UnknownStep { nearest, .. } | Self::UnknownVar { nearest: nearest @ Some(_), .. } => {
                Hints::did_you_mean(nearest.as_deref())
            }
            Self::UnknownVar { .. } => Hints::from("only what stands under `vars:` can be set"),
            Self::Duration { .. } => Hints::from("write it as `90s`, `5m`, `1h30m` or `250ms`"),
            Self::Identifier { .. } => Hints::from("use letters, digits and `_`, not starting with a digit"),
            Self::Number { text, .. } => Hints::from(format!("if a text is meant, put it in quotes: \"{text}\"")),
            _ => Hints::none(),
        }
    }
}
