//! Cases of tasks, as files: arguments, what a scripted host answers, the commands that it has to get, and the outcome.
//!
//! For `runsheet tasks test`, which plays those of a project, and for the tests of the built-in tasks, which have theirs in `tasks/cases/`.
//! Nothing here reaches a host: what a task would see of one stands in the case.

mod case;
mod play;
mod scripted;
mod stage;

pub use case::{Case, Expected, ExpectedOutcome, Seen, Sent};
pub use play::{PlayError, play, play_dry};
pub use stage::{Stage, sha256};
