//! Tasks in Starlark, a small Python: a `.star` file of a project is a task that nobody has to compile.
//!
//! For the program, which adds a project's scripts to the built-in tasks. Files are read and checked once, while planning; a script then
//! runs for any number of hosts at once, each on a thread of its own, within bounds of time, memory and depth. A script reaches nothing
//! but its host, through the task that runs it: not this machine, no other host, no secret's value. It is no cage for those who mean harm:
//! whoever writes a project's scripts also says what is run on its hosts.

mod answering;
mod ask;
mod check;
mod constructors;
mod context;
mod error;
mod folder;
mod functions;
mod library;
mod limits;
mod mistake;
mod python;
mod result;
mod script;
mod signature;
mod spec;
mod task;
mod values;

pub use error::ScriptError;
pub use folder::Scripts;
pub use python::{Advice, advise};
