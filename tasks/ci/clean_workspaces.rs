//! Remove the workspaces that builds have left behind.

use runsheet_model::shortened;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::workspaces::Workspaces;
use crate::on_host::HostScript;

const SCRIPT: HostScript = HostScript::new("workspaces", &[include_str!("workspaces.sh")]);

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("ci.clean_workspaces", "Removes workspaces of builds that were not used for some days.")
        .details(
            "A workspace is a folder in `root`; one is unused if nothing in it was changed for so many days. Links are neither followed nor \
             removed, and nothing outside of `root` is, whatever leads there; hidden folders and files stay. A folder in which a process \
             works, or of which it holds a file open or runs one, is kept, and so is one in which something is mounted.\n\n\
             Only root sees the processes of all users: anybody else has to be the user of the builds. What runs in a container is not seen \
             either. It is best done while the agent gets no builds. `root` may not be a folder of the system, and has to be deep enough not \
             to hold everything (`/var/lib/jenkins/workspace`). It says how much was freed.",
        )
        .arg(Arg::required("root", ArgKind::Text, "The folder that holds the workspaces."))
        .arg(
            Arg::optional("days", ArgKind::Integer { min: 1, max: 3650 }, "How many days without a change.").default(14),
        )
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let root = config.text("root")?;
    if !root.starts_with('/') || root.contains(char::is_control) {
        return Ok(Outcome::failed(format!("`{}` is not a path from the root", root.escape_default()), 2));
    }
    let days = config.integer("days")?.to_string();
    let before = ask(host, "look", root, &days).await?;
    let kept = |kept: &Workspaces| {
        if kept.used.is_empty() { String::new() } else { format!("; {} in use kept", kept.used.words()) }
    };
    if before.stale.is_empty() {
        return Ok(Outcome::unchanged(format!("no workspace in {root} was unused for {days} days{}", kept(&before))));
    }
    host.would(format!("remove {} from {root}, and free {}", before.stale.words(), before.stale.size()))?;
    let after = ask(host, "clean", root, &days).await?;
    let removed =
        format!("{} removed from {root}, {} freed{}", after.removed.words(), after.removed.size(), kept(&after));
    Ok(if !after.failed.is_empty() {
        let (failed, why) = (after.failed.words(), after.complaint);
        Outcome::failed(format!("{failed} cannot be removed: {why}; {removed}"), 1)
    } else if after.removed.is_empty() {
        Outcome::unchanged(format!("no workspace in {root} is unused any more{}", kept(&after)))
    } else {
        Outcome::changed(removed)
    })
}

async fn ask(host: &Host, action: &str, root: &str, days: &str) -> Result<Workspaces, TaskError> {
    let said = host.run(SCRIPT.with([action, root, days])).await?;
    match if said.ok() { Workspaces::read(&said.stdout) } else { None } {
        Some(all) => {
            let complaint = said.stderr.lines().next().unwrap_or("it is still there");
            Ok(Workspaces { complaint: shortened(complaint, 200), ..all })
        }
        None => Err(TaskError::failed(format!("cannot look through {root}: {}", said.complaint()))),
    }
}
