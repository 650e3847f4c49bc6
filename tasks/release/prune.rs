//! Remove old releases from each host.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use super::deploy::removed;
use super::place::{Place, place_args, wait_arg};

use crate::early::Early;

pub(crate) fn spec() -> TaskSpec {
    place_args(TaskSpec::new("release.prune", "Removes old releases from each host."))
        .details(
            "Those go first that were current longest ago. The current release and the one before it never go, and what no deploy has \
             made is left alone.",
        )
        .arg(Arg::optional("keep", ArgKind::Integer { min: 1, max: 1000 }, "How many releases are kept.").default(5))
        .arg(wait_arg())
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let keep = config.integer("keep")?.to_string();
    let place = Place::on(host, config)?;
    let surplus = place.surplus(&keep).await?;
    if surplus.is_empty() {
        return Ok(Outcome::unchanged(format!(
            "there are no more than {keep} releases that may go in `{}`",
            place.root
        )));
    }
    host.would(format!("remove the releases `{}`", surplus.join("`, `")))?;
    let said = place.prune(&keep, config.duration("wait")?).await?;
    if !said.ok() {
        return Ok(Outcome::failed(said.complaint(), said.code()));
    }
    let message = removed(&said);
    let message = message.trim_start_matches("; ");
    Ok(if said.stdout.lines().any(|line| line.starts_with("stuck ")) {
        Outcome::failed(message, 1)
    } else if message.is_empty() {
        Outcome::unchanged("somebody else has removed them meanwhile")
    } else {
        Outcome::changed(message)
    })
}
