//! Records runs, breaks what was recorded, and reads it again. Where a process has to die, it is this binary started anew.

mod child;
mod clean;
mod crash;
mod damage;
mod failure;
mod folders;
mod history;
mod modules;
mod output;
mod resume;
mod round_trip;
mod sample;
mod throughput;
