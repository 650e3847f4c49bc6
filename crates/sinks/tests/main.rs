//! Sinks, each against what it delivers to.

#[path = "../../googlesheets/tests/stub/mod.rs"]
mod google;
mod sheet;
