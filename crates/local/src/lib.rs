//! The machine that runs runsheet: what a host looks like from it, and the files of a project.
//!
//! [`ThisMachine`] is for tasks that look from here (`from: here`) or tell somebody, handed to them by whoever puts the run together. It opens
//! connections of its own for every question, so that each answer is a new one; it asks no proxy, follows no redirect and reads no
//! environment. It never starts a process, and never touches a host by other means than a TCP connection.
//!
//! [`LocalHost`] is this machine as a host, for steps with `on: local`: it starts the programs that a project allows, and nothing else.
//!
//! [`ProjectFiles`] is for the plan: what is sent is read and hashed before any host is touched.

mod letters;
mod local_host;
mod project_files;
mod this_machine;

pub use local_host::LocalHost;
pub use project_files::ProjectFiles;
pub use this_machine::ThisMachine;
