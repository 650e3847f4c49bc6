//! Stop apache on each server.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::server::{Apache, ApacheState};

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("apache.stop", "Stops apache.")
        .details(
            "Requests under way are cut off. An apache that does not run is left alone. The work is done when its master process \
             is gone. Apache cannot be stopped this way while its configuration is broken: it says so, and the task fails.",
        )
        .arg(Arg::optional("wait", ArgKind::Duration, "How long it may take until it is gone.").default("30s"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let wait = config.duration("wait")?;
    let apache = Apache::on(host);
    if apache.state().await? == ApacheState::Stopped {
        return Ok(Outcome::unchanged("apache was not running"));
    }
    let stopped = apache.ask("stop").await?;
    if !stopped.is_ok() {
        return Ok(stopped);
    }
    let look = apache.wait_until(wait, |state| !state.is_running()).await?;
    Ok(match look.state {
        ApacheState::Stopped => Outcome::changed("apache has stopped"),
        ApacheState::Running(now) => {
            Outcome::failed(format!("apache (process {}) still runs {} after its stop", now.master, look.waited), 1)
        }
    })
}
