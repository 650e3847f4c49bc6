//! Enable or disable a site of nginx on each server.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::server::{Nginx, NginxState};
use crate::on_host::HostScript;

const SCRIPT: HostScript = HostScript::new("nginx-site", &[include_str!("site.sh")]);

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("nginx.site", "Enables or disables a site of nginx.")
        .details(
            "By a link in `sites-enabled` to the file of that name in `sites-available`, as Debian and Ubuntu have it; where these \
             folders are not, the task fails. The configuration is checked afterwards, and if it is broken then, the link is as it was \
             before. Nothing is enabled in a configuration that was broken before; a site can be disabled in one. What stands in \
             `sites-enabled` and is no link to the file of that name is somebody else's: the task fails.\n\n\
             With `reload`, an nginx that runs reads its configuration again as with `nginx.reload`, if workers of it are older than the \
             last change in `sites-enabled`. One that does not run is not started. A site that the host does not have counts as \
             disabled.",
        )
        .arg(Arg::required("name", ArgKind::Text, "Its name, as in `sites-available/NAME`."))
        .arg(Arg::optional("state", ArgKind::choice(["enabled", "disabled"]), "How it has to be.").default("enabled"))
        .arg(Arg::optional("reload", ArgKind::Boolean, "Whether an nginx that runs has to have read it.").default(true))
        .arg(Arg::optional("wait", ArgKind::Duration, "How long that may take.").default("30s"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let name = config.text("name")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if name.is_empty() || name.starts_with(['-', '.']) || !name.chars().all(plain) {
        return Ok(Outcome::failed(format!("`{}` cannot be the name of a site", name.escape_default()), 2));
    }
    let on = config.text("state")? == "enabled";
    let said = host.run(SCRIPT.with(["look", name])).await?;
    if said.code() == 127 {
        return Ok(Outcome::failed(said.complaint(), 127));
    }
    let (state, behind) = match said.stdout.trim().split_once(' ') {
        Some((state, "behind")) if said.ok() => (state, true),
        Some((state, "since")) if said.ok() => (state, false),
        _ => {
            return Err(TaskError::failed(format!(
                "cannot tell whether site `{name}` is enabled: {}",
                said.complaint()
            )));
        }
    };
    let as_wanted = match state {
        "enabled" => on,
        "disabled" | "missing" => !on,
        "loose" => false,
        _ => {
            let message = format!("`sites-enabled/{name}` is no link to the site of that name: it is left as it is");
            return Ok(Outcome::failed(message, 1));
        }
    };
    if on && matches!(state, "missing" | "loose") && !as_wanted {
        return Ok(Outcome::failed(format!("the host has no site `{name}` that could be enabled"), 1));
    }
    let words = if on { "enabled" } else { "disabled" };
    let nginx = Nginx::on(host);
    let checked = nginx.configtest().await?;
    let mut message = match state {
        "missing" => format!("the host has no site `{name}`, so none is enabled"),
        _ => format!("site `{name}` is {words} already"),
    };
    if !as_wanted {
        if on && !checked.ok() {
            let complaint = checked.complaint();
            let message = format!("the configuration is broken already, so site `{name}` was not enabled: {complaint}");
            return Ok(Outcome::failed(message, 1));
        }
        if let Some(failed) = set(host, name, on, checked.ok()).await? {
            return Ok(failed);
        }
        message = format!("site `{name}` was {words}");
    }
    let checked = if checked.ok() { checked } else { nginx.configtest().await? };
    if !checked.ok() {
        let complaint = checked.complaint();
        return Ok(Outcome::failed(format!("{message}, but the configuration is broken: {complaint}"), 1));
    }
    let mut done = if as_wanted { Outcome::unchanged(message) } else { Outcome::changed(message) };
    if config.boolean("reload")? && (behind || !as_wanted) {
        match nginx.state().await? {
            NginxState::Stopped => done.message.push_str("; nginx does not run"),
            NginxState::Running(before) => {
                let mut reloaded = nginx.reload(&before, config.duration("wait")?).await?;
                reloaded.message = format!("{}; {}", done.message, reloaded.message);
                return Ok(reloaded);
            }
        }
    }
    Ok(done)
}

/// Makes or removes the link; a failure if the configuration is broken by it, or it could not be done.
async fn set(host: &Host, name: &str, on: bool, was_right: bool) -> Result<Option<Outcome>, TaskError> {
    let words = if on { "enabled" } else { "disabled" };
    host.would(format!("{} site `{name}`", if on { "enable" } else { "disable" }))?;
    // What was broken before cannot have been broken by this.
    let keep = if was_right { "" } else { "keep" };
    let said = host.run(SCRIPT.with(["set", name, if on { "on" } else { "off" }, keep])).await?;
    let text = said.text();
    let message = match said.code() {
        0 => return Ok(None),
        3 => format!("with site `{name}` {words} the configuration is broken; it was taken back: {text}"),
        4 => format!("with site `{name}` {words} the configuration is broken, and it could not be taken back: {text}"),
        _ => format!("site `{name}` could not be {words}: {}", said.complaint()),
    };
    Ok(Some(Outcome::failed(message, 1)))
}
