use std::sync::Arc;

use runsheet_diagnostics::Place;

use super::setting::Setting;
use crate::glob;

/// One file, block by block.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) blocks: Vec<Block>,
    /// How many files are included in it, at any depth.
    pub(crate) includes: usize,
}

/// The lines from one `Host` or `Match` to the next.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) condition: Condition,
    /// Where it stands.
    pub(crate) place: Place,
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

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        let (negated, glob) = text.strip_prefix('!').map_or((false, text), |glob| (true, glob));
        Self { negated, glob: glob.to_owned() }
    }
}

/// One criterion of `Match`.
#[derive(Debug)]
pub(crate) struct Criterion {
    pub(crate) negated: bool,
    pub(crate) test: Test,
}

/// What a criterion of `Match` looks at.
#[derive(Debug)]
pub(crate) enum Test {
    /// `all`
    All,
    /// `final` and `canonical`: the files are read for the second time, with the name that the first time gave.
    SecondTime,
    /// `host`: the name so far, `HostName` above this line included.
    Host(Vec<Pattern>),
    OriginalHost(Vec<Pattern>),
    User(Vec<Pattern>),
    LocalUser(Vec<Pattern>),
    /// `exec`: a command ends with 0.
    Exec(String),
}

/// One line of a block.
#[derive(Debug)]
pub(crate) enum Item {
    Set(Place, Setting),
    Include(Vec<Arc<File>>),
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
