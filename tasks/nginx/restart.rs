//! Restart nginx on each server.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::server::{Nginx, NginxState};

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("nginx.restart", "Restarts nginx.")
        .details(
            "Its configuration is checked first, so that a mistake in it does not take the server down. It is stopped, which cuts off \
             requests under way, and started anew; `nginx.reload` lets them end. The work is done when the old master is gone and \
             a new one has workers. An nginx that does not run is started.",
        )
        .arg(Arg::optional("wait", ArgKind::Duration, "How long its stop, and then its start, may take.").default("30s"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let wait = config.duration("wait")?;
    let nginx = Nginx::on(host);
    let checked = nginx.configtest().await?;
    if !checked.ok() {
        return Ok(checked.outcome());
    }
    let was_running = matches!(nginx.state().await?, NginxState::Running(_));
    host.would("restart nginx")?;
    if was_running {
        let stopped = nginx.stop(wait).await?;
        if !stopped.is_ok() {
            return Ok(stopped);
        }
    }
    let mut started = nginx.start(wait).await?;
    if !started.is_ok() {
        started.message = format!("nginx was stopped and is not back: {}", started.message);
    } else if !was_running {
        started.message = format!("nginx was not running and was started: {}", started.message);
    }
    Ok(started)
}
