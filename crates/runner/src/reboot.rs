use std::time::Duration;

use runsheet_model::{
    Failure, LostReason, Outcome, Phase, State, Unreachable, format_chosen_duration, format_duration,
};
use runsheet_task::{BootId, Limits};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::attempt::{Attempt, Ending, ending, lost};
use crate::executor::Shared;

/// Between two looks at a host.
const PAUSE: Duration = Duration::from_secs(1);
/// After it let nobody in: it may do so while it starts, and must not take us for somebody who guesses.
const LONG_PAUSE: Duration = Duration::from_secs(10);
/// How often it may do so.
const MOST_REFUSALS: u32 = 3;

/// What shells make of an end by HUP, KILL or TERM: a host that goes down ends what runs.
const ENDED_BY_SIGNAL: [i32; 3] = [129, 137, 143];

impl Attempt<'_> {
    /// What a start anew of the host makes of how the work ended. Where the sheet expects one, it is waited for; where a connection
    /// broke, it is found out whether that was why, for as long as connecting may take.
    pub(crate) async fn after_reboot(&self, ended: Ending, started: Instant) -> Ending {
        let broke = matches!(
            ended.0,
            State::Lost {
                reason: LostReason::ConnectionClosed | LostReason::PeerSilent | LostReason::ClosedWithoutStatus
            }
        );
        // A task that has left its host as it was has not had it started anew either.
        let same = matches!(ended.0, State::Ok { changed: false });
        let expected = self.link.reboots && !same && (broke || ended.0.is_good() || was_ended(&ended.0));
        if !expected && (!broke || self.remote.is_alive()) {
            return ended;
        }
        let Some(before) = self.remote.boot() else {
            return if expected && ended.0.is_good() { untold() } else { ended };
        };
        let begin = Instant::now();
        let reboot = Reboot { shared: self.shared, host: self.on, before, cancel: &self.cancel };
        if !expected {
            let deadline = begin + self.shared.pool.connect_timeout(self.on);
            return match reboot.find_out(WaitFor::Answer, deadline).await {
                Found::StartedAnew => lost(LostReason::Rebooted),
                Found::Not(_) | Found::Stopped => ended,
            };
        }
        match reboot.find_out(WaitFor::Start, started + self.link.timeout).await {
            Found::StartedAnew => {
                let message =
                    format!("the host was started anew and was back after {}", format_duration(begin.elapsed()));
                (State::Ok { changed: true }, Outcome::changed(message), None)
            }
            Found::Not(seen) if ended.0.is_good() => overdue(self.link.timeout, &seen),
            Found::Stopped if ended.0.is_good() => {
                ending(Failure::Stopped, "it was stopped while the host was away".to_owned())
            }
            Found::Not(_) | Found::Stopped => ended,
        }
    }
}

/// Whether a signal has ended the work, as far as can be told.
fn was_ended(state: &State) -> bool {
    match state {
        State::Failed { failure: Failure::Task { value } } => ENDED_BY_SIGNAL.contains(value),
        State::Failed { failure: Failure::Signal { .. } } => true,
        _ => false,
    }
}

fn untold() -> Ending {
    let (state, outcome, _) = ending(
        Failure::Task { value: 1 },
        "whether the host was started anew cannot be seen: it tells no boot id".to_owned(),
    );
    (state, outcome, Some("`reboots` is for Linux hosts, and for tasks that run a command".to_owned()))
}

fn overdue(limit: Duration, seen: &str) -> Ending {
    let limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    let limit = format_chosen_duration(limit);
    let (state, outcome, _) =
        ending(Failure::TimedOut { limit_ms }, format!("the host was not back, started anew, within {limit}: {seen}"));
    (state, outcome, Some("raise the step's `timeout` if it needs longer".to_owned()))
}

/// Finds out whether a host was started anew, by its boot id.
pub(crate) struct Reboot<'a> {
    pub(crate) shared: &'a Shared,
    /// The host, by its position in the plan.
    pub(crate) host: usize,
    /// The boot id that it had.
    pub(crate) before: BootId,
    /// Ends the wait.
    pub(crate) cancel: &'a CancellationToken,
}

/// What is waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitFor {
    /// That the host answers at all.
    Answer,
    /// That it is started anew.
    Start,
}

/// What was found out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The host was started anew, and answers.
    StartedAnew,
    /// It was not, or did not answer; and what was seen last.
    Not(String),
    /// The wait was ended.
    Stopped,
}

impl Reboot<'_> {
    /// Looks at the host until the deadline.
    pub(crate) async fn find_out(&self, what: WaitFor, deadline: Instant) -> Found {
        tokio::select! {
            found = self.look_until(what, deadline) => found,
            () = self.cancel.cancelled() => Found::Stopped,
        }
    }

    async fn look_until(&self, what: WaitFor, deadline: Instant) -> Found {
        let mut seen = "it was not reached".to_owned();
        let mut refusals = 0;
        loop {
            let mut pause = PAUSE;
            match timeout_at(deadline, self.look(deadline)).await {
                Err(_) => return Found::Not(seen),
                Ok(Ok(Some(boot))) if boot != self.before => return Found::StartedAnew,
                Ok(Ok(_)) if what == WaitFor::Answer => return Found::Not("it was not started anew".to_owned()),
                Ok(Ok(_)) => "it was not started anew".clone_into(&mut seen),
                Ok(Err(unreachable)) => {
                    refusals += u32::from(unreachable.phase == Phase::Login);
                    if unreachable.phase == Phase::HostKey || refusals > MOST_REFUSALS {
                        return Found::Not(unreachable.reason);
                    }
                    if unreachable.phase == Phase::Login {
                        pause = LONG_PAUSE;
                    }
                    seen = unreachable.reason;
                }
            }
            if timeout_at(deadline, sleep(pause)).await.is_err() {
                return Found::Not(seen);
            }
        }
    }

    /// The boot id that the host has now, if it tells.
    async fn look(&self, deadline: Instant) -> Result<Option<BootId>, Unreachable> {
        let got = self.shared.pool.renew(self.host, &|| {}).await?;
        self.shared.tell_connected(self.host, got.new);
        let limit = deadline.saturating_duration_since(Instant::now());
        let limits = Limits { deadline, limit, cancel: self.cancel.clone() };
        Ok(got.remote.ask_boot(&limits).await)
    }
}
