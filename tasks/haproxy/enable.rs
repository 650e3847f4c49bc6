//! Put a server of an HAProxy back from maintenance.

use runsheet_model::format_duration;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};
use tokio::time::Instant;

use super::admin::{Haproxy, haproxy_args, named};
use crate::patience::Patience;

pub(crate) fn spec() -> TaskSpec {
    haproxy_args(TaskSpec::new("haproxy.enable", "Puts a server of an HAProxy back from maintenance."))
        .details(
            "Runs on the host of the HAProxy, most often as a link with `delegate`. HAProxy takes a \
             server that comes from maintenance for up until a check fails. So the work is done when the server was up for `settle` \
             without a check that failed, or HAProxy does not check it: let that be longer than HAProxy's `inter`. One that is not up in \
             time is a failure; it is out of maintenance all the same, so that it comes back by itself when HAProxy's check succeeds. A server that is drained is not in maintenance, and is left drained, which \
             is a failure too: `haproxy.undrain` puts it back.",
        )
        .arg(Arg::required("server", ArgKind::Text, "The server, as HAProxy names it."))
        .arg(Arg::optional("wait", ArgKind::Duration, "How long HAProxy's check may take to succeed.").default("30s"))
        .arg(Arg::optional("settle", ArgKind::Duration, "How long it has to be up before that counts.").default("3s"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let server = named("server", config.text("server")?)?;
    let (wait, settle) = (config.duration("wait")?, config.duration("settle")?);
    let haproxy = Haproxy::on(host, config)?;
    let debt = format!("in maintenance {}/{server}", config.text("backend")?);
    let before = haproxy.server(server).await?;
    if before.is_wholly_up() || !before.is_checked() {
        return Ok(Outcome::unchanged(format!("`{server}` is in service")).closes(debt));
    }
    let taken_out = before.is_taken_out();
    if taken_out {
        haproxy.enable(server).await?;
    }
    let mut patience = Patience::new(host, wait + settle);
    let mut up_since = None;
    loop {
        let now = haproxy.server(server).await?;
        if now.is_wholly_up() {
            up_since.get_or_insert_with(Instant::now);
        } else {
            up_since = None;
        }
        if !now.is_checked() || up_since.is_some_and(|since| since.elapsed() >= settle) {
            let message = format!("`{server}` is back in service");
            let done = if taken_out { Outcome::changed(message) } else { Outcome::unchanged(message) };
            return Ok(done.closes(debt));
        }
        if now.is_draining() {
            let message = format!("`{server}` is not in maintenance, but drained: `haproxy.undrain` puts it back");
            return Ok(Outcome::failed(message, 1).closes(debt));
        }
        if !patience.pause().await {
            let waited = format_duration(patience.waited());
            let failed = Outcome::failed(format!("`{server}` is {} after {waited}", now.status), 1);
            // What another server or the resolver keeps out is not ours to close either; our own part is done.
            return Ok(if now.is_taken_out() { failed } else { failed.closes(debt) });
        }
    }
}
