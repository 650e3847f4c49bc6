//! Wait until each host runs commands.

use std::time::Duration;

use runsheet_model::format_duration;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use crate::early::Early;
use crate::on_host::HostScript;
use crate::patience::Patience;

/// One `true`, and how long the host has been up, where it tells.
const SCRIPT: HostScript =
    HostScript::new("wait", &["true && { read -r up _ </proc/uptime; } 2>/dev/null && echo \"${up%.*}\"; true"]);

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("host.wait", "Waits until a host runs commands, and tells how long it has been up.")
        .details(
            "A step connects to its hosts before its task begins, and a host that lets nobody in is not reached: how long that is tried is for \
             `connect_timeout` and `retries`. This waits for one that lets us in and does not run commands yet, as while it starts.",
        )
        .arg(Arg::optional("wait", ArgKind::Duration, "How long it may take.").default("60s"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let mut patience = Patience::new(host, config.duration("wait")?);
    loop {
        let said = host.run(SCRIPT.with([])).await?;
        if said.ok() {
            return Ok(Outcome::unchanged(told(&said.stdout)));
        }
        if !patience.pause().await {
            let waited = format_duration(patience.waited());
            return Err(Early::failed(format!("the host ran no command within {waited}; last: {}", said.complaint())));
        }
    }
}

fn told(said: &str) -> String {
    match said.trim().parse() {
        Ok(seconds) => {
            format!("the host runs commands, and has been up {}", format_duration(Duration::from_secs(seconds)))
        }
        Err(_) => "the host runs commands".to_owned(),
    }
}
