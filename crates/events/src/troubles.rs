use std::collections::BTreeMap;

use runsheet_model::{HostName, State, nameless};

use crate::words::{first_line, reason};
use crate::{HostResult, RunStats};

/// In what way hosts ended badly or not at all, in the order in which it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// A task failed on them.
    Failed,
    /// Nothing was run on them.
    Unreachable,
    /// Nobody knows.
    Lost,
    /// They were never begun.
    Cancelled,
}

impl Trouble {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Failed, Self::Unreachable, Self::Lost, Self::Cancelled];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Unreachable => "unreachable",
            Self::Lost => "lost",
            Self::Cancelled => "cancelled",
        }
    }

    /// In what way a host in this state ended, unless it ended well.
    pub fn of(state: &State) -> Option<Self> {
        match state {
            State::Failed { .. } => Some(Self::Failed),
            State::Unreachable(_) => Some(Self::Unreachable),
            State::Lost { .. } => Some(Self::Lost),
            State::Cancelled => Some(Self::Cancelled),
            State::Ok { .. } | State::Skipped => None,
        }
    }
}

/// Hosts that ended in the same way, in the same step, with the same first line.
#[derive(Debug)]
pub struct Group<'a> {
    /// In what way.
    pub trouble: Trouble,
    /// Index of the step.
    pub step: usize,
    /// What they said. Where they differ by their own names only, `<host>` stands for it.
    pub line: String,
    /// In the order of their names.
    pub hosts: Vec<&'a str>,
    /// What would help, each once.
    pub hints: Vec<String>,
}

/// A host and how it ended.
type Member<'a> = (&'a HostName, &'a HostResult);

/// Groups the hosts of a run that did not end well: by way, then step, then the largest group first.
pub fn groups(stats: &RunStats) -> Vec<Group<'_>> {
    let mut found: BTreeMap<(Trouble, usize, String), Vec<Member<'_>>> = BTreeMap::new();
    for (index, step) in stats.steps.iter().enumerate() {
        for (host, host_stats) in &step.troubled {
            if let Some(trouble) = Trouble::of(&host_stats.result.state) {
                let line = nameless(&reason(&host_stats.result), host.as_str());
                found.entry((trouble, index, line)).or_default().push((host, &host_stats.result));
            }
        }
    }
    let mut groups: Vec<_> =
        found.into_iter().map(|((trouble, step, line), members)| group(trouble, step, line, &members)).collect();
    groups.sort_by_key(|group| (group.trouble, group.step, std::cmp::Reverse(group.hosts.len())));
    groups
}

fn group<'a>(trouble: Trouble, step: usize, line: String, members: &[Member<'a>]) -> Group<'a> {
    let alone = members.len() == 1;
    let mut hints = Vec::new();
    for (host, result) in members {
        let said = match &result.state {
            State::Unreachable(unreachable) => result.hint.as_ref().or(unreachable.hint.as_ref()),
            _ => result.hint.as_ref(),
        };
        let hint = said.map(|hint| first_line(hint)).filter(|hint| !hint.is_empty());
        let hint = hint.map(|hint| if alone { hint } else { nameless(&hint, host.as_str()) });
        hints.extend(hint.filter(|hint| !hints.contains(hint)));
    }
    Group {
        trouble,
        step,
        line: match members {
            [(_, result)] => reason(result),
            _ => line,
        },
        hosts: members.iter().map(|(host, _)| host.as_str()).collect(),
        hints,
    }
}
