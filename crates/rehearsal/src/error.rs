use runsheet_diagnostics::{Hint, Hints};
use thiserror::Error;

/// Why a fault of a rehearsal cannot be played.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FaultError {
    /// It is not of the form `PATTERN[@STEP]: FAULT`.
    #[error("`--fault '{text}'` names no hosts and a fault")]
    Entry {
        /// The text as given.
        text: String,
    },
    /// There is no such fault.
    #[error("`{word}` is no fault")]
    Unknown {
        /// The word as given.
        word: String,
        /// The most similar one.
        nearest: Option<String>,
    },
    /// A fault has no value, or a wrong one.
    #[error("`{text}` is no fault: {why}")]
    Value {
        /// The fault as given.
        text: String,
        /// What is wrong.
        why: &'static str,
    },
    /// Of what concerns a connection it cannot be said that it passes.
    #[error("`{fault} once` is not played: only `fail`, `hang` and `drop` can pass with the first try")]
    Once {
        /// The fault.
        fault: String,
    },
    /// The sheet has no such step, or it does not run.
    #[error("`--fault` names no step that runs: `{name}`")]
    NoStep {
        /// The step as given.
        name: String,
        /// The nearest id.
        nearest: Option<String>,
    },
    /// None of the hosts has a part in what is rehearsed.
    #[error("`--fault '{text}'` strikes nobody: none of these hosts has a part in it")]
    Nobody {
        /// The entry as given.
        text: String,
    },
}

impl Hint for FaultError {
    fn hints(&self) -> Hints {
        match self {
            Self::Entry { .. } => Hints::from("write `--fault 'web03: refuse'` or `--fault 'web[01-05]@STEP: fail'`"),
            Self::Unknown { nearest: Some(nearest), .. } | Self::NoStep { nearest: Some(nearest), .. } => {
                Hints::did_you_mean(Some(nearest))
            }
            Self::Unknown { nearest: None, .. } => {
                Hints::from("faults are refuse, silent, wrong-key, deny, fail, hang, drop and slow N")
            }
            Self::NoStep { nearest: None, .. } | Self::Nobody { .. } => {
                Hints::from("`runsheet plan SHEET` shows the steps and their hosts")
            }
            Self::Value { .. } | Self::Once { .. } => Hints::none(),
        }
    }
}
