//! Tell whether apache runs on each server.

use runsheet_task::{Config, Host, Outcome, TaskError, TaskSpec};

use super::server::{Apache, ApacheState};

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("apache.status", "Tells whether apache runs.")
        .details(
            "Running is success; anything else is a failure with the value 3. Needs no mod_status: the master process is looked \
             for. Where the host does not let us know (a broken configuration does not tell where the number of the master is \
             kept), the task fails and says why.",
        )
        .idempotent()
}

pub(crate) async fn do_work(_: &Config, host: &Host) -> Result<Outcome, TaskError> {
    Ok(match Apache::on(host).state().await? {
        ApacheState::Running(now) => Outcome::unchanged(format!("apache is running (process {})", now.master)),
        ApacheState::Stopped => Outcome::failed("apache is not running", 3),
    })
}
