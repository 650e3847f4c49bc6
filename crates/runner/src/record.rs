use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use runsheet_events::{Durability, EventKind, Ledger, RunEvent};
use runsheet_model::Pace;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout};

/// How long the last events may take to become durable.
const LAST_SYNC: Duration = Duration::from_mins(1);

/// The events of a run on their way to the disk: numbered and stamped here, handed to the ledger, and given back in order once
/// they are durable.
pub(crate) struct Record {
    ledger: Arc<dyn Ledger>,
    durability: watch::Receiver<Durability>,
    started: Instant,
    pace: Pace,
    seq: u64,
    pending: VecDeque<Pending>,
    failed: bool,
    unrecorded: Vec<Arc<RunEvent>>,
}

/// An event on its way to the disk.
pub(crate) struct Pending {
    pub(crate) event: Arc<RunEvent>,
    pub(crate) then: Then,
}

/// What else follows from an event once it is durable.
pub(crate) enum Then {
    /// Nothing.
    Nothing,
    /// An attempt may have effects.
    Permit(oneshot::Sender<()>),
    /// A host that ran has ended: its position in the step, and how many attempts each link has had.
    Ended { position: usize, attempts: Vec<u32> },
}

impl Record {
    /// Goes on after the event `seq`; 0 for a new run.
    pub(crate) fn new(ledger: Arc<dyn Ledger>, seq: u64, pace: Pace) -> Self {
        Self {
            durability: ledger.durability(),
            ledger,
            started: Instant::now(),
            pace,
            seq,
            pending: VecDeque::new(),
            failed: false,
            unrecorded: Vec::new(),
        }
    }

    /// Since the run started, by the clock.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Whether nothing more can be recorded.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Whether every event that can become durable is.
    pub(crate) fn is_settled(&self) -> bool {
        self.pending.is_empty()
    }

    /// Takes an event, with times by the clock. Gives it back if it cannot be recorded; its permit is dropped then, which means no.
    pub(crate) fn emit(&mut self, kind: EventKind, then: Then) -> Option<Arc<RunEvent>> {
        self.seq += 1;
        let (elapsed, kind) = (self.pace.to_tell(self.started.elapsed()), kind.at_pace(self.pace));
        let event = Arc::new(RunEvent { seq: self.seq, at: SystemTime::now(), elapsed, kind });
        // A journal that has failed still wants to see what happens: it keeps it elsewhere.
        if self.ledger.append(event.clone()).is_err() || self.failed {
            self.unrecorded.push(event.clone());
            return Some(event);
        }
        self.pending.push_back(Pending { event, then });
        None
    }

    /// Waits until something has become durable, or never can.
    pub(crate) async fn changed(&mut self) {
        if self.durability.changed().await.is_err() && self.failed {
            // Nothing will change any more; whoever waits beside this goes on.
            std::future::pending::<()>().await;
        }
    }

    /// Gives the next event that is durable, once.
    pub(crate) fn next_durable(&mut self) -> Option<Pending> {
        let durable = up_to(&self.durability.borrow_and_update());
        self.pending.pop_front_if(|pending| pending.event.seq <= durable)
    }

    /// Whether some event that is durable has not been given yet.
    pub(crate) fn has_durable(&self) -> bool {
        let durable = up_to(&self.durability.borrow());
        self.pending.front().is_some_and(|pending| pending.event.seq <= durable)
    }

    /// Tells why nothing more can be recorded, the first time that is so.
    pub(crate) fn take_failure(&mut self) -> Option<String> {
        if self.failed {
            return None;
        }
        let reason = match &*self.durability.borrow() {
            Durability::Failed { reason, .. } => reason.clone(),
            Durability::UpTo(_) if self.durability.has_changed().is_err() => "its writer has ended".to_owned(),
            Durability::UpTo(_) => return None,
        };
        self.failed = true;
        Some(reason)
    }

    /// Gives up on what has not become durable, and gives it back.
    pub(crate) fn give_up(&mut self) -> Vec<Arc<RunEvent>> {
        self.failed = true;
        let events: Vec<_> = std::mem::take(&mut self.pending).into_iter().map(|pending| pending.event).collect();
        self.unrecorded.extend(events.iter().cloned());
        events
    }

    /// Waits until everything is durable; an error says why it is not.
    pub(crate) async fn settle(&mut self) -> Result<(), String> {
        let last = self.seq;
        let over = |state: &Durability| match state {
            Durability::UpTo(seq) => *seq >= last,
            Durability::Failed { .. } => true,
        };
        match timeout(LAST_SYNC, self.durability.wait_for(over)).await {
            Ok(Ok(state)) => match &*state {
                Durability::UpTo(_) => Ok(()),
                Durability::Failed { reason, .. } => Err(reason.clone()),
            },
            Ok(Err(_)) => Err("its writer has ended".to_owned()),
            Err(_) => Err(format!("not written within {LAST_SYNC:?}")),
        }
    }

    /// What is recorded nowhere.
    pub(crate) fn into_unrecorded(self) -> Vec<Arc<RunEvent>> {
        self.unrecorded
    }
}

fn up_to(durability: &Durability) -> u64 {
    match durability {
        Durability::UpTo(seq) | Durability::Failed { durable: seq, .. } => *seq,
    }
}
