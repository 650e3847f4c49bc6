//! Reports of runs that never were.

mod browser;
mod devtools;
mod forms;
mod keyboard;
mod page;
mod story;
