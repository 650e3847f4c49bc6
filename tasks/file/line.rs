//! Make sure that a line is in a file of each host, or is not.

use runsheet_model::plural;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use crate::early::Early;
use crate::on_host::{HostScript, host_path};

const SCRIPT: HostScript = HostScript::new("line", &[include_str!("line.sh")]);

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("file.line", "Makes sure that a line is in a file, or is not.")
        .details(
            "With `state: present` the line is added at the end, unless it is there. With `match`, a POSIX extended regular expression \
             (grep -E), the one line that it fits is replaced; if it fits none, the line is added at the end, and if it fits \
             several, nothing is done and their numbers are told. Write it so that it also fits the new line, or the next one of a \
             changed sheet is added beside it.\n\n\
             With `state: absent` all lines that are this line are removed, or all that `match` fits.\n\n\
             The file is replaced at once and keeps its mode and owner. A link is refused, and a file that is no text; one that is \
             not there is made only with `create`.",
        )
        .arg(Arg::required("path", ArgKind::Text, "The file on the host."))
        .arg(Arg::optional("line", ArgKind::Text, "The line."))
        .arg(Arg::optional("match", ArgKind::Text, "Which line it replaces, or which ones are removed."))
        .arg(
            Arg::optional("state", ArgKind::choice(["present", "absent"]), "Whether it is to be there.").default("present"),
        )
        .arg(Arg::optional("create", ArgKind::Boolean, "Whether the file is made if it is missing.").default(false))
        .arg(Arg::optional("mode", ArgKind::Mode, "The mode of a file that is made.").default("0644"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let path = host_path("path", config.text("path")?)?;
    let state = config.text("state")?;
    let line = one_line("line", config.opt_text("line"))?;
    let fits = one_line("match", config.opt_text("match"))?;
    match (state, line, fits) {
        ("present", "", _) => return Err(Early::mistake("`line` has to be given")),
        ("absent", "", "") => return Err(Early::mistake("`line` or `match` has to be given")),
        ("absent", line, fits) if !line.is_empty() && !fits.is_empty() => {
            return Err(Early::mistake("with `state: absent` only one of `line` and `match` can be given"));
        }
        _ => {}
    }
    let create = if config.boolean("create")? { "true" } else { "false" };
    let words = [path, state, line, fits, create, config.text("mode")?];
    let ask = async |what| Early::unless_ok(host.run(SCRIPT.with([what].into_iter().chain(words))).await?);

    let said = ask("look").await?;
    let (what, done) = match said.trim().split_once(' ').unwrap_or((said.trim(), "")) {
        ("same", _) => return Ok(Outcome::unchanged(format!("`{path}` is already as it should be"))),
        ("missing", _) => return Ok(Outcome::unchanged(format!("there is no `{path}`"))),
        ("create", _) => (format!("make `{path}` with the line"), format!("`{path}` made with the line")),
        ("append", _) => (format!("add the line to `{path}`"), format!("line added to `{path}`")),
        ("replace", number) => {
            (format!("replace line {number} of `{path}`"), format!("line {number} of `{path}` replaced"))
        }
        ("remove", count) => {
            let lines = plural(count.parse().unwrap_or(usize::MAX), "line");
            (format!("remove {lines} from `{path}`"), format!("{lines} removed from `{path}`"))
        }
        _ => return Err(Early::failed(format!("cannot tell what is in `{path}`"))),
    };
    host.would(what)?;
    ask("edit").await?;
    match ask("look").await?.trim() {
        "same" | "missing" => Ok(Outcome::changed(done)),
        _ => Err(Early::failed(format!(
            "`{path}` is not as it should be: somebody else changes it at the same time, or `match` still fits"
        ))),
    }
}

/// Text that is one line of a file at most; empty if it was not given.
fn one_line<'a>(argument: &str, text: Option<&'a str>) -> Result<&'a str, Early> {
    let text = text.unwrap_or_default();
    if text.contains(|c: char| c.is_control() && c != '\t') {
        return Err(Early::mistake(format!("`{argument}` has to be one line of text")));
    }
    Ok(text)
}
