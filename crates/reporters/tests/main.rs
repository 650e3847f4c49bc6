//! What a run looks like to those who watch it.

mod capture;
mod hostile;
mod never_in_the_way;
mod replayed;
mod story;
mod summaries;
mod watched;
