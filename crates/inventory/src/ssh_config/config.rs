use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Options;
use super::block::{Block, Condition, Criterion, File, Item, Setting, Subject, any_matches};
use super::parse::Parser;
use super::tokens::host_name;
use crate::InventoryError;

/// The machine's ssh_config.
const OF_MACHINE: &str = "/etc/ssh/ssh_config";

/// ssh_config files, parsed once and asked for many hosts.
///
/// Honoured: `Host`, `Match` (`all`, `host`, `originalhost`, `user`, `localuser`), `Include`, `HostName`, `Port`, `User`,
/// `IdentityFile`, `IdentitiesOnly`, `IdentityAgent`, `ProxyJump`, `UserKnownHostsFile`, `GlobalKnownHostsFile`,
/// `StrictHostKeyChecking` (`accept-new` is honoured; `no` and `off` are read as `yes`), `HostKeyAlias`, `ConnectTimeout` and
/// `IgnoreUnknown`. Another criterion of `Match` is an error, because skipping it would apply its options to the wrong hosts.
/// A host whose `ProxyCommand` counts cannot be resolved unless its jump hosts are named. What else changes how a host is reached is a warning.
#[derive(Clone, Debug, Default)]
pub struct SshConfig {
    files: Vec<Arc<File>>,
    warnings: Vec<String>,
}

/// Who is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    /// The name as it was asked for.
    pub(crate) host: &'a str,
    /// The login name, if something that beats ssh_config says one.
    pub(crate) user: Option<&'a str>,
    pub(crate) local_user: &'a str,
}

impl SshConfig {
    /// Reads these files (`-F`), in this order; the first value of an option wins. A missing file is an error.
    ///
    /// `home` stands for `~`; a relative `Include` is looked up in `~/.ssh`, for files in `/etc/ssh` there.
    pub fn load(files: &[PathBuf], home: &Path) -> Result<Self, InventoryError> {
        let mut parser = Parser::new(home);
        let files = files.iter().map(|file| parser.file(file, 0)).collect::<Result<_, _>>()?;
        Ok(Self { files, warnings: parser.into_warnings() })
    }

    /// Reads `~/.ssh/config` and then `/etc/ssh/ssh_config`, each if it is there.
    pub fn of_user(home: &Path) -> Result<Self, InventoryError> {
        let files = [home.join(".ssh/config"), PathBuf::from(OF_MACHINE)];
        let there: Vec<PathBuf> = files.into_iter().filter(|file| file.exists()).collect();
        Self::load(&there, home)
    }

    /// What was read and is not honoured, `file:line: …`, once for each keyword.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// What the files say about a host.
    pub(crate) fn ask(&self, question: Question<'_>) -> Options {
        let mut options = Options { user: question.user.map(str::to_owned), ..Options::default() };
        for file in &self.files {
            walk(file, question, &mut options);
        }
        options
    }
}

fn walk(file: &File, question: Question<'_>, options: &mut Options) {
    for block in &file.blocks {
        if holds(block, question, options) {
            for item in &block.items {
                match item {
                    Item::Set(place, setting) => options.take(place, &fill(setting, question)),
                    Item::Include(files) => files.iter().for_each(|file| walk(file, question, options)),
                }
            }
        }
    }
}

/// `HostName` knows the name that was asked for; the parser has checked its tokens.
fn fill(setting: &Setting, question: Question<'_>) -> Setting {
    match setting {
        Setting::HostName(name) => {
            Setting::HostName(host_name(name, question.host).unwrap_or_else(|_| question.host.to_owned()))
        }
        other => other.clone(),
    }
}

fn holds(block: &Block, question: Question<'_>, options: &Options) -> bool {
    match &block.condition {
        Condition::Always => true,
        Condition::Host(patterns) => any_matches(patterns, question.host),
        Condition::Match(criteria) => criteria.iter().all(|criterion| criterion.holds(question, options)),
    }
}

impl Criterion {
    fn holds(&self, question: Question<'_>, options: &Options) -> bool {
        let lower = |host: &str| any_matches(&self.patterns, &host.to_ascii_lowercase());
        let found = match self.subject {
            Subject::All => true,
            // What was found so far counts, as in OpenSSH: `HostName` and `User` above this line.
            Subject::Host => lower(options.host_name.as_deref().unwrap_or(question.host)),
            Subject::OriginalHost => lower(question.host),
            Subject::User => any_matches(&self.patterns, options.user.as_deref().unwrap_or(question.local_user)),
            Subject::LocalUser => any_matches(&self.patterns, question.local_user),
        };
        found != self.negated
    }
}
