use std::sync::Arc;
use std::time::Duration;

use runsheet_model::LostReason;
use runsheet_task::{Limits, RemoteError};
use russh::client::Msg;
use russh::{ChannelWriteHalf, Sig};
use tokio::task::JoinHandle;

use crate::end_group::{Left, ProcessGroup, end, look};
use crate::link::Link;
use crate::settings::Deadlines;

/// How much longer than its own limit the ending of processes is waited for.
const SLACK: Duration = Duration::from_secs(20);

/// How long a command that has not said yet which process leads it has for that. It stands in standard error, and what a command
/// writes to standard output may come first.
const ANNOUNCED: Duration = Duration::from_secs(2);

/// Why a command is stopped.
#[derive(Clone, Copy)]
pub(crate) enum Why {
    /// It ran out of time.
    Limit,
    /// Somebody asked for it.
    Demand,
}

/// A command that is being stopped.
///
/// Its processes are ended by a command beside it, which also sees what is left of them. Where that cannot be done, the
/// protocol's own signals are sent, and what is left is looked at when the command's channel is closed.
pub(crate) struct Stop {
    why: Why,
    group: Option<ProcessGroup>,
    writer: Arc<ChannelWriteHalf<Msg>>,
    term_grace: Duration,
    kill_grace: Duration,
    way: Way,
}

enum Way {
    /// It is not known yet which processes these are.
    Unannounced,
    /// The host ends the processes.
    Beside(JoinHandle<Left>),
    /// The host has said what is left of them.
    Done(Left),
    /// They were sent the protocol's `TERM`.
    Asked,
    /// They were sent the protocol's `KILL`.
    Killed,
}

impl Stop {
    /// Begins to stop a command.
    pub(crate) fn begin(
        why: Why,
        link: &Arc<Link>,
        writer: &Arc<ChannelWriteHalf<Msg>>,
        group: Option<ProcessGroup>,
        deadlines: &Deadlines,
    ) -> Self {
        let (term_grace, kill_grace) = (deadlines.term_grace, deadlines.kill_grace);
        let writer = Arc::clone(writer);
        let mut stop = Self { why, group: None, writer, term_grace, kill_grace, way: Way::Unannounced };
        if let Some(group) = group {
            stop.announced(link, group);
        }
        stop
    }

    /// It is known now which processes these are: the host ends them.
    pub(crate) fn announced(&mut self, link: &Arc<Link>, group: ProcessGroup) {
        let (link, term_grace, kill_grace) = (Arc::clone(link), self.term_grace, self.kill_grace);
        self.group = Some(group);
        self.way = Way::Beside(tokio::spawn(async move { end(&link, group, term_grace, kill_grace).await }));
    }

    /// Returns when the host has said what is left; never if that is not waited for.
    pub(crate) async fn next(stop: &mut Option<Self>) {
        let Some(Self { way, .. }) = stop else {
            return std::future::pending().await;
        };
        let Way::Beside(ending) = way else {
            return std::future::pending().await;
        };
        // It fails only with the runtime.
        *way = Way::Done(ending.await.unwrap_or(Left::Unknown));
    }

    /// Whether the host is ending the processes.
    pub(crate) fn is_under_way(&self) -> bool {
        matches!(self.way, Way::Beside(_))
    }

    /// How long what is under way may take.
    pub(crate) fn patience(&self) -> Duration {
        match self.way {
            Way::Unannounced => ANNOUNCED,
            Way::Beside(_) => self.term_grace + self.kill_grace + SLACK,
            Way::Asked => self.term_grace,
            Way::Killed | Way::Done(_) => self.kill_grace,
        }
    }

    /// Whether the command's channel is still waited for, now that the host has said what is left. Where it could not say, the
    /// protocol's own way is taken.
    pub(crate) fn goes_on(&mut self) -> bool {
        match self.way {
            Way::Done(Left::Something) => return false,
            Way::Done(Left::Unknown) => {
                self.signal(Sig::TERM);
                self.way = Way::Asked;
            }
            _ => {}
        }
        true
    }

    /// Takes the next step of the protocol's own way, and returns for how long to wait then; nothing if there is none.
    pub(crate) fn insist(&mut self) -> Option<Duration> {
        match self.way {
            Way::Unannounced => {
                self.signal(Sig::TERM);
                self.way = Way::Asked;
            }
            Way::Asked => {
                self.signal(Sig::KILL);
                self.way = Way::Killed;
            }
            Way::Beside(_) | Way::Done(_) | Way::Killed => return None,
        }
        Some(self.patience())
    }

    /// What is known in the end, once the command's channel is closed.
    pub(crate) async fn settle(self, link: &Arc<Link>, limits: &Limits) -> RemoteError {
        let said = match self.way {
            Way::Beside(ending) => ending.await.unwrap_or(Left::Unknown),
            Way::Done(left) => left,
            Way::Unannounced | Way::Asked | Way::Killed => Left::Unknown,
        };
        let left = match (said, self.group) {
            // The command's own session is free now, if there was none for another.
            (Left::Unknown, Some(group)) => look(link, group).await,
            (said, _) => said,
        };
        match (left, self.why) {
            (Left::Nothing, Why::Limit) => RemoteError::TimedOut { limit: limits.limit },
            (Left::Nothing, Why::Demand) => RemoteError::Stopped,
            _ => unseen(self.why),
        }
    }

    /// Nobody saw the end of it.
    pub(crate) fn unseen(&self) -> RemoteError {
        unseen(self.why)
    }

    fn signal(&self, signal: Sig) {
        let writer = Arc::clone(&self.writer);
        // Not here: whoever waits for the session to take a message cannot read, and the session may wait for that.
        tokio::spawn(async move {
            // It fails when the connection is down, which is seen by reading.
            let _ = writer.signal(signal).await;
        });
    }
}

fn unseen(why: Why) -> RemoteError {
    let reason = match why {
        Why::Limit => LostReason::TimedOut,
        Why::Demand => LostReason::Stopped,
    };
    RemoteError::Lost { reason }
}
