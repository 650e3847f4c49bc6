use std::time::Duration;

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::server::{Apache, ApacheState, CONTROL};
use crate::on_host::HostScript;

const SCRIPT: HostScript = HostScript::new("apache-part", &[CONTROL, include_str!("part.sh")]);

/// A module or a site of apache, as Debian keeps them: what there is in one folder, links to what is in use in another.
pub(crate) struct Part<'a> {
    host: &'a Host,
    kind: &'static str,
    name: &'a str,
}

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    enabled: Enabled,
    /// Whether a running apache has not read its configuration since something was enabled or disabled.
    behind: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Enabled {
    Yes,
    /// A link that leads nowhere.
    Loose,
    No,
    /// The host does not even have it.
    Missing,
}

/// Adds the arguments that both tasks take.
pub(crate) fn part_args(spec: TaskSpec) -> TaskSpec {
    spec.arg(Arg::optional("state", ArgKind::choice(["enabled", "disabled"]), "How it has to be.").default("enabled"))
        .arg(
            Arg::optional(
                "reload",
                ArgKind::Boolean,
                "Whether an apache that runs has to have read it: by a graceful restart.",
            )
            .default(true),
        )
        .arg(Arg::optional("wait", ArgKind::Duration, "How long the graceful restart may take.").default("30s"))
}

impl<'a> Part<'a> {
    /// A part by its name. What the tools would take for an option or for a pattern is no name.
    pub(crate) fn on(host: &'a Host, kind: &'static str, name: &'a str) -> Result<Self, Outcome> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        if name.is_empty() || name.starts_with(['-', '.']) || !name.chars().all(plain) {
            return Err(Outcome::failed(format!("`{}` cannot be the name of a {kind}", name.escape_default()), 2));
        }
        let name = name.strip_suffix(if kind == "module" { ".load" } else { ".conf" }).unwrap_or(name);
        Ok(Self { host, kind, name })
    }

    /// Brings it into the state that is wanted.
    pub(crate) async fn work(&self, config: &Config) -> Result<Outcome, TaskError> {
        let Self { kind, name, .. } = *self;
        let on = config.text("state")? == "enabled";
        let reload = config.boolean("reload")?;
        let wait = config.duration("wait")?;
        let before = match self.look().await? {
            Ok(look) => look,
            Err(missing) => return Ok(missing),
        };
        let checked = Apache::on(self.host).configtest().await?;
        if before.is(on) {
            let message = match before.enabled {
                Enabled::Missing => format!("the host has no {kind} `{name}`, so none is enabled"),
                _ => format!("{kind} `{name}` is {} already", words(on)),
            };
            if !checked.ok() {
                let complaint = checked.complaint();
                return Ok(Outcome::failed(format!("{message}, but the configuration is broken: {complaint}"), 1));
            }
            return if reload && before.behind {
                self.reload(&message, wait, false).await
            } else {
                Ok(Outcome::unchanged(message))
            };
        }
        if on && before.enabled == Enabled::Missing {
            return Ok(Outcome::failed(format!("the host has no {kind} `{name}` that could be enabled"), 1));
        }
        if on && !checked.ok() {
            let complaint = checked.complaint();
            return Ok(Outcome::failed(
                format!("the configuration is broken already, so {kind} `{name}` was not enabled: {complaint}"),
                1,
            ));
        }
        self.host.would(format!("{} {kind} `{name}`", if on { "enable" } else { "disable" }))?;
        // What was broken before cannot have been broken by this.
        let keep = if checked.ok() { "" } else { "keep" };
        let said = self.host.run(SCRIPT.with(["set", kind, name, if on { "on" } else { "off" }, keep])).await?;
        let text = said.text();
        let failed = match said.code() {
            0 => None,
            3 => Some(format!(
                "with {kind} `{name}` {} the configuration is broken; it was taken back: {text}",
                words(on)
            )),
            4 => Some(format!(
                "with {kind} `{name}` {} the configuration is broken, and it could not be taken back: {text}",
                words(on)
            )),
            _ => Some(format!("{kind} `{name}` could not be {}: {}", words(on), said.complaint())),
        };
        if let Some(message) = failed {
            return Ok(Outcome::failed(message, 1));
        }
        match self.look().await? {
            Ok(after) if after.is(on) => {}
            _ => return Ok(Outcome::failed(format!("{kind} `{name}` is not {} after it was", words(on)), 1)),
        }
        let message = format!("{kind} `{name}` was {}", words(on));
        let checked = if checked.ok() { checked } else { Apache::on(self.host).configtest().await? };
        if !checked.ok() {
            let complaint = checked.complaint();
            return Ok(Outcome::failed(format!("{message}, and the configuration is still broken: {complaint}"), 1));
        }
        if reload { self.reload(&message, wait, true).await } else { Ok(Outcome::changed(message)) }
    }

    /// Has a running apache read it; `changed` says whether the host was changed before.
    async fn reload(&self, message: &str, wait: Duration, changed: bool) -> Result<Outcome, TaskError> {
        let apache = Apache::on(self.host);
        if apache.state().await? == ApacheState::Stopped {
            let message = format!("{message}; apache does not run");
            return Ok(if changed { Outcome::changed(message) } else { Outcome::unchanged(message) });
        }
        let mut renewed = apache.renew("graceful", wait).await?;
        renewed.message = format!("{message}; {}", renewed.message);
        Ok(renewed)
    }

    async fn look(&self) -> Result<Result<Look, Outcome>, TaskError> {
        let Self { kind, name, .. } = *self;
        let said = self.host.run(SCRIPT.with(["look", kind, name])).await?;
        if said.code() == 127 {
            return Ok(Err(Outcome::failed(said.complaint(), 127)));
        }
        let look = if said.ok() { Look::read(&said.stdout) } else { None };
        let complaint =
            || TaskError::failed(format!("cannot tell whether {kind} `{name}` is enabled: {}", said.complaint()));
        look.map(Ok).ok_or_else(complaint)
    }
}

impl Look {
    /// Reads `enabled since`, `disabled behind` and so on.
    fn read(text: &str) -> Option<Self> {
        let (enabled, behind) = text.trim().split_once(' ')?;
        let enabled = match enabled {
            "enabled" => Enabled::Yes,
            "loose" => Enabled::Loose,
            "disabled" => Enabled::No,
            "missing" => Enabled::Missing,
            _ => return None,
        };
        match behind {
            "behind" => Some(Self { enabled, behind: true }),
            "since" => Some(Self { enabled, behind: false }),
            _ => None,
        }
    }

    /// Whether it is as wanted. A link to nothing is neither enabled nor gone.
    fn is(self, on: bool) -> bool {
        match self.enabled {
            Enabled::Yes => on,
            Enabled::Loose => false,
            Enabled::No | Enabled::Missing => !on,
        }
    }
}

fn words(on: bool) -> &'static str {
    if on { "enabled" } else { "disabled" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_nothing_is_neither_enabled_nor_disabled() {
        for (text, on, off) in [
            ("enabled since\n", true, false),
            ("disabled behind\n", false, true),
            ("missing since\n", false, true),
            ("loose since\n", false, false),
        ] {
            let look = Look::read(text).expect("a look");
            assert_eq!((look.is(true), look.is(false)), (on, off), "{text}");
        }
        for text in ["", "enabled", "enabled maybe", "perhaps since"] {
            assert_eq!(Look::read(text), None, "{text:?}");
        }
    }
}
