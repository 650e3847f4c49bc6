//! A rehearsal: a run of the real sheet on practice hosts that take the place of the real ones, faster than life and with faults.
//!
//! The plan, its hash, its waves, windows, limits and failure policy are the real ones, and so is the runner. What is played are the
//! hosts ([`runsheet_practice`]) and the tasks: each connects by SSH to the practice host that stands for its own, takes the time
//! that [`Times`] draws for it, and ends well unless one of the [`Faults`] strikes. Nothing of it touches a real host, and nothing
//! is started on this machine: connections go to loopback addresses only, whoever asks for another gets none.

mod answering;
mod casting;
mod chance;
mod connector;
mod entry;
mod error;
mod fault;
mod faults;
mod nobody;
mod rehearsal;
mod script;
mod stagehand;
mod stand_in;
mod times;

pub use chance::Chance;
pub use entry::FaultEntry;
pub use error::FaultError;
pub use fault::Fault;
pub use faults::Faults;
pub use rehearsal::Rehearsal;
pub use times::{Basis, Past, Times};
