//! Tests of this crate: who drives sinks, and what people are told. The real programs that sinks speak with are in the program's tests.

mod driving;
mod files;
mod sample;
mod telling;
