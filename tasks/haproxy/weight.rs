//! Set the weight of a server of an HAProxy.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::admin::{Haproxy, haproxy_args, named};

pub(crate) fn spec() -> TaskSpec {
    haproxy_args(TaskSpec::new("haproxy.weight", "Sets the weight of a server of an HAProxy."))
        .details(
            "Runs on the host of the HAProxy, most often as a link with `delegate`. A server with twice the weight of another gets twice the \
             sessions; one with 0 gets only those that belong to it already. Without `weight` it is the one of HAProxy's configuration. \
             A backend whose algorithm keeps fixed weights takes no other ones: HAProxy refuses, and the task fails. HAProxy forgets \
             the weight when it is restarted.",
        )
        .arg(Arg::required("server", ArgKind::Text, "The server, as HAProxy names it."))
        .arg(Arg::optional("weight", ArgKind::Integer { min: 0, max: 256 }, "The weight; if absent, that of the configuration."))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let server = named("server", config.text("server")?)?;
    let haproxy = Haproxy::on(host, config)?;
    // Tells what servers there are if there is none of this name.
    haproxy.server(server).await?;
    let before = haproxy.weight(server).await?;
    let wanted = match config.args.integer("weight") {
        Some(weight) => u64::try_from(weight).unwrap_or_default(),
        None => before.configured,
    };
    if before.now == wanted {
        return Ok(Outcome::unchanged(format!("`{server}` has the weight {wanted} already")));
    }
    haproxy.set_weight(server, wanted).await?;
    let now = haproxy.weight(server).await?.now;
    Ok(if now == wanted {
        Outcome::changed(format!("`{server}` has the weight {wanted}; it was {}", before.now))
    } else {
        Outcome::failed(format!("`{server}` has the weight {now} after {wanted} was set"), 1)
    })
}
