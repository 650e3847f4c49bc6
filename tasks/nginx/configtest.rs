//! Check the configuration of nginx on each server.

use runsheet_task::{Config, Host, Outcome, TaskError, TaskSpec};

use super::server::Nginx;

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("nginx.configtest", "Checks the configuration of nginx.")
        .details(
            "A running nginx is not touched. A mistake is a failure, with nginx's complaint as its message. An address that somebody \
             else has is no mistake in this check: only a start or a reload finds it.",
        )
        .idempotent()
}

pub(crate) async fn do_work(_: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let mut outcome = Nginx::on(host).configtest().await?.outcome();
    outcome.changed = false;
    Ok(outcome)
}
