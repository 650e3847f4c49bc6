//! Tests of this crate, as one program.

mod alarms;
mod finish;
mod forecasts;
mod invariants;
mod noise;
mod synthetic;
