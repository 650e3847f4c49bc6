//! How a mistake is told: where it is, what is wrong, why, and what would help.
//!
//! Every error type implements [`Hint`]; [`chain`] renders an error with its causes and hints, once, for the program. Nothing
//! here prints.

mod chain;
mod hint;
mod nearest;
mod place;

pub use chain::{chain, in_one_line};
pub use hint::{Hint, Hints};
pub use nearest::nearest;
pub use place::{Place, Placed};
