//! Start nginx on each server.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::server::{Nginx, NginxState};

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("nginx.start", "Starts nginx.")
        .details(
            "Its configuration is checked first. An nginx that runs already is left alone. The work is done when it has workers. Where \
             systemd runs the host and has a unit `nginx`, it is asked; elsewhere nginx itself.",
        )
        .arg(Arg::optional("wait", ArgKind::Duration, "How long it may take until it runs.").default("30s"))
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
        NginxState::Running(now) => {
            Ok(Outcome::unchanged(format!("nginx is running already (process {})", now.master)))
        }
        NginxState::Stopped => nginx.start(wait).await,
    }
}
