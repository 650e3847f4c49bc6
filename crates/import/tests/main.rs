//! Tests of this crate.

mod again;
mod first;
mod table;
mod template;
