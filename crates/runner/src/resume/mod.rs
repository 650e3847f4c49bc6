//! Going on with a run that was broken off: what is done with each step on each host follows from its record.
//!
//! `table.rs` is the rule for one link on one host, `onward.rs` finds the link of a chain at which a host goes on, `resumption.rs` does
//! so for a whole plan before anything is touched. All of it is pure.

mod onward;
mod resumption;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use onward::{Means, Onward};
pub use resumption::{LostAnswers, Resumption, Undecided};
