//! Wait until no build runs on an agent of Jenkins.

use runsheet_model::{format_duration, plural};
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use super::controller::{ASKED, Jenkins};
use crate::early::Early;
use crate::patience::Patience;

pub(crate) fn spec() -> TaskSpec {
    let spec =
        TaskSpec::new("jenkins.agent.wait_idle", "Waits until no build runs on an agent of Jenkins.").details(format!(
            "{ASKED}\n\n\
         An agent that was not taken out before, with `jenkins.agent.offline`, may get the next build at once."
        ));
    Jenkins::args(spec)
        .arg(Arg::optional("wait", ArgKind::Duration, "How long builds may take to end.").default("30m"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let jenkins = Jenkins::on(config, host)?;
    let agent = jenkins.agent();
    let mut patience = Patience::new(host, config.duration("wait")?);
    loop {
        let now = jenkins.look().await?;
        if now.idle {
            return Ok(Outcome::unchanged(format!("no build runs on `{agent}`")));
        }
        if !patience.pause().await {
            let (builds, waited) = (plural(now.busy.max(1), "build"), format_duration(patience.waited()));
            return Ok(Outcome::failed(format!("{builds} on `{agent}` did not end within {waited}"), 1));
        }
    }
}
