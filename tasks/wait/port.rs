//! Wait until a port is open.

use std::time::Duration;

use runsheet_model::format_duration;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use crate::on_host::{Tried, try_port};
use crate::patience::Patience;
use crate::viewpoint::{Viewpoint, reason};

/// The most that one try may take.
const TRY_LIMIT: Duration = Duration::from_secs(5);

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("wait.port", "Waits until a TCP port is open.")
        .details(
            "The connection is made and closed again; nothing is sent. From the host it is made with bash, nc, curl or python3, \
             whichever is there. A try that has begun may end up to 5 s after `wait`.",
        )
        .arg(Arg::required("port", ArgKind::Integer { min: 1, max: 65535 }, "The port."))
        .arg(Arg::optional(
            "host",
            ArgKind::Text,
            "Name or address; if absent `127.0.0.1` as the host itself sees it, or with `from: here` the host's address.",
        ))
        .arg(Arg::optional("wait", ArgKind::Duration, "How long it may take.").default("60s"))
        .arg(Viewpoint::arg())
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let port = config.port("port")?;
    let from = Viewpoint::of(config)?;
    let address = match (config.args.text("host"), from) {
        (Some(address), _) => address,
        (None, Viewpoint::Host) => "127.0.0.1",
        (None, Viewpoint::Here) => host.address(),
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._:%".contains(c);
    if address.is_empty() || address.starts_with('-') || !address.chars().all(allowed) {
        return Ok(Outcome::failed(format!("`{}` is no name or address", address.escape_default()), 2));
    }
    let mut patience = Patience::new(host, config.duration("wait")?);
    loop {
        let limit = patience.limit(TRY_LIMIT);
        let tried = match from {
            Viewpoint::Host => try_port(host, address, port, limit).await?,
            Viewpoint::Here => match host.local().connect(address, port, limit).await {
                Ok(()) => Tried::Open,
                Err(error) => Tried::Closed(reason(error)),
            },
        };
        let what = format!("port {port} of `{address}`");
        let last = match tried {
            Tried::Open => return Ok(Outcome::unchanged(format!("{what} is open"))),
            Tried::Impossible(why) => return Ok(Outcome::failed(format!("cannot try {what}: {why}"), 1)),
            Tried::Closed(why) => why,
        };
        if !patience.pause().await {
            let waited = format_duration(patience.waited());
            return Ok(Outcome::failed(format!("{what} was not open after {waited}; last: {last}"), 1));
        }
    }
}
