//! Give a file or a folder a mode, an owner and a group on each host.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use crate::early::Early;
use crate::on_host::{Rights, host_path};

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("file.mode", "Gives a file or a folder a mode, an owner and a group.")
        .details(
            "What is not named stays as it is. With `recursive` so does all that is in a folder; folders get leave to be entered \
             (`x`) from all who may read, so that `mode: 0640` makes folders 0750. Links are passed over, and a path that is one is \
             refused.\n\n\
             As root, do not use `recursive` below a folder in which others may write at the same time: what they move about \
             meanwhile could be taken for something else.",
        )
        .arg(Arg::required("path", ArgKind::Text, "The file or the folder on the host."));
    Rights::args(spec)
        .arg(Arg::optional("recursive", ArgKind::Boolean, "Whether all that is in it gets the same.").default(false))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let path = host_path("path", config.text("path")?)?;
    let recursive = config.boolean("recursive")?;
    let rights = Rights::of(host, path, config)?.recursive(recursive);
    if rights.are_none() {
        return Err(Early::mistake("one of `mode`, `owner` and `group` has to be given"));
    }
    let differing = rights.differing().await?;
    if differing == 0 {
        return Ok(Outcome::unchanged(format!("`{path}` is already as it should be: {rights}")));
    }
    let what =
        if recursive { format!("{differing} of the files and folders of `{path}`") } else { format!("`{path}`") };
    host.would(format!("give {what} {rights}"))?;
    rights.give().await?;
    Ok(Outcome::changed(format!("{rights} given to {what}")))
}
