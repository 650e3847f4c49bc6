//! Tell how the servers of an HAProxy are.

use runsheet_model::plural;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::admin::{Haproxy, ServerStatus, haproxy_args, named};

pub(crate) fn spec() -> TaskSpec {
    haproxy_args(TaskSpec::new("haproxy.status", "Tells how the servers of an HAProxy are."))
        .details("Fails if one of them is not in service: down, drained or in maintenance.")
        .arg(Arg::optional("server", ArgKind::Text, "This server only."))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let haproxy = Haproxy::on(host, config)?;
    let servers = match config.opt_text("server") {
        Some(server) => vec![haproxy.server(named("server", server)?).await?],
        None => haproxy.servers().await?,
    };
    let lines: Vec<_> = servers
        .iter()
        .map(|server| {
            let sessions = plural(usize::try_from(server.sessions).unwrap_or(usize::MAX), "session");
            format!("{} {}, {sessions}", server.server, server.status)
        })
        .collect();
    let message = lines.join("\n");
    let all = servers.iter().all(ServerStatus::is_in_service);
    Ok(if all { Outcome::unchanged(message) } else { Outcome::failed(message, 1) })
}
