//! Work on the machine that runs runsheet: what a host looks like from outside.
//!
//! For tasks that look from here (`from: here`), handed to them by whoever puts the run together. It opens connections of its own for
//! every question, so that each answer is a new one; it asks no proxy, follows no redirect and reads no environment. It never
//! starts a process and never touches a host by other means than a TCP connection.

mod this_machine;

pub use this_machine::ThisMachine;
