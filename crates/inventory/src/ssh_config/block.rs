use std::sync::Arc;
use std::time::Duration;

use runsheet_diagnostics::Place;
use runsheet_model::HostKeyMode;

use crate::glob;
use crate::jump::Jumps;

/// One file, block by block.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) blocks: Vec<Block>,
}

/// The lines from one `Host` or `Match` to the next.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) condition: Condition,
    pub(crate) items: Vec<Item>,
}

/// For which hosts a block holds.
#[derive(Debug)]
pub(crate) enum Condition {
    /// Before the first `Host`: wherever the file itself holds.
    Always,
    /// `Host`: one pattern matches, and no negated one.
    Host(Vec<Pattern>),
    /// `Match`: all criteria hold.
    Match(Vec<Criterion>),
}

/// A pattern and whether a `!` stands before it.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) negated: bool,
    pub(crate) glob: String,
}

/// One criterion of `Match`.
#[derive(Debug)]
pub(crate) struct Criterion {
    pub(crate) negated: bool,
    pub(crate) subject: Subject,
    pub(crate) patterns: Vec<Pattern>,
}

/// What a criterion of `Match` looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    All,
    Host,
    OriginalHost,
    User,
    LocalUser,
}

/// One line of a block.
#[derive(Debug)]
pub(crate) enum Item {
    Set(Place, Setting),
    Include(Vec<Arc<File>>),
}

/// An option that says how a host is reached.
#[derive(Clone, Debug)]
pub(crate) enum Setting {
    HostName(String),
    Port(u16),
    User(String),
    IdentityFile(String),
    IdentitiesOnly(bool),
    IdentityAgent(String),
    ProxyJump(Jumps),
    /// A command; `none` is [`Setting::ProxyJump`] without jump hosts.
    ProxyCommand,
    UserKnownHosts(Vec<String>),
    GlobalKnownHosts(Vec<String>),
    HostKeys(HostKeyMode),
    HostKeyAlias(String),
    /// Zero for no limit, which for us is the default.
    ConnectTimeout(Duration),
}

/// Whether a list of patterns matches: one does, and no negated one (`match_pattern_list` in OpenSSH's `match.c`).
pub(crate) fn any_matches(patterns: &[Pattern], text: &str) -> bool {
    let mut found = false;
    for pattern in patterns {
        if glob::matches(&pattern.glob, text) {
            if pattern.negated {
                return false;
            }
            found = true;
        }
    }
    found
}
