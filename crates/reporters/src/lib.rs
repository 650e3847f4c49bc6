//! What people and programs see of a run: progress and output on a terminal, plain lines, JSON, recap, tables, replay.
//!
//! The program makes a [`Terminal`] or [`JsonLines`], hands it to the runner as an observer and its [`Lines`] to the executor
//! as the sink of output. [`recap`], [`show`], [`history`] and [`Table`] are pure: data in, text out.
//!
//! Data goes to the first writer (standard output), everything else to the second (standard error). Both are handed in; width,
//! colours and whether there is a terminal are values in [`Display`]: nothing here looks at the environment. All writing
//! happens on a thread of its own, so that a stopped terminal or a slow pipe never holds up a run. It never counts hosts by
//! itself (that is `RunStats`), and it never lets through a byte of a host that could drive a terminal.

mod complaints;
mod display;
mod findings;
mod gatherer;
mod history;
mod inbox;
mod json_lines;
mod line_splitter;
mod live_area;
mod moved;
mod narrator;
mod outlet;
mod outlook;
mod output_line;
mod page;
mod palette;
mod progress;
mod recap;
mod replay;
mod screen;
mod show;
mod stage;
mod table;
mod terminal;
mod wording;

pub use complaints::{Complaint, complaints};
pub use display::{Detail, Display, Fold, Format, Size};
pub use findings::Findings;
pub use history::{HistoryRow, history};
pub use json_lines::JsonLines;
pub use outlook::{Expected, Outlook};
pub use palette::Palette;
pub use recap::{RecapContext, recap};
pub use replay::{Frames, Replay, Shown, play};
pub use show::{ShowContext, show};
pub use table::{Column, Table};
pub use terminal::{Lines, Pause, Paused, Terminal};
