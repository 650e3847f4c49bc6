//! Reports of runs that never were.

mod page;
mod story;
