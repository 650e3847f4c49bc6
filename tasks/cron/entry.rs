//! Make sure that cron has an entry on each host, or has not.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use super::schedule::schedule;
use crate::early::Early;
use crate::on_host::{HostScript, account};

const SCRIPT: HostScript = HostScript::new("cron", &[include_str!("entry.sh")]);

/// The longest line that every cron takes.
const LONGEST: usize = 900;

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("cron.entry", "Makes sure that cron has an entry, or has not.")
        .details(
            "The entry is a file of its own in `/etc/cron.d`, which begins with a marker that names it. A file of that name without the marker is \
             somebody else's and is refused. The schedule is checked as cron does it, which would only tell its log of a mistake. In a command \
             cron takes `%` for the end of the line; one without a `\\` before it is refused.\n\n\
             Whether a cron runs on the host is not looked at.",
        )
        .arg(Arg::required("name", ArgKind::Text, "The entry's name: letters, digits, `-` and `_`."))
        .arg(Arg::optional("state", ArgKind::choice(["present", "absent"]), "Whether it is to be there.").default("present"))
        .arg(Arg::optional("schedule", ArgKind::Text, "When it runs: five fields such as `*/5 2 * * mon-fri`, or a word such as `@daily`."))
        .arg(Arg::optional("user", ArgKind::Text, "The user as whom it runs.").default("root"))
        .arg(Arg::optional("command", ArgKind::Text, "The command, one line."))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let name = config.text("name")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 100 || name.starts_with('-') || !name.chars().all(plain) {
        // run-parts(8): cron does not read a file of another name.
        return Err(Early::mistake(format!("`{}` is no name: letters, digits, `-` and `_`", name.escape_default())));
    }
    let present = config.text("state")? == "present";
    let file = format!("/etc/cron.d/{name}");
    let marker = format!("# {name}: written by runsheet");
    let text = if present { format!("{marker}\n{}", line(config)?) } else { String::new() };
    let ask = async |what| Early::unless_ok(host.run(SCRIPT.with([what, file.as_str(), &text, &marker])).await?);

    let there = match (ask("look").await?.trim(), present) {
        ("same", true) => return Ok(Outcome::unchanged(format!("`{file}` is already as it should be"))),
        ("missing", false) => return Ok(Outcome::unchanged(format!("there is no `{file}`"))),
        ("foreign", _) => {
            let message = format!("`{file}` is not ours, as it does not begin with `{marker}`: nothing was changed");
            return Err(Early::failed(message));
        }
        ("missing", true) => false,
        ("other", _) => true,
        _ => return Err(Early::failed(format!("cannot tell what is in `{file}`"))),
    };
    let (what, wanted, done) = match (present, there) {
        (true, false) => ("write", "same", "added"),
        (true, true) => ("write", "same", "changed"),
        (false, _) => ("remove", "missing", "removed"),
    };
    let would = match done {
        "added" => "add",
        "changed" => "change",
        _ => "remove",
    };
    host.would(format!("{would} the entry `{file}`"))?;
    ask(what).await?;
    if ask("look").await?.trim() == wanted {
        return Ok(Outcome::changed(format!("entry `{file}` {done}")));
    }
    Err(Early::failed(format!("`{file}` is not as it should be: somebody else changes it at the same time")))
}

/// The line for cron.
fn line(config: &Config) -> Result<String, Early> {
    let given = |name| {
        let text = config.opt_text(name).unwrap_or_default();
        if text.trim().is_empty() { Err(Early::mistake(format!("`{name}` has to be given"))) } else { Ok(text) }
    };
    let (when, command) = (given("schedule")?, given("command")?.trim());
    let when = schedule(when).map_err(|why| {
        Early::mistake(format!("`schedule` is `{}`, which cron does not take: {why}", when.escape_default()))
    })?;
    let user = account("user", config.text("user")?)?;
    if command.len() > LONGEST || command.contains(char::is_control) {
        return Err(Early::mistake(format!("`command` has to be one line of at most {LONGEST} bytes")));
    }
    if command.replace("\\%", "").contains('%') {
        return Err(Early::mistake("`command` has a `%`, which cron takes for the end of the line: write `\\%`"));
    }
    Ok(format!("{when} {user} {command}"))
}
