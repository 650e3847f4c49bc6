//! Tests of this crate: who drives sinks, what people are told, and what goes back to spreadsheets. The real programs that sinks speak with
//! are in the program's tests.

mod driving;
mod files;
#[path = "../../googlesheets/tests/stub/mod.rs"]
mod google;
mod sample;
mod sheet;
mod telling;
