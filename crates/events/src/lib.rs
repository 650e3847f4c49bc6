//! What happened in a run, as data, and the seams of those who record it, watch it and are asked.
//!
//! Only the runner's dispatcher makes a [`RunEvent`]. The journal implements [`Ledger`], [`OutputLog`] and [`EventLog`];
//! reporters implement [`Observer`]; the program implements [`Ask`]. Nothing here does any I/O.

mod ask;
mod codec;
mod event;
mod header;
mod ledger;
mod observer;
mod output;
mod paced;
mod prior;
mod stats;
mod took_longer;
mod troubles;
pub mod words;

pub use ask::{Answer, Ask, Choice, Question};
pub use codec::{CodecError, decode, encode};
pub use event::{
    AttemptKey, CancelReason, CommandRecord, EventKind, HostResult, LostAnswer, MadeFile, RunEvent, StepTotals,
};
pub use header::{PlannedStep, Request, RunForecast, RunHeader};
pub use ledger::{Durability, EventLog, Ledger, LedgerError, Position};
pub use observer::{ObserveError, Observer};
pub use output::{DisplayLine, DisplaySink, Frame, OutputFile, OutputKey, OutputLog, StepCounter};
pub use prior::{Prior, PriorHost, PriorLink, PriorStep, Reached};
pub use stats::{HostStats, RunStats, StepStats};
pub use took_longer::TookLonger;
pub use troubles::{Group, Trouble, groups};
