//! Restart apache on each server.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::server::Apache;

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("apache.restart", "Restarts apache.")
        .details(
            "Its configuration is checked first, so that a mistake in it does not take the server down. Requests under way are cut off; \
             `apache.graceful` lets them end. The work is done when apache has read its configuration again and has a process that it \
             had not before. An apache that does not run is started.",
        )
        .arg(Arg::optional("wait", ArgKind::Duration, "How long it may take.").default("30s"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    Apache::on(host).renew("restart", config.duration("wait")?).await
}
