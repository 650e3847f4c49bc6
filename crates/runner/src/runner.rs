use std::sync::Arc;
use std::time::Duration;

use runsheet_events::{Ask, DisplaySink, Ledger, Observer, OutputLog, Request, RunEvent, RunStats};
use runsheet_model::{Endpoint, Mask, Pace, RunId};
use runsheet_plan::Plan;
use runsheet_task::{Connector, Local, Registry, Secrets};
use tokio::sync::mpsc;

use crate::dispatcher::Dispatcher;
use crate::executor::Executor;
use crate::foreseen::Foreseen;
use crate::resume::Resumption;
use crate::stop::Stop;

/// Everything that one run needs. [`Runner::execute`] runs it.
pub struct Runner {
    /// What runs.
    pub plan: Arc<Plan>,
    /// How each host of the plan is reached, by its position in the plan.
    pub endpoints: Vec<Endpoint>,
    /// Who runs it, and as what.
    pub identity: Identity,
    /// The parts that it works with.
    pub seams: Seams,
    /// The secrets that the plan names.
    pub secrets: Secrets,
    /// What hides them.
    pub mask: Mask,
    /// How it runs.
    pub settings: Settings,
    /// What past runs say of it.
    pub foreseen: Foreseen,
    /// How it goes on, if it is not a new run.
    pub resumed: Option<Resumption>,
}

/// Who runs a plan, and as what.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The run.
    pub run: RunId,
    /// The command that was given: `run`, `do`, `exec`, `put`, `get`; or `rehearsal`.
    pub command: String,
    /// Version of runsheet.
    pub version: String,
    /// Login name.
    pub user: String,
    /// Name of this machine.
    pub machine: String,
    /// The command line, so that the run can be gone on with.
    pub request: Option<Request>,
}

/// The parts behind the runner's seams.
#[derive(Clone)]
pub struct Seams {
    /// Makes connections.
    pub connector: Arc<dyn Connector>,
    /// Works on this machine.
    pub local: Arc<dyn Local>,
    /// Knows the tasks.
    pub registry: Arc<Registry>,
    /// Records events.
    pub ledger: Arc<dyn Ledger>,
    /// Keeps output.
    pub outputs: Arc<dyn OutputLog>,
    /// Shows lines of output.
    pub display: Arc<dyn DisplaySink>,
    /// Asks people.
    pub ask: Arc<dyn Ask>,
}

/// How a plan runs.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Start nothing new after the first host that failed. Default: a step is finished on its other hosts.
    pub fail_fast: bool,
    /// Ask a person what to do when hosts failed and the sheet would not go on. Default: no; the policy decides.
    pub guided: bool,
    /// Only look what would be done: the work ends where it would have its first effect on a host, and nothing is waited for.
    /// Default: no.
    pub dry_run: bool,
    /// How many times faster than real it goes; more than once only where its hosts play along. Default: as fast as life.
    pub pace: Pace,
    /// How long to wait for other runs that hold locks on the hosts, if those are wanted. Default: not at all.
    pub lock_wait: Duration,
    /// How many connections are being made at once; apart from forks.
    pub handshakes: HandshakeLimit,
    /// How many connections there are at once, idle ones included, which make room for others. Default: 10,000. Those who have
    /// few open files need fewer.
    pub connections: usize,
    /// How many idle connections are kept for later steps. Default: 1,000, those with the most steps left, and of these the oldest.
    pub idle_connections: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            fail_fast: false,
            guided: false,
            dry_run: false,
            pace: Pace::REAL,
            lock_wait: Duration::ZERO,
            handshakes: HandshakeLimit::default(),
            connections: 10_000,
            idle_connections: 1_000,
        }
    }
}

/// How many connections are being made at once. The number is found out while they are made: it grows as long as more at once make more a
/// second, for this machine and for each jump host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandshakeLimit {
    /// In the beginning. Default: 32, which is enough for a processor of two cores and not too much for one.
    pub start: usize,
    /// At the most. Default: 256.
    pub most: usize,
}

impl HandshakeLimit {
    /// Always so many, and nothing is found out.
    pub fn fixed(number: usize) -> Self {
        Self { start: number, most: number }
    }
}

impl Default for HandshakeLimit {
    fn default() -> Self {
        Self { start: 32, most: 256 }
    }
}

/// A signal from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C. The first lets what runs finish, the second stops it, the third leaves at once.
    Interrupt,
    /// SIGTERM: nothing new; what still runs after 20 s is stopped.
    Terminate,
    /// SIGHUP: the terminal is gone. The run goes on, and that is on record.
    HangUp,
}

/// How a run ended.
#[derive(Debug)]
pub struct RunReport {
    /// Everything that is durable, folded.
    pub stats: RunStats,
    /// What happened after the journal failed: recorded nowhere. Empty in every other case.
    pub unrecorded: Vec<Arc<RunEvent>>,
}

impl Runner {
    /// Runs the plan to its end. It never fails as a whole: what went wrong stands in the report.
    pub async fn execute(
        mut self,
        observers: Vec<Box<dyn Observer>>,
        signals: mpsc::UnboundedReceiver<Signal>,
    ) -> RunReport {
        let stop = Stop::default();
        let (messages, inbox) = mpsc::unbounded_channel();
        let resumed = self.resumed.take();
        let dispatcher = Dispatcher::new(&self, resumed, stop.clone(), observers);
        let executor = Executor::new(self, messages);
        dispatcher.run(&executor, inbox, signals).await
    }
}
