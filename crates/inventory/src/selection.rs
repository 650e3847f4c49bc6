use std::collections::HashSet;
use std::io;
use std::path::Path;

use runsheet_diagnostics::{Place, nearest};
use runsheet_model::HostName;

use crate::error::InventoryError;
use crate::fold::fold;
use crate::glob;
use crate::inventory::Inventory;
use crate::pattern::{self, Names, Operator, PatternMistake};
use crate::range::{MOST_HOSTS, RangeMistake};

/// Which hosts a person wants.
///
/// A pattern is read left to right: names, globs `web*` (of listed hosts only), ranges `web[01-20/2]`, `[1,3,5-9]`,
/// `dc[1-2]n[1-3]`, groups `@web` or a bare group name, `@*` for all hosts, `^FILE` (one name or pattern a line, `#` starts a
/// comment); `,` adds, `!` takes away, `&` keeps only what matches as well; white space may stand around them. If a bare name
/// is both a host's and a group's, it means the host; `@name` always is the group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The pattern, such as `web[01-20],@solr,!solr03`.
    pub pattern: String,
    /// Patterns of hosts to leave out (`-x`).
    pub exclude: Vec<String>,
    /// A pattern that the hosts must match as well (`--limit`).
    pub limit: Option<String>,
    /// Whether names that stand in no host group are taken. Default: no. What is taken away or kept by `!`, `&`, `exclude` and
    /// `limit` must be listed or selected in any case: a slip there would go unseen.
    pub unlisted: bool,
}

/// Reads a file that a pattern names (`^FILE`), as text.
pub type ReadFile<'a> = &'a dyn Fn(&Path) -> io::Result<String>;

impl Inventory {
    /// Selects hosts, each once, in the order in which they were first named. `^FILE` is refused.
    ///
    /// A name that is neither a host nor a group, a selection of nobody and a protected host are errors.
    pub fn select(&self, selection: &Selection) -> Result<Vec<HostName>, InventoryError> {
        self.select_reading(selection, &|_| {
            Err(io::Error::new(io::ErrorKind::Unsupported, "files cannot be named here"))
        })
    }

    /// Selects hosts as [`Inventory::select`] does, and reads `^FILE` by `read`.
    pub fn select_reading(&self, selection: &Selection, read: ReadFile<'_>) -> Result<Vec<HostName>, InventoryError> {
        let hosts = self.look_up_reading(selection, read)?;
        let protected: Vec<&HostName> = hosts.iter().filter(|host| self.is_protected(host)).collect();
        if !protected.is_empty() {
            let count = protected.len();
            return Err(InventoryError::Protected { hosts: fold(protected.iter().map(|host| host.as_str())), count });
        }
        Ok(hosts)
    }

    /// Selects hosts as [`Inventory::select_reading`] does, protected ones as well: to look at, never to work on.
    pub fn look_up_reading(&self, selection: &Selection, read: ReadFile<'_>) -> Result<Vec<HostName>, InventoryError> {
        let evaluator = Evaluator { inventory: self, unlisted: selection.unlisted, read };
        let mut hosts = evaluator.pattern(&selection.pattern, None, None)?;
        for pattern in &selection.exclude {
            hosts.subtract(&evaluator.pattern(pattern, None, Some(&hosts))?);
        }
        if let Some(pattern) = &selection.limit {
            hosts.intersect(&evaluator.pattern(pattern, None, Some(&hosts))?);
        }
        if hosts.listed.is_empty() {
            return Err(InventoryError::Nobody { pattern: selection.pattern.clone() });
        }
        Ok(hosts.listed)
    }
}

/// Expands a pattern without an inventory: names, ranges and operators.
pub fn expand_text(pattern: &str) -> Result<Vec<HostName>, InventoryError> {
    Inventory::empty().select(&Selection { pattern: pattern.to_owned(), unlisted: true, ..Selection::default() })
}

/// Hosts, each once, in the order in which they came.
#[derive(Default)]
struct Hosts {
    listed: Vec<HostName>,
    known: HashSet<HostName>,
}

impl Hosts {
    fn add(&mut self, host: HostName) {
        if self.known.insert(host.clone()) {
            self.listed.push(host);
        }
    }

    fn subtract(&mut self, other: &Self) {
        self.keep(|host| !other.known.contains(host));
    }

    fn intersect(&mut self, other: &Self) {
        self.keep(|host| other.known.contains(host));
    }

    fn keep(&mut self, wanted: impl Fn(&HostName) -> bool) {
        self.listed.retain(&wanted);
        self.known.retain(wanted);
    }
}

struct Evaluator<'a> {
    inventory: &'a Inventory,
    unlisted: bool,
    read: ReadFile<'a>,
}

impl Evaluator<'_> {
    /// Evaluates a pattern. `line` is the line of a file of hosts in which it stands; `among` are the hosts to which unlisted
    /// names must belong, if they must.
    fn pattern(&self, pattern: &str, line: Option<&Place>, among: Option<&Hosts>) -> Result<Hosts, InventoryError> {
        let mistake = |(column, mistake)| InventoryError::Pattern {
            pattern: pattern.to_owned(),
            column,
            line: line.cloned(),
            mistake,
        };
        let mut hosts = Hosts::default();
        let terms = pattern::parse(pattern).map_err(mistake)?;
        let mut expanded = 0_usize;
        for term in &terms {
            if let Names::Word { word, .. } = &term.names {
                expanded = expanded.saturating_add(word.count());
            }
            if expanded > MOST_HOSTS {
                let word = pattern.to_owned();
                return Err(mistake((term.column, PatternMistake::Range(RangeMistake::TooMany { word }))));
            }
        }
        for term in terms {
            let among = among.or((term.operator != Operator::Union).then_some(&hosts));
            let operand = match &term.names {
                Names::File(_) if line.is_some() => return Err(mistake((term.column, PatternMistake::FileInFile))),
                Names::File(file) => match (self.read)(file) {
                    Ok(text) => self.file(file, &text, among)?,
                    Err(error) => {
                        let problem = PatternMistake::File { file: file.clone(), reason: error.to_string() };
                        return Err(mistake((term.column, problem)));
                    }
                },
                names => self.operand(names, among).map_err(|problem| mistake((term.column, problem)))?,
            };
            match term.operator {
                Operator::Union => operand.listed.into_iter().for_each(|host| hosts.add(host)),
                Operator::Difference => hosts.subtract(&operand),
                Operator::Intersection => hosts.intersect(&operand),
            }
        }
        Ok(hosts)
    }

    /// The hosts of a file: one name or pattern a line.
    fn file(&self, file: &Path, text: &str, among: Option<&Hosts>) -> Result<Hosts, InventoryError> {
        let mut hosts = Hosts::default();
        let place = Place::file(file);
        for (line, number) in text.lines().zip(1_u32..) {
            // A comment starts a line or follows white space: a host name cannot hold a `#` that way.
            let comment =
                line.match_indices('#').find(|(at, _)| line[..*at].chars().next_back().is_none_or(char::is_whitespace));
            let line = comment.map_or(line, |(at, _)| &line[..at]);
            if !line.trim().is_empty() {
                let found = self.pattern(line.trim_end(), Some(&place.at(number, 0)), among)?;
                found.listed.into_iter().for_each(|host| hosts.add(host));
            }
        }
        Ok(hosts)
    }

    fn operand(&self, names: &Names, among: Option<&Hosts>) -> Result<Hosts, PatternMistake> {
        let inventory = self.inventory;
        let mut hosts = Hosts::default();
        match names {
            Names::Every => inventory.host_names().for_each(|host| hosts.add(host.clone())),
            Names::Group(name) => self.group(name, &mut hosts)?,
            Names::Word { word, .. } if names.is_glob() => {
                for pattern in word.expand() {
                    let before = hosts.listed.len();
                    let matching = inventory.host_names().filter(|host| glob::matches(&pattern, host.as_str()));
                    let mut matched = false;
                    for host in matching {
                        matched = true;
                        hosts.add(host.clone());
                    }
                    if !matched && hosts.listed.len() == before {
                        return Err(PatternMistake::NoMatch { glob: pattern });
                    }
                }
            }
            Names::Word { word, .. } => {
                for name in word.expand() {
                    self.name(name, among, &mut hosts)?;
                }
            }
            Names::File(file) => {
                return Err(PatternMistake::File { file: file.clone(), reason: "it was not opened".to_owned() });
            }
        }
        Ok(hosts)
    }

    fn group(&self, name: &str, hosts: &mut Hosts) -> Result<(), PatternMistake> {
        let inventory = self.inventory;
        let Some(&group) = inventory.group_index.get(name) else {
            let nearest = nearest(name, inventory.group_names()).map(str::to_owned);
            return Err(PatternMistake::NoGroup { name: name.to_owned(), nearest });
        };
        for member in inventory.members(group) {
            hosts.add(inventory.hosts[member].name.clone());
        }
        Ok(())
    }

    /// A bare name: a host before a group.
    fn name(&self, name: String, among: Option<&Hosts>, hosts: &mut Hosts) -> Result<(), PatternMistake> {
        let inventory = self.inventory;
        let host = HostName::new(name.clone()).map_err(PatternMistake::Name)?;
        if inventory.contains(&host) {
            hosts.add(host);
        } else if inventory.group_index.contains_key(&name) {
            self.group(&name, hosts)?;
        } else if self.unlisted && among.is_none_or(|among| among.known.contains(&host)) {
            hosts.add(host);
        } else {
            let known = inventory.host_names().map(HostName::as_str).chain(inventory.group_names());
            return Err(PatternMistake::NoHost { nearest: nearest(&name, known).map(str::to_owned), name });
        }
        Ok(())
    }
}
