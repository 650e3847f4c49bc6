//! Start apache on each server.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::server::{Apache, ApacheState};

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("apache.start", "Starts apache.")
        .details(
            "Its configuration is checked first. An apache that runs already is left alone. The work is done when its master \
             process is seen. The control program is apachectl, apache2ctl or httpd, whichever is there.",
        )
        .arg(Arg::optional("wait", ArgKind::Duration, "How long it may take until it runs.").default("30s"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let wait = config.duration("wait")?;
    let apache = Apache::on(host);
    let checked = apache.configtest().await?;
    if !checked.ok() {
        return Ok(checked.outcome());
    }
    if let ApacheState::Running(now) = apache.state().await? {
        return Ok(Outcome::unchanged(format!("apache is running already (process {})", now.master)));
    }
    let started = apache.ask("start").await?;
    if !started.is_ok() {
        return Ok(started);
    }
    let look = apache.wait_until(wait, ApacheState::is_running).await?;
    Ok(match look.state {
        ApacheState::Running(now) => Outcome::changed(format!("apache is running (process {})", now.master)),
        ApacheState::Stopped => {
            Outcome::failed(format!("apache does not run {} after its start: see its error log", look.waited), 1)
        }
    })
}
