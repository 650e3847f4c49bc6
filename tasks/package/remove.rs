//! Remove packages from each host.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use super::manager::{Package, Packages, Planned, SYSTEMS, listed, not_done, quoted, with_wait};
use super::names::Wanted;
use crate::early::Early;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("package.remove", "Removes packages.")
        .details(format!(
            "Only those that are named: if another package needs one of them, nothing is removed, and which one that is, is said. With \
             `purge` apt removes their configuration files too, also those of packages that are removed already; dnf and yum know \
             no such thing. Packages that nobody needs any more stay.\n\n{SYSTEMS}"
        ))
        .arg(Arg::required("names", ArgKind::TextList, "The packages."))
        .arg(Arg::optional("purge", ArgKind::Boolean, "Whether their configuration files go too.").default(false));
    with_wait(spec).idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let wanted = Wanted::names(&config.list("names")?)?;
    let purge = config.boolean("purge")?;
    let packages = Packages::on(host, config.duration("wait")?);
    let there = |package: &Package| package.is_there(purge);
    let before = packages.state(wanted.iter().map(|wanted| wanted.name)).await?;
    let here: Vec<_> =
        wanted.iter().zip(&before).filter(|(_, package)| there(package)).map(|(wanted, _)| *wanted).collect();
    if here.is_empty() {
        return Ok(Outcome::unchanged(format!("not installed: {}", quoted(&wanted))));
    }
    let action = if purge { "purge" } else { "remove" };
    let planned = packages.plan(action, &here).await?;
    let others: Vec<_> = planned
        .iter()
        .filter(|planned| !here.iter().any(|wanted| wanted.name == planned.name()))
        .map(Planned::told)
        .collect();
    if !others.is_empty() {
        return Err(Early::failed(format!(
            "nothing was removed: others need {} and would go with it: {}",
            quoted(&here),
            listed(others)
        )));
    }
    host.would(format!("{action} {}", quoted(&here)))?;
    packages.act(action, &here).await?;
    let after = packages.state(here.iter().map(|wanted| wanted.name)).await?;
    let left = after.iter().filter(|package| there(package));
    not_done("still there in the end, though nobody complained", left.map(Package::told))?;
    let done = if purge { "purged" } else { "removed" };
    Ok(Outcome::changed(format!("{done} {}", quoted(&here))))
}
