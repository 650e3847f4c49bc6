//! Upgrade packages on each host.

use runsheet_model::plural;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use super::manager::{Package, Packages, Planned, Refresh, SYSTEMS, listed, not_done, quoted, with_wait};
use super::names::Wanted;
use crate::early::Early;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("package.upgrade", "Upgrades packages: those that are named, or all.")
        .details(format!(
            "Nothing is asked, configuration files that somebody has changed are kept, and nothing is removed: what can only be \
             upgraded by removing something else stays as it is, and so does what is held. A package that is named has to be \
             installed; `package.install` installs.\n\n\
             With dnf and yum it cannot be told beforehand what all there is to do: without `names`, a dry run says so.\n\n{SYSTEMS}"
        ))
        .arg(
            Arg::optional("names", ArgKind::TextList, "The packages; all that are installed if none is named.")
                .default(Vec::<String>::new()),
        )
        .arg(Refresh::arg("true"));
    with_wait(spec).idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let names = config.list("names")?;
    let wanted = if names.is_empty() { Vec::new() } else { Wanted::names(&names)? };
    let refresh = Refresh::read(config.text("update")?)?;
    let packages = Packages::on(host, config.duration("wait")?);
    let (action, what) = if wanted.is_empty() {
        ("upgrade-all", "all packages".to_owned())
    } else {
        let state = packages.state(names.iter().copied()).await?;
        let missing: Vec<_> = state.iter().filter(|package| package.version.is_none()).map(Package::told).collect();
        if !missing.is_empty() {
            return Err(Early::failed(format!("not installed: {}", listed(missing))));
        }
        ("upgrade", quoted(&wanted))
    };
    if packages.is_due(refresh).await? {
        host.would(format!("fetch the lists of packages and upgrade {what}, if there is anything newer"))?;
        packages.refresh().await?;
    }
    if packages.uses_apt().await? {
        by_apt(host, &packages, action, &wanted).await
    } else {
        by_rpm(host, &packages, &what, action, &wanted).await
    }
}

/// With apt it is known beforehand what will be done.
async fn by_apt(host: &Host, packages: &Packages<'_>, action: &str, wanted: &[Wanted<'_>]) -> Result<Outcome, Early> {
    let planned = packages.plan(action, wanted).await?;
    if planned.is_empty() {
        return Ok(Outcome::unchanged("nothing newer is there"));
    }
    let told = listed(planned.iter().map(Planned::told));
    host.would(format!("upgrade {told}"))?;
    packages.act(action, wanted).await?;
    let left = packages.plan(action, wanted).await?;
    not_done("not upgraded in the end, though nobody complained", left.iter().map(Planned::told))?;
    Ok(Outcome::changed(format!("upgraded {}: {told}", plural(planned.len(), "package"))))
}

/// With dnf and yum, what was done shows in the versions before and after.
async fn by_rpm(
    host: &Host,
    packages: &Packages<'_>,
    what: &str,
    action: &str,
    wanted: &[Wanted<'_>],
) -> Result<Outcome, Early> {
    host.would(format!("upgrade {what}, if there is anything newer"))?;
    let before = packages.versions().await?;
    packages.act(action, wanted).await?;
    let after = packages.versions().await?;
    let new: Vec<_> = after.iter().filter(|line| !before.contains(*line)).map(|line| format!("`{line}`")).collect();
    if new.is_empty() {
        return Ok(Outcome::unchanged("nothing newer is there"));
    }
    Ok(Outcome::changed(format!("upgraded {}: {}", plural(new.len(), "package"), listed(new))))
}
