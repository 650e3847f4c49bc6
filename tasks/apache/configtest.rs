//! Check the configuration of apache on each server.

use runsheet_task::{Config, Host, Outcome, TaskError, TaskSpec};

use super::server::Apache;

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("apache.configtest", "Checks the configuration of apache.")
        .details("A running apache is not touched. A mistake is a failure, with apache's complaint as its message.")
        .idempotent()
}

pub(crate) async fn do_work(_: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let mut outcome = Apache::on(host).configtest().await?.outcome();
    outcome.changed = false;
    Ok(outcome)
}
