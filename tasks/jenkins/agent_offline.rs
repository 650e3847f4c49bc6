//! Take an agent of Jenkins out.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use super::controller::{ASKED, Jenkins, reason};

use crate::early::Early;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("jenkins.agent.offline", "Takes an agent of Jenkins out, so that it gets no new builds.").details(format!(
        "{ASKED}\n\n\
         Builds under way go on: `jenkins.agent.wait_idle` waits for them. That it is out stays open until `jenkins.agent.online` closes it, and \
         is told at the end of the run. An agent that somebody took out for another reason is a failure: putting it back would not be ours to do."
    ));
    Jenkins::args(spec).arg(Arg::required("reason", ArgKind::Text, "Why, for those who look at Jenkins.")).idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let jenkins = Jenkins::on(config, host)?;
    let reason = reason(config.text("reason")?)?;
    let agent = jenkins.agent();
    let debt = format!("offline {agent}");
    let before = jenkins.look().await?;
    if before.is_taken_out_otherwise(reason) {
        return Ok(Outcome::failed(format!("somebody else has taken `{agent}` out: {}", before.reason), 1));
    }
    if before.taken_out {
        return Ok(Outcome::unchanged(format!("`{agent}` is out already")).opens(debt));
    }
    host.would(format!("take the agent `{agent}` out"))?;
    // There is no word for it but this one, which puts back what is out. Hence the look before.
    jenkins.tell("toggleOffline", reason).await?;
    Ok(if jenkins.look().await?.taken_out {
        Outcome::changed(format!("`{agent}` is out, and gets no new builds")).opens(debt)
    } else {
        Outcome::failed(format!("Jenkins was told, but `{agent}` is not out: somebody may have put it back"), 1)
    })
}
