//! The deploy sheet: what a release engineer keeps in `sheets/*.yaml`, read, checked and ready to be planned.
//!
//! [`Sheet::load`] reads a file; [`Sheet::single`] makes the sheet of one step that `do`, `exec`, `put` and `get` run, so that
//! there is no second way through the program. Every mistake is a [`SheetError`] that points at its place. A word that is not
//! known is a mistake, and so is one that a later version will know: nothing that a sheet says is ever ignored.
//!
//! Nothing here knows hosts or tasks, renders a template, or touches the network; that is the plan's part.

mod dependencies;
mod error;
mod failure_policy;
mod one_or_many;
mod raw;
mod read;
mod read_lock;
mod read_rollout;
mod reader;
mod rollout;
#[cfg(test)]
mod rollout_tests;
mod schema;
mod set;
mod sheet;
mod step;
#[cfg(test)]
mod tests;
mod undo;

pub use error::SheetError;
pub use failure_policy::{FailurePolicy, OnFailure, Scope, Straggler, Undo};
pub use rollout::{Order, Pause, Rollout, Shape};
pub use schema::schema;
pub use sheet::Sheet;
pub use step::{After, AsUser, Chain, DEFAULT_TIMEOUT, Link, Step, Work};
