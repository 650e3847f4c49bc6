//! Keep packages at their version on each host, or let them go again.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use super::manager::{Package, Packages, SYSTEMS, listed, not_done, quoted, with_wait};
use super::names::Wanted;
use crate::early::Early;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("package.hold", "Keeps packages at their version, or lets them go again.")
        .details(format!(
            "A package that is held is neither upgraded nor removed until it is let go with `state: unhold`, by this or by anybody \
             else. It has to be installed. With dnf and yum this takes their plugin `versionlock`.\n\n{SYSTEMS}"
        ))
        .arg(Arg::required("names", ArgKind::TextList, "The packages."))
        .arg(
            Arg::optional("state", ArgKind::choice(["hold", "unhold"]), "Whether they are held or let go.")
                .default("hold"),
        );
    with_wait(spec).idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let wanted = Wanted::names(&config.list("names")?)?;
    let state = config.text("state")?;
    let hold = state == "hold";
    let packages = Packages::on(host, config.duration("wait")?);
    let before = packages.state(wanted.iter().map(|wanted| wanted.name)).await?;
    let missing: Vec<_> = before.iter().filter(|package| package.version.is_none()).map(Package::told).collect();
    if !missing.is_empty() {
        return Err(Early::failed(format!("not installed: {}", listed(missing))));
    }
    let others: Vec<_> =
        wanted.iter().zip(&before).filter(|(_, package)| package.held != hold).map(|(wanted, _)| *wanted).collect();
    let done = if hold { "held" } else { "not held" };
    if others.is_empty() {
        return Ok(Outcome::unchanged(format!("already {done}: {}", listed(before.iter().map(Package::told)))));
    }
    host.would(format!("{state} {}", quoted(&others)))?;
    packages.act(state, &others).await?;
    let after = packages.state(others.iter().map(|wanted| wanted.name)).await?;
    let left = after.iter().filter(|package| package.held != hold);
    let not_so = if hold { "not held" } else { "still held" };
    not_done(&format!("{not_so} in the end, though nobody complained"), left.map(Package::told))?;
    Ok(Outcome::changed(format!("{done}: {}", listed(after.iter().map(Package::told)))))
}
