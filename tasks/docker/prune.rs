//! Remove what docker keeps and nobody uses.

use std::time::Duration;

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use crate::early::Early;
use crate::on_host::HostScript;

const SCRIPT: HostScript = HostScript::new("docker", &[include_str!("prune.sh")]);

/// How docker begins the line that tells what was freed.
const FREED: &str = "Total reclaimed space:";

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("docker.prune", "Removes what docker keeps and nobody uses, and tells what was freed.")
        .details(
            "By `docker system prune`: containers that have stopped, networks that no container uses, images without a name, and what builds \
             have left in the cache; with `all` every image that no container uses, with `volumes` also unnamed volumes that none does. `unused_for` \
             spares what is younger, and `labels` takes only what has a label, such as `ci` or `ci=yes`, or has it not, such as `!keep`.\n\n\
             Docker needs rights that only root and its own group have. Tested with a program that plays `docker`, not with a real one.",
        )
        .arg(Arg::optional("all", ArgKind::Boolean, "Whether all images without a container go, not only those without a name.").default(false))
        .arg(Arg::optional("volumes", ArgKind::Boolean, "Whether volumes go too.").default(false))
        .arg(Arg::optional("unused_for", ArgKind::Duration, "Only what was made so long ago; not with `volumes`."))
        .arg(Arg::optional("labels", ArgKind::TextList, "Only what has these labels, or with `!` has not.").default(Vec::<String>::new()))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let words = words(config)?;
    let running = host.run(SCRIPT.with(["look"])).await?;
    if !running.ok() {
        return Ok(Outcome::failed(format!("docker does not answer: {}", running.complaint()), running.code()));
    }
    host.would("remove what docker keeps and nobody uses")?;
    let pruned = host.log_run(SCRIPT.with(["prune"].into_iter().chain(words.iter().map(String::as_str)))).await?;
    if !pruned.is_ok() {
        return Ok(pruned);
    }
    let freed = pruned.message.lines().rev().find_map(|line| line.trim().strip_prefix(FREED)).map(str::trim);
    Ok(match freed {
        // Something without a size may be gone all the same: then docker has named it before.
        Some("0B") if pruned.message.lines().count() == 1 => Outcome::unchanged("there was nothing to remove"),
        Some(freed) => Outcome::changed(format!("{freed} freed")),
        None => Outcome::failed("docker does not tell what was freed", 1),
    })
}

/// Docker's own words for what is asked, or what is wrong with it.
fn words(config: &Config) -> Result<Vec<String>, Early> {
    let mut words = Vec::new();
    if config.boolean("all")? {
        words.push("--all".to_owned());
    }
    let volumes = config.boolean("volumes")?;
    if volumes {
        words.push("--volumes".to_owned());
    }
    match config.args.duration("unused_for") {
        Some(_) if volumes => {
            return Err(Early::mistake("docker knows no age of volumes: `unused_for` is not for them"));
        }
        Some(age) if age < Duration::from_secs(1) => return Err(Early::mistake("`unused_for` is a second at least")),
        Some(age) => words.extend(["--filter".to_owned(), format!("until={}s", age.as_secs())]),
        None => {}
    }
    for label in config.list("labels")? {
        let (name, label) = match label.strip_prefix('!') {
            Some(label) => ("label!", label),
            None => ("label", label),
        };
        if label.trim().is_empty() || label.contains(char::is_control) {
            return Err(Early::mistake("a label is empty or holds a control character"));
        }
        words.extend(["--filter".to_owned(), format!("{name}={label}")]);
    }
    Ok(words)
}
