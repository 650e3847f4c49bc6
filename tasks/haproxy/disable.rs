//! Take a server of an HAProxy out for maintenance.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::admin::{Haproxy, haproxy_args, named};

pub(crate) fn spec() -> TaskSpec {
    haproxy_args(TaskSpec::new("haproxy.disable", "Takes a server of an HAProxy out for maintenance."))
        .details(
            "Runs on the host of the HAProxy, most often as a link with `delegate`. The server gets no new sessions and is not checked any \
             more; sessions under way go on, unless HAProxy was told to cut them off (`on-marked-down`): `haproxy.drain` before waits for \
             their end. That it is in maintenance stays open until `haproxy.enable` closes it, and is told at the end of the run. \
             HAProxy itself forgets it when it is restarted, and forgets with it that the server was drained.",
        )
        .arg(Arg::required("server", ArgKind::Text, "The server, as HAProxy names it."))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let server = named("server", config.text("server")?)?;
    let haproxy = Haproxy::on(host, config)?;
    let backend = config.text("backend")?;
    let debt = format!("in maintenance {backend}/{server}");
    if haproxy.server(server).await?.is_taken_out() {
        return Ok(Outcome::unchanged(format!("`{server}` is in maintenance already")).opens(debt));
    }
    haproxy.disable(server).await?;
    let now = haproxy.server(server).await?;
    Ok(if now.is_taken_out() {
        // HAProxy keeps one of the two only: a drained server comes back from maintenance ready.
        Outcome::changed(format!("`{server}` is in maintenance"))
            .opens(debt)
            .closes(format!("drained {backend}/{server}"))
    } else {
        Outcome::failed(format!("`{server}` is {} after it was taken out for maintenance", now.status), 1).opens(debt)
    })
}
