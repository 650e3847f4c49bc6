use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use runsheet_events::{AttemptKey, CommandRecord, HostResult};
use runsheet_model::{Failure, LostReason, Outcome, Phase, State, Switch, Unreachable};
use runsheet_plan::{PlanHost, PlanLink};
use runsheet_task::{Args, Config, Host, Limits, Notes, Remote, RemoteError, Task, TaskError, awake_until, sudo_hint};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::executor::Shared;
use crate::message::{Message, Purpose};
use crate::recorded_remote::RecordedRemote;
use crate::tee::HostOutput;

/// How long a task may go on after its limit before it is dropped: long enough for the remote side to be stopped in good order.
const GRACE: Duration = Duration::from_secs(20);
/// The longest message that is recorded, in bytes.
const LONGEST_MESSAGE: usize = 16 * 1024;

/// One try of one link of a step on one host: `do_work` within its limit, whatever it does.
pub(crate) struct Attempt<'a> {
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) host: &'a PlanHost,
    pub(crate) link: &'a PlanLink,
    /// Position in the plan of the host on which its commands run.
    pub(crate) on: usize,
    /// Position of the host in the step.
    pub(crate) position: usize,
    pub(crate) key: AttemptKey,
    pub(crate) remote: Arc<dyn Remote>,
    pub(crate) output: Arc<HostOutput>,
    /// Stops it before its end.
    pub(crate) cancel: CancellationToken,
    pub(crate) purpose: Purpose,
}

/// How an attempt ended.
pub(crate) struct Tried {
    pub(crate) result: HostResult,
    /// Whether its intent was recorded.
    pub(crate) started: bool,
    pub(crate) commands: Vec<CommandRecord>,
    /// Whether anything was done on its host.
    pub(crate) effects: bool,
}

impl Attempt<'_> {
    /// Does the work and gives how it ended, which whoever wanted it reports: started and finished always pair.
    pub(crate) async fn run(self) -> Tried {
        let started = Instant::now();
        let remote = Arc::new(RecordedRemote::new(
            self.remote.clone(),
            (self.key.clone(), self.position),
            self.shared.messages.clone(),
            self.shared.mask.clone(),
            self.output.clone(),
            self.purpose,
        ));
        let args = self.link.args.of(self.position);
        let args = match args.to_be_made().next() {
            Some((_, file)) if self.shared.dry_run => Err(would(&TaskError::Would {
                what: format!("do `{}` with `{}`, which step `{}` makes", self.link.task, file.name, file.step),
            })),
            Some(_) => {
                let args = self.shared.made.put_into(args).map(Arc::new);
                args.map_err(|not_made| ending(Failure::Task { value: 1 }, not_made))
            }
            None => Ok(args.clone()),
        };
        let (state, outcome, hint) = match (self.shared.registry.get(self.link.task.as_str()), args) {
            (_, Err(ended)) => ended,
            (Ok(task), Ok(args)) => self.work(&**task, args, &remote, started).await,
            (Err(unknown), _) => ending(Failure::Internal, unknown.to_string()),
        };
        let ended = self.after_reboot((state, outcome, hint), started).await;
        let (state, mut outcome, hint) = self.after_loss(ended, started).await;
        outcome.message = self.shared.mask.text(&outcome.message);
        outcome.message.truncate(outcome.message.floor_char_boundary(LONGEST_MESSAGE));
        if self.shared.dry_run && matches!(state, State::Ok { .. }) {
            self.note(format!("{}: {}", self.link.task, outcome.message));
        }
        Tried {
            result: HostResult { state, outcome, hint, took: started.elapsed() },
            started: remote.has_started(),
            commands: remote.take_commands(),
            // What was dropped under way may have been done.
            effects: remote.has_effects() || remote.is_in_flight(),
        }
    }

    async fn work(&self, task: &dyn Task, args: Arc<Args>, remote: &Arc<RecordedRemote>, started: Instant) -> Ending {
        let limit = self.link.timeout;
        let limits = Limits { deadline: started + self.shared.pace.to_wait(limit), limit, cancel: self.cancel.clone() };
        let config = Config {
            run: self.shared.run,
            step: self.key.step.clone(),
            task: self.link.task.clone(),
            attempt: self.key.attempt,
            vars: self.shared.plan.vars.clone(),
            args,
            secrets: self.shared.secrets.clone(),
        };
        let host = Host::new(
            (self.host.name.clone(), self.host.address.clone(), self.host.vars.clone()),
            (remote.clone(), self.shared.local.clone()),
            self.link.shell.of(self.position).clone(),
            limits.clone(),
            Arc::new(MessageNotes { key: self.key.clone(), messages: self.shared.messages.clone() }),
        )
        .with_receipt(self.receipt())
        .with_facts(self.shared.facts[self.on].clone())
        .with_dry_run(self.shared.dry_run);
        let work = AssertUnwindSafe(task.do_work(&config, &host)).catch_unwind();
        let stopped = async {
            limits.cancel.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        let ended = tokio::select! {
            ended = work => Some(Some(ended)),
            () = awake_until(limits.deadline + GRACE) => Some(None),
            () = stopped => None,
        };
        match ended {
            Some(Some(Ok(result))) => self.advised(judge(result, remote)),
            Some(Some(Err(panic))) if remote.is_in_flight() => {
                let (_, mut outcome, hint) = ending(Failure::Internal, panic_message(&*panic));
                outcome.value = 1;
                (State::Lost { reason: LostReason::ConnectionClosed }, outcome, hint)
            }
            Some(Some(Err(panic))) => ending(Failure::Internal, panic_message(&*panic)),
            Some(None) if remote.is_in_flight() => lost(LostReason::TimedOut),
            Some(None) => timed_out(limit),
            None if remote.is_in_flight() => lost(LostReason::Stopped),
            None => ending(Failure::Stopped, "it was stopped".to_owned()),
        }
    }

    fn note(&self, note: String) {
        self.shared.send(Message::HostNoted { step: self.key.step.clone(), host: self.key.host.clone(), note });
    }

    /// Adds what would help where sudo stood in the way.
    fn advised(&self, (state, outcome, hint): Ending) -> Ending {
        let as_user = self.link.shell.of(self.position).as_user.as_ref();
        let by_sudo = as_user.is_some_and(|user| user.by == Switch::Sudo) && matches!(state, State::Failed { .. });
        let advice = || sudo_hint(&outcome.message).filter(|_| by_sudo).map(ToOwned::to_owned);
        let hint = hint.or_else(advice);
        (state, outcome, hint)
    }
}

/// How work ends: state, outcome, and what would help.
pub(crate) type Ending = (State, Outcome, Option<String>);

/// Turns what `do_work` gave into a state. What the connection saw outweighs what the task says.
fn judge(result: Result<Outcome, TaskError>, remote: &RecordedRemote) -> Ending {
    if let Some(reason) = remote.lost() {
        return lost(reason);
    }
    match result {
        Ok(outcome) if outcome.is_ok() => (State::Ok { changed: outcome.changed }, outcome, None),
        Ok(outcome) => (State::Failed { failure: Failure::Task { value: outcome.value } }, outcome, None),
        Err(TaskError::Remote(error)) => judge_remote(error, remote),
        Err(error @ TaskError::Would { .. }) => would(&error),
        Err(error @ (TaskError::NoArgument { .. } | TaskError::NoSecret { .. })) => {
            ending(Failure::Internal, error.to_string())
        }
        Err(error @ (TaskError::Local(_) | TaskError::Failed { .. } | TaskError::PasswordWanted { .. })) => {
            let hint = error.hint();
            let (state, outcome, _) = ending(Failure::Task { value: 1 }, error.to_string());
            (state, outcome, hint)
        }
    }
}

/// How work ends in a dry run that would go on now.
fn would(what: &TaskError) -> Ending {
    (State::Ok { changed: true }, Outcome::changed(what.to_string()), None)
}

fn judge_remote(error: RemoteError, remote: &RecordedRemote) -> Ending {
    let message = error.to_string();
    match error {
        RemoteError::NotStarted(_) | RemoteError::Disconnected if remote.has_effects() => {
            ending(Failure::Connection, message)
        }
        RemoteError::NotStarted(unreachable) => not_reached(unreachable),
        RemoteError::Disconnected => {
            not_reached(Unreachable { phase: Phase::Channel, reason: message, hint: None, transient: true })
        }
        RemoteError::Lost { reason } => lost(reason),
        RemoteError::TimedOut { limit } => timed_out(limit),
        RemoteError::Stopped => ending(Failure::Stopped, message),
        RemoteError::NotPermitted if remote.has_effects() => ending(Failure::Stopped, message),
        RemoteError::NotPermitted => cancelled(),
        RemoteError::Transfer { .. } => ending(Failure::Transfer, message),
    }
}

/// How a host ends that was not reached.
pub(crate) fn not_reached(unreachable: Unreachable) -> Ending {
    let outcome = Outcome::failed(unreachable.reason.clone(), 1);
    let hint = unreachable.hint.clone();
    (State::Unreachable(unreachable), outcome, hint)
}

/// How a host ends that was never started.
pub(crate) fn cancelled() -> Ending {
    (State::Cancelled, Outcome::failed("never started", 1), None)
}

/// How a host ends on which runsheet itself broke.
pub(crate) fn broken(panic: &(dyn std::any::Any + Send)) -> Ending {
    ending(Failure::Internal, panic_message(panic))
}

pub(crate) fn lost(reason: LostReason) -> Ending {
    let hint = "look at the host: nobody knows whether the work was done";
    (State::Lost { reason }, Outcome::failed(reason.says(), 1), Some(hint.to_owned()))
}

fn timed_out(limit: Duration) -> Ending {
    let limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    let text = format!("it did not end within {} and was stopped", runsheet_model::format_chosen_duration(limit));
    let (state, outcome, _) = ending(Failure::TimedOut { limit_ms }, text);
    (state, outcome, Some("raise the step's `timeout` if it may take longer".to_owned()))
}

pub(crate) fn ending(failure: Failure, message: String) -> Ending {
    let value = match failure {
        Failure::Task { value } => value,
        _ => 1,
    };
    (State::Failed { failure }, Outcome::failed(message, value), None)
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    format!("the task itself broke: {text}")
}

struct MessageNotes {
    key: AttemptKey,
    messages: mpsc::UnboundedSender<Message>,
}

impl Notes for MessageNotes {
    fn note(&self, note: String) {
        let noted = Message::HostNoted { step: self.key.step.clone(), host: self.key.host.clone(), note };
        // The dispatcher is gone only when the run was left on a third Ctrl-C.
        _ = self.messages.send(noted);
    }
}
