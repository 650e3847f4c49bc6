//! Put an agent of Jenkins back.

use runsheet_model::format_duration;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use super::controller::{ASKED, Jenkins, reason};
use crate::early::Early;
use crate::patience::Patience;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("jenkins.agent.online", "Puts an agent of Jenkins back, so that it gets builds.").details(format!(
        "{ASKED}\n\n\
         The work is done when Jenkins says that the agent is online; one that is not connected in time is a failure, and gets builds as soon \
         as it is. With `reason`, an agent that somebody took out for another one is left there, and is a failure."
    ));
    Jenkins::args(spec)
        .arg(Arg::optional("reason", ArgKind::Text, "The reason that `jenkins.agent.offline` was given."))
        .arg(Arg::optional("wait", ArgKind::Duration, "How long the agent may take to be connected.").default("1m"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let jenkins = Jenkins::on(config, host)?;
    let reason = config.opt_text("reason").map(reason).transpose()?;
    let agent = jenkins.agent();
    let debt = format!("offline {agent}");
    let before = jenkins.look().await?;
    if reason.is_some_and(|reason| before.is_taken_out_otherwise(reason)) {
        return Ok(Outcome::failed(format!("somebody else has taken `{agent}` out: {}", before.reason), 1));
    }
    if before.taken_out {
        host.would(format!("put the agent `{agent}` back"))?;
        jenkins.tell("toggleOffline", "").await?;
    }
    let mut patience = Patience::new(host, config.duration("wait")?);
    loop {
        let now = jenkins.look().await?;
        if !now.offline {
            let message = format!("`{agent}` is online");
            let outcome = if before.taken_out { Outcome::changed(message) } else { Outcome::unchanged(message) };
            return Ok(outcome.closes(debt));
        }
        if now.taken_out {
            return Ok(Outcome::failed(format!("`{agent}` is out: somebody has taken it out meanwhile"), 1));
        }
        if !patience.pause().await {
            let waited = format_duration(patience.waited());
            let message = format!("`{agent}` gets builds again, but is not connected after {waited}");
            return Ok(Outcome::failed(message, 1).closes(debt));
        }
    }
}
