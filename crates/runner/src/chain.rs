use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use runsheet_events::{AttemptKey, HostResult, OutputKey};
use runsheet_model::{Failure, LostReason, State, format_duration};
use runsheet_plan::PlanLink;
use runsheet_task::Remote;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::attempt::{Attempt, Tried, cancelled, lost, not_reached};
use crate::host_run::{Ended, HostRun, result};
use crate::message::{Message, Purpose};
use crate::receipts::Asked;
use crate::tee::HostOutput;

/// The first pause before a link that failed is tried again; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What a step does on a host, link by link: the chain until something fails, then what is always done.
pub(crate) struct Chain<'a> {
    run: &'a HostRun,
    /// The connections that it has, by the positions of their hosts in the plan.
    remotes: HashMap<usize, Arc<dyn Remote>>,
    output: Arc<HostOutput>,
    /// How many attempts each link has had.
    attempts: Vec<u32>,
    /// Whether anything was done, on this host or for it.
    begun: bool,
}

/// How a link is run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// As one of the chain.
    InChain,
    /// Whatever happened and whoever wants to stop.
    Always,
}

impl<'a> Chain<'a> {
    pub(crate) fn new(run: &'a HostRun, remote: Arc<dyn Remote>) -> Self {
        let key = OutputKey { step: run.plan_step().id.clone(), host: run.host().name.clone() };
        let file = run.shared.outputs.open(&key);
        let output = Arc::new(HostOutput::new(key, file, run.shared.display.clone()));
        run.step.remember(run.start.position, &output, &run.cancel);
        let mut attempts = run.start.attempts.clone();
        attempts.resize(run.host_work().all_links().count(), 0);
        let remotes = HashMap::from([(run.first_host(), remote)]);
        Self { run, remotes, output, attempts, begun: run.start.link > 0 }
    }

    pub(crate) async fn run(mut self) -> Ended {
        let run = self.run;
        let started = Instant::now();
        let work = run.host_work();
        let mut last = run.start.before.clone();
        let mut changed = matches!(last, Some(HostResult { state: State::Ok { changed: true }, .. }));
        let left = work.links.iter().enumerate().skip(run.start.link);
        for (number, link) in left.filter(|(number, _)| !run.start.done.contains(number)) {
            let ended = self.link(number, link, Kind::InChain).await;
            let good = ended.state.is_good();
            changed |= ended.outcome.changed;
            last = Some(ended);
            if !good {
                break;
            }
        }
        let mut ended = last.unwrap_or_else(|| result(cancelled(), Duration::ZERO));
        if let State::Ok { changed: any } = &mut ended.state {
            *any = changed;
        }
        if self.begun {
            if matches!(ended.state, State::Unreachable(_)) {
                // Something was done before it: that it cannot be reached is not all there is to say.
                ended.state = State::Failed { failure: Failure::Connection };
            }
            ended = self.always(ended).await;
        }
        let Self { output, attempts, .. } = self;
        run.step.forget(run.start.position);
        if let Some(Err(error)) = Arc::into_inner(output).map(HostOutput::close) {
            let message = format!("output of `{}` is not complete in its file: {error}", run.host().name);
            run.shared.send(Message::Warned { message });
        }
        ended.took = started.elapsed();
        Ended { result: ended, attempts }
    }

    /// Does what is always done, and gives how the whole ended: badly if any of it did.
    async fn always(&mut self, chain: HostResult) -> HostResult {
        let work = self.run.host_work();
        let mut ended = chain;
        let lost = matches!(ended.state, State::Lost { .. });
        for (number, link) in
            (work.links.len()..).zip(&work.always).filter(|(number, _)| *number >= self.run.start.link)
        {
            if lost && !link.even_if_lost {
                self.note(format!("`{}` was left out: nobody knows how the work before it ended", link.task));
                continue;
            }
            let always = self.link(number, link, Kind::Always).await;
            if let State::Ok { changed } = &mut ended.state
                && always.state.is_good()
            {
                *changed |= always.outcome.changed;
                continue;
            }
            if !always.state.is_good() {
                self.note(format!("`{}` failed as well: {}", link.task, always.outcome.message));
                if ended.state.is_good() || matches!(always.state, State::Lost { .. }) {
                    ended = always;
                }
            }
        }
        ended
    }

    /// Runs a link, and again if it failed and may be repeated.
    async fn link(&mut self, number: usize, link: &PlanLink, kind: Kind) -> HostResult {
        let run = self.run;
        let begin = Instant::now();
        if let Some(ended) = self.ask_host(number, link, kind).await {
            return ended;
        }
        let mut tries = 0;
        loop {
            tries += 1;
            let ended = self.attempt(number, link, kind).await;
            let stopping = kind == Kind::InChain && (run.step.stop.new.is_cancelled() || run.cancel.is_cancelled());
            if tries > link.retries || stopping || !may_be_repeated(&ended.state, link.idempotent) {
                return HostResult { took: begin.elapsed(), ..ended };
            }
            let pause = pause(tries, run.host_position());
            self.note(format!(
                "`{}` failed, try {} of {} in {}: {}",
                link.task,
                tries + 1,
                link.retries + 1,
                format_duration(pause),
                ended.outcome.message
            ));
            tokio::select! {
                () = sleep(run.shared.pace.to_wait(pause)) => {}
                () = run.step.stop.new.cancelled(), if kind == Kind::InChain => {
                    return HostResult { took: begin.elapsed(), ..ended };
                }
            }
        }
    }

    async fn attempt(&mut self, number: usize, link: &PlanLink, kind: Kind) -> HostResult {
        let run = self.run;
        if kind == Kind::InChain
            && let Err(unreachable) = run.shared.locks.may_use(run.host_position())
        {
            return result(not_reached(unreachable), Duration::ZERO);
        }
        let remote = match self.remote(link).await {
            Ok(remote) => remote,
            Err(ended) => return *ended,
        };
        self.attempts[number] += 1;
        let attempt = self.attempt_of(number, link, kind, remote);
        let key = attempt.key.clone();
        let Tried { result, started, commands, effects } = attempt.run().await;
        let position = run.start.position;
        run.shared.send(Message::AttemptFinished { key, position, started, result: result.clone(), commands });
        self.begun |= effects;
        result
    }

    /// The present attempt of a link.
    fn attempt_of<'b>(&self, number: usize, link: &'b PlanLink, kind: Kind, remote: Arc<dyn Remote>) -> Attempt<'b>
    where
        'a: 'b,
    {
        let run = self.run;
        Attempt {
            shared: &run.shared,
            host: run.host(),
            link,
            on: run.host_of(link),
            position: run.start.position,
            key: AttemptKey {
                step: run.plan_step().id.clone(),
                link: u32::try_from(number).unwrap_or(u32::MAX),
                host: run.host().name.clone(),
                attempt: self.attempts[number],
            },
            remote,
            output: self.output.clone(),
            cancel: match kind {
                Kind::InChain => run.cancel.clone(),
                Kind::Always => CancellationToken::new(),
            },
            purpose: if self.begun { Purpose::GoesOn } else { Purpose::Begins },
        }
    }

    /// Asks the host how a link ended whose end an earlier epoch did not see. Nothing, if it is to be done now.
    async fn ask_host(&mut self, number: usize, link: &PlanLink, kind: Kind) -> Option<HostResult> {
        let run = self.run;
        let ask = run.start.ask_host.as_ref().filter(|_| number == run.start.link)?;
        let remote = match self.remote(link).await {
            Ok(remote) => remote,
            Err(not_reached) => {
                // That it is not reached now says nothing about then.
                let (state, mut outcome, hint) = lost(LostReason::RunEnded);
                outcome.message = format!("{}; {}", outcome.message, not_reached.outcome.message);
                return Some(result((state, outcome, hint), not_reached.took));
            }
        };
        let attempt = self.attempt_of(number, link, kind, remote);
        let key = attempt.key.clone();
        let (answer, ended) = match attempt.ask_again(ask.said, &ask.who).await {
            Asked::Ended(result) => (None, Some(result)),
            Asked::Again(answer) => (answer, None),
            Asked::Taken(answer, result) => (Some(answer), Some(result)),
        };
        self.begun = true;
        if let Some(answer) = answer {
            run.shared.send(Message::LostAnswered { key, answer, who: ask.who.clone() });
        } else if let Some(result) = &ended {
            let (position, result, commands) = (run.start.position, result.clone(), Vec::new());
            run.shared.send(Message::AttemptFinished { key, position, started: true, result, commands });
        }
        ended
    }

    /// The connection on which a link's commands run. One that is down is made anew.
    async fn remote(&mut self, link: &PlanLink) -> Result<Arc<dyn Remote>, Box<HostResult>> {
        let pool = &self.run.shared.pool;
        let host = self.run.host_of(link);
        let known = self.remotes.get(&host);
        if let Some(remote) = known.filter(|remote| remote.is_alive()) {
            return Ok(remote.clone());
        }
        let started = Instant::now();
        let got = if known.is_some() { pool.renew(host, &|| {}).await } else { pool.get(host, &|| {}).await };
        match got {
            Ok(got) => {
                self.run.shared.tell_connected(host, got.new);
                self.remotes.insert(host, got.remote.clone());
                Ok(got.remote)
            }
            Err(unreachable) => Err(Box::new(result(self.run.not_reached(host, unreachable), started.elapsed()))),
        }
    }

    fn note(&self, note: String) {
        let (step, host) = (self.run.plan_step().id.clone(), self.run.host().name.clone());
        self.run.shared.send(Message::HostNoted { step, host, note });
    }
}

/// Whether something that ended so may be tried again, if the sheet says so: never what was stopped, and what nobody knows
/// only where repeating does no harm.
fn may_be_repeated(state: &State, idempotent: bool) -> bool {
    match state {
        State::Failed { failure } => !matches!(failure, Failure::Stopped | Failure::Internal),
        State::Lost { reason } => idempotent && *reason != LostReason::Stopped,
        State::Unreachable(unreachable) => unreachable.transient,
        State::Ok { .. } | State::Skipped | State::Cancelled => false,
    }
}

/// The pause before another try: twice as long each time, and up to half as long again, so that hosts that failed together do not come
/// back together.
fn pause(tries: u32, host: usize) -> Duration {
    let pause = FIRST_PAUSE.saturating_mul(1 << (tries - 1).min(5)).min(LONGEST_PAUSE);
    let share = u32::try_from(host.wrapping_mul(619) % 1_000).unwrap_or(0);
    pause + pause * share / 2_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_spread() {
        assert_eq!([1, 2, 3, 6, 90].map(|tries| pause(tries, 0).as_secs()), [1, 2, 4, 30, 30]);
        assert!(pause(1, 1) > pause(1, 0) && pause(1, 1) < Duration::from_millis(1_500));
    }

    #[test]
    fn only_what_may_be_repeated_is() {
        let failed = |failure| State::Failed { failure };
        assert!(may_be_repeated(&failed(Failure::Task { value: 1 }), false));
        assert!(!may_be_repeated(&failed(Failure::Stopped), true));
        let lost = State::Lost { reason: LostReason::PeerSilent };
        assert!(may_be_repeated(&lost, true) && !may_be_repeated(&lost, false));
        assert!(!may_be_repeated(&State::Cancelled, true));
    }
}
