use std::sync::Arc;

pub(crate) use runsheet_cases::{Stage, sha256};
use runsheet_task::Remote;

/// The built-in tasks on a host that is reached so, while this machine looks at it for real.
pub(crate) fn on(remote: Arc<dyn Remote>) -> Stage {
    Stage::on(Arc::new(runsheet_tasks::registry()), remote)
}
