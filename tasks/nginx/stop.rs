//! Stop nginx on each server.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::server::{Nginx, NginxState};

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("nginx.stop", "Stops nginx.")
        .details(
            "Requests under way are cut off; where systemd is asked, its unit says how long they have. An nginx that does not run is \
             left alone. The work is done when its master process is gone. Nginx cannot be stopped this way while its configuration \
             is broken: it says so, and the task fails.",
        )
        .arg(Arg::optional("wait", ArgKind::Duration, "How long it may take until it is gone.").default("30s"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let wait = config.duration("wait")?;
    let nginx = Nginx::on(host);
    match nginx.state().await? {
        NginxState::Stopped => Ok(Outcome::unchanged("nginx was not running")),
        NginxState::Running(_) => nginx.stop(wait).await,
    }
}
