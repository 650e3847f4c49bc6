//! Locks on this machine: two runs never work on the same hosts at once.
//!
//! A run that works on hosts holds one file in a [`LockFolder`], under `flock(2)`, which the kernel gives back when its holder
//! ends, even by `kill -9`. The file says who holds it and which hosts. Whoever takes a lock does so while nobody else can, so that
//! a run gets all of its hosts or none. The program calls this before a run starts; the runner knows nothing of it.
//!
//! The folder may be shared by the users of a machine. What others wrote there is never followed, and never trusted beyond being
//! shown. Nothing here prints, reads the environment, or connects to a host. See `docs/design/locks.md`.

mod audit;
mod claim;
mod error;
mod file;
mod folder;
mod guard;
mod listing;
mod step_watch;

pub use audit::{AuditEntry, AuditLine};
pub use claim::{Claim, Conflict, LockedHost, Mode};
pub use error::LockError;
pub use folder::{LockFolder, Sharing};
pub use guard::Guard;
pub use listing::{Listed, Listing};
pub use step_watch::StepWatch;
