//! Make sure that a folder is there on each host, or is not.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use crate::early::Early;
use crate::on_host::{HostScript, Rights, host_path};

const SCRIPT: HostScript = HostScript::new("directory", &[include_str!("directory.sh")]);

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("directory", "Makes sure that a folder is there, or is not.")
        .details(
            "With `state: present` it is made, with those above it that are missing, and gets the mode, owner and group that are \
             named; those above it get what is usual on the host. A link to a folder is refused.\n\n\
             With `state: absent` it is removed if it is empty. With `force` all that is in it goes too, for good; that takes a path \
             of at least two parts (`/srv/app`), and nothing is removed if another file system is mounted in it.",
        )
        .arg(Arg::required("path", ArgKind::Text, "The folder on the host."))
        .arg(
            Arg::optional("state", ArgKind::choice(["present", "absent"]), "Whether it is to be there.").default("present"),
        );
    Rights::args(spec)
        .arg(
            Arg::optional("force", ArgKind::Boolean, "Whether a folder is removed with all that is in it.")
                .default(false),
        )
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let path = host_path("path", config.text("path")?)?;
    let rights = Rights::of(host, path, config)?;
    let force = config.boolean("force")?;
    match (config.text("state")?, force) {
        ("absent", _) if !rights.are_none() => {
            Err(Early::mistake("`mode`, `owner` and `group` make no sense with `state: absent`"))
        }
        ("absent", true) if path.matches('/').count() < 2 => {
            Err(Early::mistake(format!("`{path}` is not removed with all that is in it: it stands right below `/`")))
        }
        ("absent", _) => remove(host, path, force).await,
        (_, true) => Err(Early::mistake("`force` makes sense only with `state: absent`")),
        (_, false) => make(host, path, &rights, config.opt_text("mode")).await,
    }
}

async fn make(host: &Host, path: &str, rights: &Rights<'_>, mode: Option<&str>) -> Result<Outcome, Early> {
    let with = if rights.are_none() { String::new() } else { format!(" with {rights}") };
    match look(host, path, "present", false).await?.as_str() {
        "same" if rights.differing().await? == 0 => Ok(Outcome::unchanged(format!("folder `{path}` is there{with}"))),
        "same" => {
            host.would(format!("give folder `{path}` {rights}"))?;
            rights.give().await?;
            Ok(Outcome::changed(format!("folder `{path}` was there and has got {rights}")))
        }
        "make" => {
            host.would(format!("make folder `{path}`{with}"))?;
            // With its mode from the beginning, so that nobody gets in meanwhile.
            Early::unless_ok(host.run(SCRIPT.with(["make", path, mode.unwrap_or("-")])).await?)?;
            rights.give().await?;
            Ok(Outcome::changed(format!("folder `{path}` made{with}")))
        }
        _ => Err(Early::failed(format!("cannot tell what `{path}` is"))),
    }
}

async fn remove(host: &Host, path: &str, force: bool) -> Result<Outcome, Early> {
    let said = look(host, path, "absent", force).await?;
    if said == "same" {
        return Ok(Outcome::unchanged(format!("there is no folder `{path}`")));
    }
    let Some(count) = said.strip_prefix("remove ").and_then(|count| count.parse::<u64>().ok()) else {
        return Err(Early::failed(format!("cannot tell what is in `{path}`")));
    };
    let with = match count {
        0 => String::new(),
        1 => " and the one file or folder in it".to_owned(),
        count => format!(" and the {count} files and folders in it"),
    };
    host.would(format!("remove folder `{path}`{with}"))?;
    let force = if force { "true" } else { "false" };
    Early::unless_ok(host.run(SCRIPT.with(["remove", path, force])).await?)?;
    match look(host, path, "absent", true).await?.as_str() {
        "same" => Ok(Outcome::changed(format!("folder `{path}`{with} removed"))),
        _ => Err(Early::failed(format!("folder `{path}` is there again: somebody makes it anew"))),
    }
}

async fn look(host: &Host, path: &str, state: &str, force: bool) -> Result<String, Early> {
    let force = if force { "true" } else { "false" };
    let said = Early::unless_ok(host.run(SCRIPT.with(["look", path, state, force])).await?)?;
    Ok(said.trim().to_owned())
}
