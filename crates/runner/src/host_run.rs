use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use runsheet_events::{HostResult, LostAnswer};
use runsheet_model::Unreachable;
use runsheet_plan::{HostWork, PlanHost, PlanLink, PlanStep};
use runsheet_task::Remote;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span};

use crate::attempt::{Ending, broken, cancelled, not_reached};
use crate::chain::Chain;
use crate::executor::{Shared, StepRun};
use crate::host_pool::ConnectPermit;
use crate::message::Message;

/// Where the work of a step on a host begins.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Start {
    /// The host, by its position in the step.
    pub(crate) position: usize,
    /// The first link that is done.
    pub(crate) link: usize,
    /// How many attempts each link has had; shorter than the chain where the rest has had none.
    pub(crate) attempts: Vec<u32>,
    /// How what lies before that link has ended.
    pub(crate) before: Option<HostResult>,
    /// Links behind it that are done already and are not done again.
    pub(crate) done: Vec<usize>,
    /// The first link's last attempt may have ended without our seeing it: the host is asked for its receipt first.
    pub(crate) ask_host: Option<AskHost>,
}

/// What holds if the host does not know either.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AskHost {
    /// What was said about that case.
    pub(crate) said: Option<LostAnswer>,
    /// By whom.
    pub(crate) who: String,
}

/// A step on one host: connect, take a fork, do the chain.
pub(crate) struct HostRun {
    pub(crate) shared: Arc<Shared>,
    pub(crate) step: Arc<StepRun>,
    pub(crate) start: Start,
    /// Its place among those that work or connect.
    pub(crate) place: Mutex<Option<OwnedSemaphorePermit>>,
    /// Stops what runs on this host.
    pub(crate) cancel: CancellationToken,
}

/// How the work ended on a host.
pub(crate) struct Ended {
    pub(crate) result: HostResult,
    pub(crate) attempts: Vec<u32>,
}

impl HostRun {
    /// Runs it and reports its end, whatever happens in between.
    pub(crate) async fn run(self) {
        let span = info_span!(parent: &self.step.span, "host", name = %self.host().name);
        let attempts = self.start.attempts.clone();
        let ended = match AssertUnwindSafe(self.work()).catch_unwind().instrument(span).await {
            Ok(ended) => ended,
            Err(panic) => Ended { result: result(broken(&*panic), Duration::ZERO), attempts },
        };
        self.release();
        self.finish(ended);
    }

    /// Reports that it never started.
    pub(crate) fn cancel(self) {
        self.release();
        let attempts = self.start.attempts.clone();
        self.finish(Ended { result: result(cancelled(), Duration::ZERO), attempts });
    }

    async fn work(&self) -> Ended {
        let started = Instant::now();
        let early = |ended| Ended { result: result(ended, started.elapsed()), attempts: self.start.attempts.clone() };
        let (remote, permit) = match self.connect().await {
            Ok(connected) => connected,
            Err(ended) => return early(*ended),
        };
        let stop = &self.step.stop.new;
        // The permit to connect is kept until a fork is free, so that at most so many hosts are connected and idle.
        let fork = tokio::select! {
            fork = self.step.forks.acquire() => fork,
            () = stop.cancelled() => return early(cancelled()),
        };
        drop(permit);
        if fork.is_err() || stop.is_cancelled() {
            return early(cancelled());
        }
        self.shared.send(Message::HostStarted { step: self.plan_step().id.clone(), host: self.host().name.clone() });
        Chain::new(self, remote).run().await
    }

    async fn connect(&self) -> Result<(Arc<dyn Remote>, Option<ConnectPermit>), Box<Ending>> {
        if let Err(unreachable) = self.shared.locks.may_use(self.host_position()) {
            return Err(Box::new(not_reached(unreachable)));
        }
        let aside = || self.step_aside();
        let host = self.first_host();
        let got = tokio::select! {
            got = self.shared.pool.get(host, &aside) => got,
            () = self.step.stop.new.cancelled() => return Err(Box::new(cancelled())),
        };
        match got {
            Ok(got) => {
                self.shared.tell_connected(host, got.new);
                Ok((got.remote, got.permit))
            }
            Err(unreachable) => Err(Box::new(self.not_reached(host, unreachable))),
        }
    }

    /// Whose connection the first link needs: a host that is worked on only from another need not answer.
    pub(crate) fn first_host(&self) -> usize {
        let first = self.host_work().all_links().nth(self.start.link);
        first.map_or_else(|| self.host_position(), |link| self.host_of(link))
    }

    /// On which host a link's commands run.
    pub(crate) fn host_of(&self, link: &PlanLink) -> usize {
        link.delegate.as_ref().map_or_else(|| self.host_position(), |delegate| **delegate.of(self.start.position))
    }

    /// How it ends if a host that it needs was not reached.
    pub(crate) fn not_reached(&self, host: usize, mut unreachable: Unreachable) -> Ending {
        if host != self.host_position() {
            let name = &self.shared.plan.hosts[host].name;
            unreachable.reason = format!("`{name}`, which does it for this host: {}", unreachable.reason);
        }
        not_reached(unreachable)
    }

    /// Gives up its place: others need not wait for this host.
    fn step_aside(&self) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Gives back the connections that were kept for it.
    fn release(&self) {
        self.shared.pool.release(self.host_position());
        for delegate in self.host_work().delegates(self.start.position) {
            self.shared.pool.release(delegate);
        }
        self.step.forget(self.start.position);
    }

    fn finish(self, ended: Ended) {
        let Ended { result, attempts } = ended;
        let (step, position) = (self.step.index, self.start.position);
        self.shared.send(Message::HostFinished { step, position, result, attempts });
    }

    pub(crate) fn plan_step(&self) -> &PlanStep {
        &self.shared.plan.steps[self.step.index]
    }

    pub(crate) fn host_work(&self) -> &HostWork {
        self.plan_step().host_work().expect("only a step with hosts has host runs")
    }

    pub(crate) fn host_position(&self) -> usize {
        self.host_work().hosts[self.start.position]
    }

    pub(crate) fn host(&self) -> &PlanHost {
        &self.shared.plan.hosts[self.host_position()]
    }
}

pub(crate) fn result((state, outcome, hint): Ending, took: Duration) -> HostResult {
    HostResult { state, outcome, hint, took }
}
