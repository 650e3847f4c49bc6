//! The plan: sheet × inventory × tasks, resolved without touching a host.
//!
//! [`Plan::resolve`] checks every task name, every argument, every template and every pattern, renders the templates, and gives
//! a value that says exactly what would run; its hash is the same on every machine and changes when anything that would run
//! changes. The program shows it, the runner runs it, the journal keeps it. It is pure: what it needs of the file system it is
//! handed as [`runsheet_task::LocalFiles`].

mod choice;
mod difference;
mod error;
mod hash;
mod makes;
mod part;
mod per_host;
mod plan;
mod read;
mod resolve;
mod resolve_hosts;
mod resolve_link;
mod resolve_rollout;
mod rollout;
mod template_files;

pub use choice::StepChoice;
pub use difference::differences;
pub use error::{MadeWhen, PlanError};
pub use hash::PlanHash;
pub use per_host::PerHost;
pub use plan::{HostWork, Plan, PlanFile, PlanHost, PlanLink, PlanStep, Work};
pub use read::ReadPlanError;
pub use resolve::Planning;
pub use rollout::{PlanPolicy, PlanRollout, PlanWindow};
pub use runsheet_sheet::{OnFailure, Pause, Scope, Straggler};
