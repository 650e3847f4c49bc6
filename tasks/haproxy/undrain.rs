//! Put a server of an HAProxy back into service.

use runsheet_model::format_duration;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::admin::{Haproxy, haproxy_args, named};
use crate::patience::Patience;

pub(crate) fn spec() -> TaskSpec {
    haproxy_args(TaskSpec::new("haproxy.undrain", "Puts a server of an HAProxy back into service."))
        .details(
            "Runs on the host of the HAProxy, most often as a link with `delegate`. The work is done when HAProxy says that the server is \
             up, or does not check it. One that is not up in time is a failure; it was made ready all the same, so that it comes \
             back by itself when HAProxy's check succeeds. A server in maintenance is left there, and is a failure.",
        )
        .arg(Arg::required("server", ArgKind::Text, "The server, as HAProxy names it."))
        .arg(Arg::optional("wait", ArgKind::Duration, "How long HAProxy's check may take to succeed.").default("30s"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let server = named("server", config.text("server")?)?;
    let wait = config.duration("wait")?;
    let haproxy = Haproxy::on(host, config)?;
    let debt = format!("drained {}/{server}", config.text("backend")?);
    let before = haproxy.server(server).await?;
    if before.is_in_service() {
        return Ok(Outcome::unchanged(format!("`{server}` is in service")).closes(debt));
    }
    if before.is_in_maintenance() {
        return Ok(Outcome::failed(format!("`{server}` is in maintenance: somebody else has taken it out"), 1));
    }
    haproxy.set_state(server, "ready").await?;
    let mut patience = Patience::new(host, wait);
    loop {
        let now = haproxy.server(server).await?;
        if now.is_in_service() {
            return Ok(Outcome::changed(format!("`{server}` is back in service")).closes(debt));
        }
        if !patience.pause().await {
            let waited = format_duration(patience.waited());
            let failed = Outcome::failed(format!("`{server}` is {} after {waited}", now.status), 1);
            return Ok(failed.closes(debt));
        }
    }
}
