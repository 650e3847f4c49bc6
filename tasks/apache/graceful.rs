//! Restart apache on each server without cutting off requests.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::server::Apache;

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("apache.graceful", "Restarts apache and lets requests under way end.")
        .details(
            "Its configuration is checked first. The work is done when apache has read it again and has a process that it had not \
             before; old ones may live on for as long as their last requests take. An apache that does not run is started.",
        )
        .arg(Arg::optional("wait", ArgKind::Duration, "How long it may take.").default("30s"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    Apache::on(host).renew("graceful", config.duration("wait")?).await
}
