//! Asks hosts for the receipts of attempts whose ends nobody saw.

use std::time::Duration;

use runsheet_events::{AttemptKey, HostResult, LostAnswer};
use runsheet_model::{Failure, LostReason, Outcome, Phase, RunId, State, Unreachable};
use runsheet_task::{Capture, ExecRequest, Limits, Receipt, Receipted};
use tokio::time::{Instant, sleep};

use crate::attempt::{Attempt, Ending, ending, lost, not_reached};
use crate::message::Purpose;

/// Between two tries to reach a host.
const PAUSE: Duration = Duration::from_secs(1);
/// How long one question waits on the host for the end of what still runs.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// How long a host that does not answer is tried, in times of what connecting may take.
const TRIES: u32 = 2;

/// What is done with an attempt of an earlier epoch whose end nobody saw, once its host was asked.
pub(crate) enum Asked {
    /// It ended so.
    Ended(HostResult),
    /// It is done again; after what a person said about it, if that is why.
    Again(Option<LostAnswer>),
    /// It is taken for that.
    Taken(LostAnswer, HostResult),
}

/// Why a host said nothing of a receipt.
enum Unasked {
    NotReached {
        transient: bool,
    },
    /// The question's end was not seen.
    Unanswered,
    /// It keeps none: its folder cannot be written, or there is no POSIX shell.
    NotUnderstood,
}

/// The receipt of an attempt: in a name that no other has.
pub(crate) fn receipt(run: RunId, key: &AttemptKey) -> Receipt {
    Receipt::new(&format!("{run}.{}.{}.{}.{}", key.step, key.link, key.host, key.attempt))
}

impl Attempt<'_> {
    /// The receipt that it leaves, if it leaves one.
    pub(crate) fn receipt(&self) -> Option<Receipt> {
        // What renews is idempotent, and may share its number with an attempt that has one.
        (self.link.receipt && self.purpose != Purpose::Renews).then(|| receipt(self.shared.run, &self.key))
    }

    /// Where its end was not seen, what its receipt makes of that.
    pub(crate) async fn after_loss(&self, ended: Ending, started: Instant) -> Ending {
        let (State::Lost { reason }, Some(receipt)) = (&ended.0, self.receipt()) else { return ended };
        let deadline = match reason {
            // Nobody waits for it any more.
            LostReason::Stopped | LostReason::TimedOut => Instant::now(),
            _ => started + self.link.timeout,
        };
        match self.ask(&receipt, deadline).await {
            Some(Receipted::Ended(code)) => self.receipted(code),
            Some(Receipted::Never) => not_reached(Unreachable {
                phase: Phase::Channel,
                reason: "the connection broke before the command had begun, by its receipt".to_owned(),
                hint: None,
                transient: true,
            }),
            Some(Receipted::Running | Receipted::Died) | None => ended,
        }
    }

    /// Finds out how it ended in an earlier epoch; what is not known of it even by its host is taken for what somebody said.
    pub(crate) async fn ask_again(&self, said: Option<LostAnswer>, who: &str) -> Asked {
        let started = Instant::now();
        let Some(receipt) = self.receipt() else { return Asked::Again(None) };
        let result = |(state, outcome, hint)| HostResult { state, outcome, hint, took: started.elapsed() };
        match self.ask(&receipt, started + self.link.timeout).await {
            Some(Receipted::Ended(code)) => Asked::Ended(result(self.receipted(code))),
            Some(Receipted::Never) => Asked::Again(None),
            Some(Receipted::Running) => Asked::Ended(result(lost(LostReason::TimedOut))),
            Some(Receipted::Died) | None => match said.map(|said| (said, said.taken_for(who))) {
                _ if self.link.idempotent => Asked::Again(None),
                Some((said, Some(taken))) => Asked::Taken(said, taken),
                Some((said, None)) => Asked::Again(Some(said)),
                None => Asked::Ended(result(lost(LostReason::RunEnded))),
            },
        }
    }

    /// Asks the host until the deadline, and at least once. One that is not reached is not waited for so long.
    async fn ask(&self, receipt: &Receipt, deadline: Instant) -> Option<Receipted> {
        let patience = Instant::now() + self.shared.pool.connect_timeout(self.on) * TRIES;
        let asking = async {
            loop {
                match self.ask_once(receipt, deadline).await {
                    Ok(Receipted::Running) if Instant::now() < deadline => {}
                    Ok(answer) => return Some(answer),
                    Err(Unasked::NotReached { transient: true }) if Instant::now() < patience => {}
                    Err(Unasked::Unanswered) if Instant::now() < deadline.max(patience) => {}
                    Err(_) => return None,
                }
                sleep(PAUSE).await;
            }
        };
        tokio::select! {
            answer = asking => answer,
            () = self.cancel.cancelled() => None,
        }
    }

    async fn ask_once(&self, receipt: &Receipt, deadline: Instant) -> Result<Receipted, Unasked> {
        let got = self.shared.pool.renew(self.on, &|| {}).await;
        let got = got.map_err(|unreachable| Unasked::NotReached { transient: unreachable.transient })?;
        self.shared.tell_connected(self.on, got.new);
        let shell = self.link.shell.of(self.position);
        let wait = deadline.saturating_duration_since(Instant::now()).min(LONGEST_WAIT);
        let limit = wait + self.shared.pool.connect_timeout(self.on);
        let question = receipt.question(wait);
        let request = ExecRequest {
            command: shell.wrap(&question),
            recorded: None,
            on_local: None,
            as_user: shell.as_user.clone().map(|as_user| (as_user, shell.inner(&question))),
            stdin: None,
            pty: false,
            quiet: true,
            limits: Limits { deadline: Instant::now() + limit, limit, cancel: self.cancel.clone() },
        };
        let mut capture = Capture::default();
        got.remote.exec(&request, &mut capture).await.map_err(|_| Unasked::Unanswered)?;
        Receipt::answer(&capture.into_text().0).ok_or(Unasked::NotUnderstood)
    }

    /// How it ended, by its receipt.
    fn receipted(&self, code: i32) -> Ending {
        let args = self.link.args.of(self.position);
        if code == 0 {
            let changed = !args.iter().any(|(name, value)| name == "changed" && *value == false);
            let text = "done; its end was not seen and read from its receipt";
            let outcome = if changed { Outcome::changed(text) } else { Outcome::unchanged(text) };
            return (State::Ok { changed }, outcome, None);
        }
        ending(Failure::Task { value: code }, format!("exit status {code}, read from its receipt"))
    }
}
