use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use runsheet_model::TaskName;
use runsheet_practice::{Part, PartEnd};
use runsheet_task::{Config, Host, Outcome, RemoteError, Task, TaskError, TaskSpec};
use tokio::time::{Instant, sleep_until};

use crate::Fault;
use crate::casting::LINK;
use crate::script::Script;

/// How long before its limit a task is taken for one that ran out of time, so that nobody else ends its command first.
const MARGIN: Duration = Duration::from_millis(20);

/// What the command of a task that hangs would take: longer than anybody waits.
const FOREVER: Duration = Duration::from_hours(24 * 365);

/// A task that stands in for another of the same name: it runs one command on the practice host, which takes its time and does
/// nothing, and tells that it has changed the host.
pub(crate) struct StandIn {
    spec: TaskSpec,
    script: Arc<Script>,
}

impl StandIn {
    pub(crate) fn new(name: TaskName, script: Arc<Script>) -> Self {
        Self { spec: TaskSpec::named(name, "Stands in for a task in a rehearsal."), script }
    }
}

#[async_trait]
impl Task for StandIn {
    fn spec(&self) -> &TaskSpec {
        &self.spec
    }

    async fn do_work(&self, config: &Config, host: &Host) -> Result<Outcome, TaskError> {
        let link = config.args.integer(LINK).and_then(|link| usize::try_from(link).ok()).unwrap_or_default();
        let cue = self.script.cue(&config.step, host.name(), link, config.attempt);
        let cue = cue.ok_or_else(|| TaskError::failed("this is no part of what is rehearsed"))?;
        let (takes, end) = match cue.fault {
            Some(Fault::Fail(value)) => (cue.takes, PartEnd::Exit(value.into())),
            Some(Fault::Drop) => (cue.takes / 2, PartEnd::Cut),
            Some(Fault::Hang) => (FOREVER, PartEnd::Exit(0)),
            _ => (cue.takes, PartEnd::Exit(0)),
        };
        let part = Part { takes: self.script.pace.to_wait(takes), end };
        // A part that comes out longer than the limit is stopped by it, as the task would be. Nothing is left behind: nothing was
        // started.
        let limit = host.deadline().checked_sub(MARGIN).unwrap_or_else(Instant::now);
        tokio::select! {
            biased;
            () = host.stopped().cancelled() => Err(RemoteError::Stopped.into()),
            () = sleep_until(limit) => Err(RemoteError::TimedOut { limit: host.limit() }.into()),
            result = host.work(part.to_string()) => {
                let outcome = result?.outcome();
                Ok(if outcome.is_ok() { Outcome::changed("rehearsed") } else { Outcome::failed("it fails in this rehearsal", outcome.value) })
            }
        }
    }
}
