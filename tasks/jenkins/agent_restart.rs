//! Have Jenkins connect an agent anew.

use std::time::Duration;

use runsheet_model::format_duration;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::controller::{ASKED, AgentState, Jenkins};
use crate::early::Early;
use crate::patience::Patience;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("jenkins.agent.restart", "Has Jenkins end an agent and connect it anew.").details(format!(
        "{ASKED}\n\n\
         An agent that the controller starts, by SSH or a command, is started by it; one that connects by itself is waited for. The work is done \
         when it was gone and is connected again. It stays out if it was. An agent on which a build runs is a failure, since that would \
         end: `jenkins.agent.wait_idle` comes before."
    ));
    Jenkins::args(spec)
        .arg(
            Arg::optional("wait", ArgKind::Duration, "How long each may take: to be gone, and to be back.")
                .default("2m"),
        )
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let jenkins = Jenkins::on(config, host)?;
    let agent = jenkins.agent();
    let wait = config.duration("wait")?;
    let before = jenkins.look().await?;
    if !before.idle {
        return Ok(Outcome::failed(format!("a build runs on `{agent}`, and would be ended"), 1));
    }
    host.would(format!("restart the agent `{agent}`"))?;
    if before.connected {
        jenkins.tell("doDisconnect", &before.reason).await?;
        if let Err(waited) = wait_until(&jenkins, host, wait, |now| !now.connected).await? {
            return Ok(Outcome::failed(
                format!("Jenkins was told, but is still connected with `{agent}` after {waited}"),
                1,
            ));
        }
    }
    if before.launched {
        jenkins.tell("launchSlaveAgent", "").await?;
    }
    Ok(match wait_until(&jenkins, host, wait, |now| now.connected).await? {
        Ok(()) => Outcome::changed(format!("`{agent}` was restarted, and is connected")),
        Err(waited) => Outcome::failed(format!("`{agent}` was ended, and is not connected again after {waited}"), 1),
    })
}

/// Looks until the agent is as wanted; tells how long that was if it is not.
async fn wait_until(
    jenkins: &Jenkins<'_>,
    host: &Host,
    wait: Duration,
    as_it_should: impl Fn(&AgentState) -> bool,
) -> Result<Result<(), String>, TaskError> {
    let mut patience = Patience::new(host, wait);
    loop {
        if as_it_should(&jenkins.look().await?) {
            return Ok(Ok(()));
        }
        if !patience.pause().await {
            return Ok(Err(format_duration(patience.waited())));
        }
    }
}
