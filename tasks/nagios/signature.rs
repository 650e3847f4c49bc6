use runsheet_task::{Arg, ArgKind, Config, TaskSpec};

use super::target::word;
use super::view::Downtime;

/// By what our own downtimes are known among those of others: who scheduled them, and why.
pub(crate) struct Signature<'a> {
    pub(crate) author: &'a str,
    pub(crate) comment: &'a str,
}

impl<'a> Signature<'a> {
    /// Adds the arguments `author` and `comment`.
    pub(crate) fn args(spec: TaskSpec) -> TaskSpec {
        spec.arg(
            Arg::optional("author", ArgKind::Text, "Who does it, for those who look at Nagios.").default("runsheet"),
        )
        .arg(Arg::optional("comment", ArgKind::Text, "Why, for the same.").default("a deployment"))
    }

    /// Reads them.
    pub(crate) fn of(config: &'a Config) -> Result<Self, String> {
        let text = |name| word(name, config.opt_text(name).unwrap_or_default());
        Ok(Self { author: text("author")?, comment: text("comment")? })
    }

    /// Whether a downtime is ours.
    pub(crate) fn is_on(&self, downtime: &Downtime) -> bool {
        downtime.author == self.author && downtime.comment == self.comment
    }
}
