//! Looks at hosts before anything is run on them: name, connection, host key, login, shell, sudo, free space, clock.
//!
//! For the program (`runsheet preflight`). Hosts are connected to as in a run, through the same pool and the same connector, so that what
//! stands in the way of a run is found here. What a logged-in host has to say comes with one command, which changes nothing there. Keys of
//! unknown hosts are gathered and put on record only if a person says so; nobody logs in on such a host before that.
//!
//! It never writes to a host, records no run and prints nothing. What hosts say is made safe to print and is bounded. Their clocks are
//! compared with ours and believed in nothing.

mod answer;
mod approve;
mod bounds;
mod clock;
mod finding;
mod group;
mod listener;
mod look;
mod preflight;
mod question;
mod reach;
mod report;
mod said;
mod space;
mod strangers;
mod subject;
mod sudo;

pub use approve::Approve;
pub use bounds::Bounds;
pub use finding::{Amount, Check, Finding, Weight};
pub use group::{FindingGroup, group};
pub use preflight::Preflight;
pub use report::{Checked, Report};
pub use space::size;
pub use strangers::ShownKey;
pub use subject::Subject;
