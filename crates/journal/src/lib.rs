//! The record of truth of a run, and the history that is derived from it.
//!
//! A run has a folder in the user's state folder: its plan, its journal (one event a line, chained by hashes) and the output
//! of its hosts. [`StateFolder`] makes and finds runs, [`JournalWriter`] records one, [`RunReader`] reads it. The program
//! wires them to the runner, which knows only [`runsheet_events::Ledger`] and [`runsheet_events::OutputLog`].
//!
//! What is recorded is for its owner alone (0600, 0700). An event counts as recorded once it would survive a power loss, and
//! not before. Nothing here prints, reads the environment, or decides what is run.

mod chain;
mod clean;
mod error;
mod events;
mod history;
mod history_add;
mod history_file;
mod history_links;
mod history_look;
mod history_query;
mod history_series;
mod history_times;
mod line;
mod lock;
mod output_line;
mod output_path;
mod output_reader;
mod output_writer;
mod private;
mod reader;
mod reserve;
mod run_folder;
mod scribe;
mod spool;
mod state_folder;
mod store;
mod writer;

pub use chain::FORMAT;
pub use clean::{Cleaned, CleanedPart, Keep, clean};
pub use error::JournalError;
pub use events::Events;
pub use history::{History, Skipped};
pub use history_links::PastLink;
pub use history_look::HistoryLook;
pub use history_query::{PastHost, PastRun, PastStep};
pub use history_series::PastSeries;
pub use history_times::PastTimes;
pub use output_reader::OutputReader;
pub use reader::{Recovered, RunReader, Verified};
pub use run_folder::RunFolder;
pub use state_folder::StateFolder;
pub use writer::{JournalWriter, WriterSettings};
