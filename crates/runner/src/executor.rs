use std::sync::{Arc, Mutex};
use std::time::Duration;

use runsheet_events::{Ask, DisplaySink, OutputLog, Question};
use runsheet_model::{Mask, RunId};
use runsheet_plan::{Plan, Work};
use runsheet_task::{Local, Registry, Secrets};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use tracing::{Span, info_span};

use crate::host_pool::HostPool;
use crate::host_run::HostRun;
use crate::message::Message;
use crate::runner::{Runner, Settings};
use crate::stop::Stop;

/// Does the work of steps: a task a host, at most `forks` of them working and a few more connecting.
pub(crate) struct Executor {
    shared: Arc<Shared>,
    ask: Arc<dyn Ask>,
    settings: Settings,
}

/// What every host run needs.
pub(crate) struct Shared {
    pub(crate) run: RunId,
    pub(crate) plan: Arc<Plan>,
    pub(crate) pool: HostPool,
    pub(crate) registry: Arc<Registry>,
    pub(crate) local: Arc<dyn Local>,
    pub(crate) outputs: Arc<dyn OutputLog>,
    pub(crate) display: Arc<dyn DisplaySink>,
    pub(crate) secrets: Secrets,
    pub(crate) mask: Mask,
    pub(crate) stop: Stop,
    pub(crate) messages: mpsc::UnboundedSender<Message>,
    /// The span of the run, in which those of its steps stand.
    pub(crate) span: Span,
}

impl Shared {
    /// Reports to the dispatcher, which is gone only when the run was left on a third Ctrl-C.
    pub(crate) fn send(&self, message: Message) {
        _ = self.messages.send(message);
    }
}

impl Executor {
    pub(crate) fn new(runner: Runner, stop: Stop, messages: mpsc::UnboundedSender<Message>) -> Self {
        let Runner { plan, endpoints, identity, seams, secrets, mask, settings } = runner;
        let pool = HostPool::new(seams.connector, endpoints, &plan.uses(), &settings);
        let shared = Shared {
            run: identity.run,
            plan,
            pool,
            registry: seams.registry,
            local: seams.local,
            outputs: seams.outputs,
            display: seams.display,
            secrets,
            mask,
            stop,
            messages,
            span: Span::current(),
        };
        Self { shared: Arc::new(shared), ask: seams.ask, settings }
    }

    /// Starts a step. Its end is reported host by host, or by a person's answer.
    pub(crate) fn start(&self, step: usize) {
        match &self.shared.plan.steps[step].work {
            Work::Hosts(_) => drop(tokio::spawn(self.feed(step))),
            Work::Manual { .. } => self.ask(step),
        }
    }

    /// Starts host runs one after the other, no more at once than can work or connect, so that a waiting host costs nothing.
    /// Those that step aside, because nothing comes from their hosts, make place for others.
    fn feed(&self, step: usize) -> impl Future<Output = ()> + Send + 'static {
        let shared = self.shared.clone();
        let work = shared.plan.steps[step].host_work().expect("only a step with hosts is fed");
        let count = work.hosts.len();
        let forks = Arc::new(Semaphore::new(work.forks.max(1)));
        let room = Arc::new(Semaphore::new(work.forks.max(1) + self.settings.connects_at_once));
        // It ends with the last of its hosts, each of which holds it.
        let span = info_span!(parent: &shared.span, "step", id = %shared.plan.steps[step].id, hosts = count);
        async move {
            for position in 0..count {
                let place = tokio::select! {
                    biased;
                    () = shared.stop.new.cancelled() => None,
                    place = room.clone().acquire_owned() => place.ok(),
                };
                let may_start = place.is_some();
                let host = HostRun {
                    shared: shared.clone(),
                    step,
                    position,
                    forks: forks.clone(),
                    place: Mutex::new(place),
                    span: span.clone(),
                };
                if may_start {
                    tokio::spawn(host.run());
                } else {
                    host.cancel();
                }
            }
        }
    }

    fn ask(&self, step: usize) {
        let shared = self.shared.clone();
        let ask = self.ask.clone();
        tokio::spawn(async move {
            let asked = Instant::now();
            let planned = &shared.plan.steps[step];
            let Work::Manual { instructions } = &planned.work else {
                return;
            };
            let question = Question::Manual {
                step: planned.id.clone(),
                name: planned.name.clone(),
                instructions: instructions.clone(),
                owner: planned.owner.clone(),
            };
            let answer = tokio::select! {
                answer = ask.ask(question) => Some(answer),
                () = shared.stop.new.cancelled() => None,
            };
            let waited: Duration = asked.elapsed();
            shared.send(Message::PersonAnswered { step, answer, waited });
        });
    }
}
