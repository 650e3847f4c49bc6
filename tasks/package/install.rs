//! Install packages on each host.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use super::manager::{Package, Packages, Refresh, SYSTEMS, listed, not_done, quoted, with_wait};
use super::names::Wanted;
use crate::early::Early;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("package.install", "Installs packages.")
        .details(format!(
            "A package that is installed is left alone, whatever its version is, unless a version is named: then exactly that one is \
             installed, also if it is an older one. Nothing is asked, configuration files that somebody has changed are kept, and \
             no other package is removed for it: that would be a failure. So is a package that is held at another version. The work \
             is done when all of them are installed, which is looked up.\n\n\
             While somebody else is at work on the packages, it is waited for; who that is, is said if it takes too long.\n\n{SYSTEMS}"
        ))
        .arg(Arg::required("names", ArgKind::TextList, "The packages: `NAME` or `NAME=VERSION`."))
        .arg(Refresh::arg("false"))
        .arg(
            Arg::optional("recommends", ArgKind::Boolean, "Whether apt also installs what they recommend.").default(true),
        );
    with_wait(spec).idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let wanted = Wanted::list(&config.list("names")?)?;
    let refresh = Refresh::read(config.text("update")?)?;
    let packages = Packages::on(host, config.duration("wait")?).recommends(config.boolean("recommends")?);
    let names = || wanted.iter().map(|wanted| wanted.name);
    let before = packages.state(names()).await?;
    let missing: Vec<_> = wanted
        .iter()
        .zip(&before)
        .filter(|(wanted, package)| !package.fits(wanted))
        .map(|(wanted, _)| *wanted)
        .collect();
    if missing.is_empty() {
        let told = listed(before.iter().map(Package::told));
        return Ok(Outcome::unchanged(format!("already installed: {told}")));
    }
    if packages.is_due(refresh).await? {
        host.would(format!("fetch the lists of packages and install {}", quoted(&missing)))?;
        packages.refresh().await?;
    }
    let planned = packages.plan("install", &missing).await?;
    let also: Vec<_> = planned.iter().filter(|planned| !names().any(|name| name == planned.name())).collect();
    let with = if also.is_empty() {
        String::new()
    } else {
        format!(", and for them {}", listed(also.iter().map(|planned| planned.told())))
    };
    host.would(format!("install {}{with}", quoted(&missing)))?;
    packages.act("install", &missing).await?;

    let after = packages.state(missing.iter().map(|wanted| wanted.name)).await?;
    let left = missing.iter().zip(&after).filter(|(wanted, package)| !package.fits(wanted));
    not_done(
        "not installed in the end, though nobody complained",
        left.map(|(wanted, _)| format!("`{}`", wanted.text)),
    )?;
    let told = after.iter().map(|package| {
        let was = before.iter().find(|before| before.name == package.name).and_then(|before| before.version.as_ref());
        match was {
            Some(was) => format!("{} (was {was})", package.told()),
            None => package.told(),
        }
    });
    Ok(Outcome::changed(format!("installed {}{with}", listed(told))))
}
