//! Reports of runs that never were.

mod browser;
mod forms;
mod page;
mod story;
