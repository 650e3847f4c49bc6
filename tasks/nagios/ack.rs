//! Tell Nagios that somebody knows of a problem.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use super::monitor::Nagios;
use super::signature::Signature;
use super::target::Target;
use super::view::{Name, Object, View};

use crate::early::Early;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("nagios.ack", "Acknowledges a problem in Nagios.").details(
        "Runs on the host of Nagios, most often as a link with `delegate`, by Nagios' command file (`ACKNOWLEDGE_HOST_PROBLEM`, \
         `ACKNOWLEDGE_SVC_PROBLEM`). What has no problem, or one that was acknowledged before, is left alone. The work is done when \
         Nagios' status file tells of it, or of no problem any more.",
    );
    let spec = Signature::args(Target::args(spec))
        .arg(
            Arg::optional(
                "sticky",
                ArgKind::Boolean,
                "Whether it stands until all is well, also if the problem changes.",
            )
            .default(true),
        )
        .arg(Arg::optional("notify", ArgKind::Boolean, "Whether Nagios tells its contacts of it.").default(false))
        .arg(Arg::optional("persistent", ArgKind::Boolean, "Whether the comment outlives the problem.").default(false));
    Nagios::args(spec).idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let target = Target::of(config).map_err(Early::mistake)?;
    let signature = Signature::of(config).map_err(Early::mistake)?;
    // As the documentation of external commands has it, 2 is sticky.
    let sticky = if config.boolean("sticky")? { 2 } else { 1 };
    let [notify, persistent] = [config.boolean("notify")?, config.boolean("persistent")?].map(u8::from);
    let nagios = Nagios::on(config, host, target)?;
    let target = nagios.target();
    let before = nagios.look().await?;
    let open: Vec<&Name> = before.objects.iter().filter(|object| is_open(object)).map(|object| &object.name).collect();
    if open.is_empty() {
        return Ok(Outcome::unchanged(format!("{target} has no problem that is not acknowledged")));
    }
    let names = open.iter().map(|name| name.words()).collect::<Vec<_>>().join(", ");
    host.would(format!("acknowledge the problem of {names}"))?;
    let commands: Vec<_> = open
        .iter()
        .map(|name| {
            let command = name.choose("ACKNOWLEDGE_HOST_PROBLEM", "ACKNOWLEDGE_SVC_PROBLEM");
            let Signature { author, comment } = signature;
            format!("{command};{};{sticky};{notify};{persistent};{author};{comment}", name.words())
        })
        .collect();
    nagios.tell(before.now, &commands).await?;
    let done = |view: &View| !view.objects.iter().any(|object| is_open(object) && open.contains(&&object.name));
    Ok(match nagios.wait_until("not every problem is acknowledged", done).await? {
        Ok(_) => Outcome::changed(format!("the problem of {names} is acknowledged")),
        Err(why) => Outcome::failed(why, 1),
    })
}

/// Whether it has a problem of which nobody has said that they know.
fn is_open(object: &Object) -> bool {
    object.state != 0 && !object.acknowledged
}
