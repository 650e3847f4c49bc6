use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use runsheet_events::{AttemptKey, HostResult, OutputKey};
use runsheet_plan::{HostWork, PlanHost, PlanStep};
use runsheet_task::Remote;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tracing::{Instrument, Span, info_span};

use crate::attempt::{Attempt, broken, cancelled, not_reached};
use crate::executor::Shared;
use crate::host_pool::ConnectPermit;
use crate::message::Message;
use crate::tee::HostOutput;

/// A step on one host: connect, take a fork, do the chain link by link.
pub(crate) struct HostRun {
    pub(crate) shared: Arc<Shared>,
    pub(crate) step: usize,
    /// Position of the host in the step.
    pub(crate) position: usize,
    pub(crate) forks: Arc<Semaphore>,
    /// Its place among those that work or connect.
    pub(crate) place: Mutex<Option<OwnedSemaphorePermit>>,
    /// The span of the step, in which that of the host stands.
    pub(crate) span: Span,
}

impl HostRun {
    /// Runs it and reports its end, whatever happens in between.
    pub(crate) async fn run(self) {
        let span = info_span!(parent: &self.span, "host", name = %self.host().name);
        let result = match AssertUnwindSafe(self.work()).catch_unwind().instrument(span).await {
            Ok(result) => result,
            Err(panic) => result(broken(&*panic), Duration::ZERO),
        };
        self.shared.pool.release(self.host_position());
        self.finish(result);
    }

    /// Reports that it never started.
    pub(crate) fn cancel(self) {
        self.shared.pool.release(self.host_position());
        self.finish(result(cancelled(), Duration::ZERO));
    }

    async fn work(&self) -> HostResult {
        let started = Instant::now();
        let (remote, permit) = match self.connect().await {
            Ok(connected) => connected,
            Err(ended) => return *ended,
        };
        // The permit to connect is kept until a fork is free, so that at most so many hosts are connected and idle.
        let fork = tokio::select! {
            fork = self.forks.acquire() => fork,
            () = self.shared.stop.new.cancelled() => return result(cancelled(), started.elapsed()),
        };
        drop(permit);
        if fork.is_err() || self.shared.stop.new.is_cancelled() {
            return result(cancelled(), started.elapsed());
        }
        self.shared.send(Message::HostStarted { step: self.plan_step().id.clone(), host: self.host().name.clone() });
        self.chain(remote).await
    }

    async fn connect(&self) -> Result<(Arc<dyn Remote>, Option<ConnectPermit>), Box<HostResult>> {
        let started = Instant::now();
        let stop = &self.shared.stop.new;
        let aside = || self.step_aside();
        let got = tokio::select! {
            got = self.shared.pool.get(self.host_position(), &aside) => got,
            () = stop.cancelled() => return Err(Box::new(result(cancelled(), started.elapsed()))),
        };
        match got {
            Ok(got) => {
                if let Some(new) = got.new {
                    self.shared.send(Message::HostConnected {
                        host: self.host().name.clone(),
                        took: new.took,
                        address: new.address,
                        host_key: new.host_key,
                        learned: new.learned,
                    });
                }
                Ok((got.remote, got.permit))
            }
            Err(unreachable) => Err(Box::new(result(not_reached(unreachable), started.elapsed()))),
        }
    }

    /// Gives up its place: others need not wait for this host.
    fn step_aside(&self) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn chain(&self, remote: Arc<dyn Remote>) -> HostResult {
        let started = Instant::now();
        let key = OutputKey { step: self.plan_step().id.clone(), host: self.host().name.clone() };
        let file = self.shared.outputs.open(&key);
        let output = Arc::new(HostOutput::new(key, file, self.shared.display.clone()));
        let mut last = None;
        let mut changed = false;
        for (number, link) in (0_u32..).zip(&self.host_work().links) {
            let attempt = Attempt {
                shared: &self.shared,
                host: self.host(),
                link,
                position: self.position,
                key: AttemptKey {
                    step: self.plan_step().id.clone(),
                    link: number,
                    host: self.host().name.clone(),
                    attempt: 1,
                },
                remote: remote.clone(),
                output: output.clone(),
            };
            let result = attempt.run().await;
            let good = result.state.is_good();
            changed |= result.outcome.changed;
            last = Some(result);
            if !good {
                break;
            }
        }
        if let Some(Err(error)) = Arc::into_inner(output).map(HostOutput::close) {
            let message = format!("output of `{}` is not complete in its file: {error}", self.host().name);
            self.shared.send(Message::Warned { message });
        }
        let mut result = last.unwrap_or_else(|| result(cancelled(), Duration::ZERO));
        if let runsheet_model::State::Ok { changed: any } = &mut result.state {
            *any = changed;
        }
        result.took = started.elapsed();
        result
    }

    fn finish(self, result: HostResult) {
        let host = self.host().name.clone();
        self.shared.send(Message::HostFinished { step: self.step, host, result });
    }

    fn plan_step(&self) -> &PlanStep {
        &self.shared.plan.steps[self.step]
    }

    fn host_work(&self) -> &HostWork {
        self.plan_step().host_work().expect("only a step with hosts has host runs")
    }

    fn host_position(&self) -> usize {
        self.host_work().hosts[self.position]
    }

    fn host(&self) -> &PlanHost {
        &self.shared.plan.hosts[self.host_position()]
    }
}

fn result(
    (state, outcome, hint): (runsheet_model::State, runsheet_model::Outcome, Option<String>),
    took: Duration,
) -> HostResult {
    HostResult { state, outcome, hint, took }
}
