//! Tell whether nginx runs on each server.

use runsheet_model::plural;
use runsheet_task::{Config, Host, Outcome, TaskError, TaskSpec};

use super::server::{Nginx, NginxState};

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("nginx.status", "Tells whether nginx runs.")
        .details(
            "Running is success; anything else is a failure with the value 3. The master process is looked for by the number that it \
             keeps in its file. Where the host does not let us know (a broken configuration does not tell where that file is), the \
             task fails and says why.",
        )
        .idempotent()
}

pub(crate) async fn do_work(_: &Config, host: &Host) -> Result<Outcome, TaskError> {
    Ok(match Nginx::on(host).state().await? {
        NginxState::Running(now) => Outcome::unchanged(match now.leaving() {
            0 => format!("nginx is running (process {})", now.master),
            old => format!("nginx is running (process {}; {} from before end)", now.master, plural(old, "worker")),
        }),
        NginxState::Stopped => Outcome::failed("nginx is not running", 3),
    })
}
