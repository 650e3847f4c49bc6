//! Remove a file or a link from each host.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use crate::early::Early;
use crate::on_host::{HostScript, host_path};

const SCRIPT: HostScript = HostScript::new("remove", &[include_str!("remove.sh")]);

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("file.remove", "Removes a file or a link.")
        .details(
            "Of a link the link itself goes, not what it leads to. A folder is a failure: `directory` removes those.",
        )
        .arg(Arg::required("path", ArgKind::Text, "The file or the link on the host."))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let path = host_path("path", config.text("path")?)?;
    let ask = async |what| Early::unless_ok(host.run(SCRIPT.with([what, path])).await?);
    let said = ask("look").await?;
    match said.trim() {
        "nothing" => Ok(Outcome::unchanged(format!("there is no `{path}`"))),
        kind @ ("file" | "link") => {
            host.would(format!("remove the {kind} `{path}`"))?;
            ask("remove").await?;
            match ask("look").await?.trim() {
                "nothing" => Ok(Outcome::changed(format!("{kind} `{path}` removed"))),
                _ => Err(Early::failed(format!("`{path}` is there again: somebody makes it anew"))),
            }
        }
        _ => Err(Early::failed(format!("cannot tell what `{path}` is"))),
    }
}
