//! Let nginx read its configuration again on each server.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::server::{Nginx, NginxState};

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("nginx.reload", "Lets nginx read its configuration again, without cutting off requests.")
        .details(
            "Its configuration is checked first. The work is done when new workers run with the new configuration and none of the old \
             ones takes requests; old ones may live on for as long as their last requests take.\n\n\
             Nginx can refuse a configuration that it found to be right, most often because somebody else has an address that it \
             shall listen on. It then goes on with the old one and says so only in its error log: that is a failure, with the line of \
             the log. An nginx that does not run cannot be reloaded: the task fails.",
        )
        .arg(Arg::optional("wait", ArgKind::Duration, "How long it may take.").default("30s"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let wait = config.duration("wait")?;
    let nginx = Nginx::on(host);
    let checked = nginx.configtest().await?;
    if !checked.ok() {
        return Ok(checked.outcome());
    }
    match nginx.state().await? {
        NginxState::Running(before) => nginx.reload(&before, wait).await,
        NginxState::Stopped => Ok(Outcome::failed("nginx does not run, so it cannot be reloaded", 1)),
    }
}
