//! Runs a plan: dispatcher, executor, schedule, policy, stopping.
//!
//! The **dispatcher** is one loop that decides and records: it alone makes events, numbers them, hands them to the journal, and
//! acts on each only once it is durable. The **executor** does the work: a task a host, each reporting by message. Messages go up
//! (`Message`), permits and stop signals go down. Output goes from a host's connection to its file and the display without ever
//! passing the dispatcher. See `docs/design/runner-loop.md`.
//!
//! The runner knows no SSH: it is handed a [`runsheet_task::Connector`]. It prints nothing and reads no environment.

mod attempt;
mod chain;
mod climb;
mod dispatcher;
mod executor;
mod foreseen;
mod handshakes;
mod host_locks;
mod host_pool;
mod host_run;
mod lines;
mod made;
mod message;
mod policy;
mod reboot;
mod receipts;
mod record;
mod recorded_remote;
mod renewal;
mod renewals;
mod resume;
mod rollout;
mod runner;
mod schedule;
mod step_progress;
mod stop;
mod tee;
mod undo;

pub use foreseen::Foreseen;
pub use host_locks::{LockAnswer, end_lock};
pub use host_pool::{ConnectPermit, Got, HostPool};
pub use policy::{Policy, Tally, Verdict};
pub use resume::{LostAnswers, Resumption, Undecided};
pub use runner::{HandshakeLimit, Identity, RunReport, Runner, Seams, Settings, Signal};
