use runsheet_task::{Arg, ArgKind, Config, Host, TaskSpec};

use super::names::account;
use super::{HostScript, octal};
use crate::early::Early;

const SCRIPT: HostScript = HostScript::new("rights", &[include_str!("rights.sh")]);

/// Mode, owner and group of a path, as far as they are wanted to be some.
pub(crate) struct Rights<'a> {
    host: &'a Host,
    path: &'a str,
    mode: Option<u32>,
    owner: Option<&'a str>,
    group: Option<&'a str>,
    recursive: bool,
}

impl<'a> Rights<'a> {
    /// Adds the arguments that say which.
    pub(crate) fn args(spec: TaskSpec) -> TaskSpec {
        spec.arg(Arg::optional("mode", ArgKind::Mode, "Its mode."))
            .arg(Arg::optional("owner", ArgKind::Text, "The user it belongs to: a name or a number."))
            .arg(Arg::optional("group", ArgKind::Text, "Its group: a name or a number."))
    }

    /// Those that the arguments name.
    pub(crate) fn of(host: &'a Host, path: &'a str, config: &'a Config) -> Result<Self, Early> {
        let mode = config.opt_text("mode").and_then(octal);
        let owner = config.opt_text("owner").map(|name| account("owner", name)).transpose()?;
        let group = config.opt_text("group").map(|name| account("group", name)).transpose()?;
        Ok(Self { host, path, mode, owner, group, recursive: false })
    }

    /// Those of all that is in the folder as well. Folders can be entered by all who may read them.
    pub(crate) fn recursive(mut self, recursive: bool) -> Self {
        self.recursive = recursive;
        self
    }

    /// Whether none is wanted.
    pub(crate) fn are_none(&self) -> bool {
        self.mode.is_none() && self.owner.is_none() && self.group.is_none()
    }

    /// How many files and folders have others.
    pub(crate) async fn differing(&self) -> Result<usize, Early> {
        self.ask("look").await
    }

    /// Gives them, and looks whether they stayed.
    pub(crate) async fn give(&self) -> Result<usize, Early> {
        let given = self.ask("set").await?;
        match self.differing().await? {
            0 => Ok(given),
            left => Err(Early::failed(format!(
                "`{}` did not become {self}, though nobody complained ({left} of all)",
                self.path
            ))),
        }
    }

    async fn ask(&self, what: &str) -> Result<usize, Early> {
        if self.are_none() {
            return Ok(0);
        }
        // Five digits: with less, chmod of GNU leaves a folder its set-group-ID bit.
        let mode = |mode: Option<u32>| mode.map_or_else(|| "-".to_owned(), |mode| format!("{mode:05o}"));
        let (files, folders) = (mode(self.mode), mode(self.folder_mode()));
        let (owner, group) = (self.owner.unwrap_or("-"), self.group.unwrap_or("-"));
        let recursive = if self.recursive { "true" } else { "false" };
        let words = [what, self.path, &files, &folders, owner, group, recursive];
        let said = Early::unless_ok(self.host.run(SCRIPT.with(words)).await?)?;
        said.trim().parse().map_err(|_| Early::failed(format!("cannot tell the mode and owner of `{}`", self.path)))
    }

    fn folder_mode(&self) -> Option<u32> {
        self.mode.map(|mode| if self.recursive { mode | (mode & 0o444) >> 2 } else { mode })
    }
}

impl std::fmt::Display for Rights<'_> {
    /// As in `mode 0640, owner app, group www-data`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mode = self.mode.map(|mode| format!("mode {mode:04o}"));
        let owner = self.owner.map(|owner| format!("owner {owner}"));
        let group = self.group.map(|group| format!("group {group}"));
        f.write_str(&[mode, owner, group].into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}
