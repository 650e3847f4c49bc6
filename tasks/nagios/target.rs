use std::fmt;

use runsheet_model::shortened;
use runsheet_task::{Arg, ArgKind, Config, TaskSpec};

/// The longest text that is handed to Nagios, in bytes: a command of four of them stays together in a pipe, which it does up to 4 KiB.
const LONGEST: usize = 500;

/// What a task is about: a host of Nagios, one of its services, or a group of hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Host { host: String, with_services: bool },
    Service { host: String, service: String },
    Hostgroup { group: String, with_services: bool },
}

impl Target {
    /// Adds the arguments `of` and `services`.
    pub(crate) fn args(spec: TaskSpec) -> TaskSpec {
        spec.arg(Arg::required("of", ArgKind::Text, "A host, or `HOST;SERVICE`, as Nagios names them.")).arg(services())
    }

    /// Adds the same, and a group of hosts as the other possibility.
    pub(crate) fn args_with_hostgroup(spec: TaskSpec) -> TaskSpec {
        spec.arg(Arg::optional("of", ArgKind::Text, "A host, or `HOST;SERVICE`, as Nagios names them."))
            .arg(Arg::optional("hostgroup", ArgKind::Text, "In its place, all hosts of this group of Nagios'."))
            .arg(services())
    }

    /// Reads them.
    pub(crate) fn of(config: &Config) -> Result<Self, String> {
        let with_services = config.args.boolean("services").unwrap_or_default();
        let of = match (config.opt_text("of"), config.opt_text("hostgroup")) {
            (Some(of), None) => of,
            (None, Some(group)) => {
                return Ok(Self::Hostgroup { group: word("hostgroup", group)?.to_owned(), with_services });
            }
            _ => return Err("one of `of` and `hostgroup` has to be given, and only one".to_owned()),
        };
        Ok(match of.split_once(';') {
            None => Self::Host { host: word("of", of)?.to_owned(), with_services },
            Some(_) if with_services => return Err("`services` is for a host, not for one service".to_owned()),
            Some((host, service)) => {
                Self::Service { host: word("of", host)?.to_owned(), service: word("of", service)?.to_owned() }
            }
        })
    }

    /// Its kind, its name, and whether only hosts are looked at, as our script is asked for it.
    pub(crate) fn words(&self) -> [&str; 3] {
        let what = |with_services: bool| if with_services { "all" } else { "hosts" };
        match self {
            Self::Host { host, with_services } => ["host", host, what(*with_services)],
            Self::Service { host, .. } => ["host", host, "all"],
            Self::Hostgroup { group, with_services } => ["hostgroup", group, what(*with_services)],
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { host, .. } => write!(f, "{host}"),
            Self::Service { host, service } => write!(f, "{host};{service}"),
            Self::Hostgroup { group, .. } => write!(f, "hostgroup {group}"),
        }
    }
}

fn services() -> Arg {
    Arg::optional("services", ArgKind::Boolean, "Of a host, its services too.").default(false)
}

/// A text that is one word of an external command: a `;` there would begin the next one, an end of line another command.
pub(crate) fn word<'a>(name: &str, text: &'a str) -> Result<&'a str, String> {
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed.len() > LONGEST || text.contains(|c: char| c == ';' || c.is_control()) {
        let shown = shortened(&text.escape_default().to_string(), 80);
        return Err(format!(
            "`{name}` cannot be `{shown}`: it is empty, too long, or holds a `;` or a control character"
        ));
    }
    Ok(trimmed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_another_word_or_another_command_is_refused() {
        assert_eq!(word("comment", " it's \"2\" $(id) <b> "), Ok("it's \"2\" $(id) <b>"));
        for text in ["", " ", "a;b", "a\nb", "a\tb", "\u{7f}", &"x".repeat(LONGEST + 1)] {
            assert!(word("comment", text).is_err(), "{text:?}");
        }
    }
}
