use std::collections::BTreeSet;

use runsheet_events::{EventKind, RunEvent};
use runsheet_model::HostName;

/// What a recap tells beyond how hosts ended, folded from the events of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Hosts on which a command left a process behind that held its output open.
    pub leaked: BTreeSet<HostName>,
    /// Hosts whose key was put on record.
    pub learned: BTreeSet<HostName>,
}

impl Findings {
    /// Folds one more event in.
    pub fn apply(&mut self, event: &RunEvent) {
        match &event.kind {
            EventKind::AttemptFinished { key, commands, .. } if commands.iter().any(|command| command.leaked) => {
                self.leaked.insert(key.host.clone());
            }
            EventKind::HostConnected { host, learned: true, .. } => {
                self.learned.insert(host.clone());
            }
            _ => {}
        }
    }
}
