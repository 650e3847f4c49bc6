//! Take a server out of an HAProxy.

use std::time::Duration;

use runsheet_model::{format_duration, plural};
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::admin::{Haproxy, haproxy_args, named};
use crate::patience::Patience;

pub(crate) fn spec() -> TaskSpec {
    haproxy_args(TaskSpec::new("haproxy.drain", "Takes a server out of an HAProxy, and waits until its sessions are gone."))
        .details(
            "Runs on the host of the HAProxy, most often as a link with `delegate`. The server gets no new sessions; those under way go \
             on. The work is done when none is left; sessions that are still there when the time is over are a failure, and the \
             server stays drained. That it is drained stays open until `haproxy.undrain` closes it, and is told at the end of the run. A \
             server that somebody took out for maintenance is a failure: putting it back would not be ours to do.\n\n\
             Commands go to the admin socket through socat, perl or python3, whichever is there.",
        )
        .arg(Arg::required("server", ArgKind::Text, "The server, as HAProxy names it."))
        .arg(Arg::optional("wait", ArgKind::Duration, "How long sessions may take to end.").default("60s"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let server = named("server", config.text("server")?)?;
    let wait: Duration = config.duration("wait")?;
    let haproxy = Haproxy::on(host, config)?;
    let debt = format!("drained {}/{server}", config.text("backend")?);
    let before = haproxy.server(server).await?;
    if before.is_in_maintenance() {
        return Ok(Outcome::failed(format!("`{server}` is in maintenance: somebody else has taken it out"), 1));
    }
    if !before.is_draining() {
        haproxy.set_state(server, "drain").await?;
    }
    let mut patience = Patience::new(host, wait);
    loop {
        let now = haproxy.server(server).await?;
        if now.sessions == 0 {
            let message = format!("`{server}` is drained");
            let changed = !before.is_draining();
            let outcome = if changed { Outcome::changed(message) } else { Outcome::unchanged(message) };
            return Ok(outcome.opens(debt));
        }
        if !patience.pause().await {
            let left = plural(usize::try_from(now.sessions).unwrap_or(usize::MAX), "session");
            let waited = format_duration(patience.waited());
            return Ok(Outcome::failed(format!("{left} of `{server}` did not end within {waited}"), 1).opens(debt));
        }
    }
}
