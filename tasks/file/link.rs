//! Make a symbolic link on each host.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use crate::early::Early;
use crate::on_host::{HostScript, host_path};

const SCRIPT: HostScript = HostScript::new("link", &[include_str!("link.sh")]);

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("file.link", "Makes a symbolic link.")
        .details(
            "A link that leads elsewhere is changed at once: whoever looks sees the old one or the new one, never none. That is how \
             `current` comes to lead to another release. Its folder has to exist, and so has what it leads to, unless `dangling` says \
             otherwise. A file in its place is replaced only with `force`, a folder never. `file.remove` removes a link.",
        )
        .arg(Arg::required("path", ArgKind::Text, "The link on the host."))
        .arg(Arg::required("target", ArgKind::Text, "Where it leads: from the root folder, or from the link's own folder."))
        .arg(Arg::optional("force", ArgKind::Boolean, "Whether it may replace a file.").default(false))
        .arg(Arg::optional("dangling", ArgKind::Boolean, "Whether it may lead to nothing.").default(false))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let path = host_path("path", config.text("path")?)?;
    let target = config.text("target")?;
    if target.is_empty() || target.contains(char::is_control) {
        return Err(Early::mistake(format!("`target` is `{}`, which is no path", target.escape_default())));
    }
    let word = |truth| if truth { "true" } else { "false" };
    let words = [path, target, word(config.boolean("force")?), word(config.boolean("dangling")?)];
    let ask = async |what| Early::unless_ok(host.run(SCRIPT.with([what].into_iter().chain(words))).await?);

    let said = ask("look").await?;
    let (what, done) = match said.trim_end_matches('\n').split_once(' ').unwrap_or((said.trim(), "")) {
        ("same", _) => return Ok(Outcome::unchanged(format!("`{path}` leads to `{target}` already"))),
        ("make", _) => (format!("make the link `{path}` to `{target}`"), format!("`{path}` leads to `{target}`")),
        ("change", old) => (
            format!("let `{path}` lead to `{target}`, and not to `{old}`"),
            format!("`{path}` leads to `{target}`, and no more to `{old}`"),
        ),
        ("replace", _) => (
            format!("replace the file `{path}` by a link to `{target}`"),
            format!("`{path}` was a file and leads to `{target}`"),
        ),
        _ => return Err(Early::failed(format!("cannot tell what `{path}` is"))),
    };
    host.would(what)?;
    ask("make").await?;
    match ask("look").await?.trim() {
        "same" => Ok(Outcome::changed(done)),
        _ => Err(Early::failed(format!(
            "`{path}` does not lead to `{target}`: somebody else changes it at the same time"
        ))),
    }
}
