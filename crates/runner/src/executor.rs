use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use runsheet_events::{Answer, Ask, DisplaySink, MadeFile, OutputLog, Question};
use runsheet_model::{Mask, Pace, RunId};
use runsheet_plan::{Plan, PlanFile};
use runsheet_task::{Connected, FactsCell, Local, LocalError, LocalFile, Registry, Secrets};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Span, info_span};

use crate::host_locks;
use crate::host_locks::HostLocks;
use crate::host_pool::HostPool;
use crate::host_run::{HostRun, Start};
use crate::made::MadeFiles;
use crate::message::{FilesFound, Message};
use crate::renewal::Renewal;
use crate::renewals::Place;
use crate::runner::{Runner, Settings};
use crate::stop::Stop;
use crate::tee::HostOutput;

/// How long a file that a step makes may take to be read.
const HASHING: Duration = Duration::from_mins(10);

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
    pub(crate) locks: HostLocks,
    pub(crate) registry: Arc<Registry>,
    pub(crate) local: Arc<dyn Local>,
    /// What each host of the plan is, once somebody has asked.
    pub(crate) facts: Vec<FactsCell>,
    /// Whether the work is only looked at.
    pub(crate) dry_run: bool,
    pub(crate) pace: Pace,
    pub(crate) outputs: Arc<dyn OutputLog>,
    pub(crate) display: Arc<dyn DisplaySink>,
    pub(crate) secrets: Secrets,
    pub(crate) made: MadeFiles,
    pub(crate) mask: Mask,
    pub(crate) messages: mpsc::UnboundedSender<Message>,
    /// The span of the run, in which those of its steps stand.
    pub(crate) span: Span,
}

impl Shared {
    /// Reports to the dispatcher, which is gone only when the run was left on a third Ctrl-C.
    pub(crate) fn send(&self, message: Message) {
        _ = self.messages.send(message);
    }

    /// Reports a connection if it was made just now.
    pub(crate) fn tell_connected(&self, host: usize, new: Option<Connected>) {
        if let Some(new) = new {
            self.send(Message::HostConnected {
                host: self.plan.hosts[host].name.clone(),
                took: new.took,
                address: new.address,
                host_key: new.host_key,
                learned: new.learned,
            });
        }
    }
}

/// What the hosts of a step share while it runs.
pub(crate) struct StepRun {
    /// Position of the step in the plan.
    pub(crate) index: usize,
    pub(crate) forks: Semaphore,
    room: Arc<Semaphore>,
    pub(crate) stop: Stop,
    /// It ends with the last of its hosts, each of which holds it.
    pub(crate) span: Span,
    /// Hosts that are being worked on, by their positions in the step.
    working: Mutex<BTreeMap<usize, Working>>,
}

struct Working {
    started: Instant,
    output: Arc<HostOutput>,
    cancel: CancellationToken,
}

/// A host that is being worked on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Age {
    pub(crate) position: usize,
    /// For how long it has been worked on.
    pub(crate) running: Duration,
    /// For how long it has said nothing.
    pub(crate) quiet: Duration,
}

impl StepRun {
    pub(crate) fn remember(&self, position: usize, output: &Arc<HostOutput>, cancel: &CancellationToken) {
        let working = Working { started: Instant::now(), output: output.clone(), cancel: cancel.clone() };
        self.working().insert(position, working);
    }

    pub(crate) fn forget(&self, position: usize) {
        self.working().remove(&position);
    }

    /// The hosts that have been worked on for longer than this.
    pub(crate) fn older_than(&self, age: Duration) -> Vec<Age> {
        let working = self.working();
        let ages = working.iter().map(|(&position, working)| Age {
            position,
            running: working.started.elapsed(),
            quiet: working.output.quiet_for(),
        });
        ages.filter(|host| host.running > age).collect()
    }

    /// Stops what runs on a host.
    pub(crate) fn stop_host(&self, position: usize) {
        if let Some(working) = self.working().get(&position) {
            working.cancel.cancel();
        }
    }

    fn working(&self) -> std::sync::MutexGuard<'_, BTreeMap<usize, Working>> {
        self.working.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Executor {
    pub(crate) fn new(runner: Runner, messages: mpsc::UnboundedSender<Message>) -> Self {
        let Runner { plan, endpoints, identity, seams, secrets, mask, settings, foreseen: _, resumed: _ } = runner;
        let locks = HostLocks::new(&plan, &endpoints, &identity, &mask);
        let pool = HostPool::new(seams.connector, endpoints, &plan.uses(), &locks.settings(settings));
        locks.wanted().iter().for_each(|&host| pool.need(host));
        let facts = plan.hosts.iter().map(|_| FactsCell::default()).collect();
        let shared = Shared {
            run: identity.run,
            plan,
            pool,
            locks,
            registry: seams.registry,
            local: seams.local,
            facts,
            dry_run: settings.dry_run,
            pace: settings.pace,
            outputs: seams.outputs,
            display: seams.display,
            secrets,
            made: MadeFiles::default(),
            mask,
            messages,
            span: Span::current(),
        };
        Self { shared: Arc::new(shared), ask: seams.ask, settings }
    }

    /// Prepares to run hosts of a step.
    pub(crate) fn open(&self, index: usize, stop: Stop) -> Arc<StepRun> {
        let planned = &self.shared.plan.steps[index];
        let work = planned.host_work().expect("only a step with hosts is run on hosts");
        let forks = work.forks.max(1);
        Arc::new(StepRun {
            index,
            forks: Semaphore::new(forks),
            room: Arc::new(Semaphore::new(forks + self.settings.handshakes.most)),
            stop,
            span: info_span!(parent: &self.shared.span, "step", id = %planned.id, hosts = work.hosts.len()),
            working: Mutex::default(),
        })
    }

    /// Starts host runs one after the other, no more at once than can work or connect, so that a waiting host costs nothing.
    /// Those that step aside, because nothing comes from their hosts, make place for others. Each end is reported.
    ///
    /// `begun` says where those go on that do not begin at the beginning.
    pub(crate) fn start(&self, step: &Arc<StepRun>, positions: Vec<usize>, mut begun: BTreeMap<usize, Start>) {
        let shared = self.shared.clone();
        let step = step.clone();
        tokio::spawn(async move {
            for position in positions {
                let place = tokio::select! {
                    biased;
                    () = step.stop.new.cancelled() => None,
                    place = step.room.clone().acquire_owned() => place.ok(),
                };
                let may_start = place.is_some();
                let start = begun.remove(&position).unwrap_or_else(|| Start { position, ..Start::default() });
                let host = HostRun {
                    shared: shared.clone(),
                    cancel: step.stop.running.child_token(),
                    step: step.clone(),
                    start,
                    place: Mutex::new(place),
                };
                if may_start {
                    tokio::spawn(host.run());
                } else {
                    host.cancel();
                }
            }
        });
    }

    /// Has the connection made that a host of a step will need first, ahead of time. It comes after those that are needed now, and a host
    /// that cannot be reached is told of when its turn comes.
    pub(crate) fn connect_ahead(&self, index: usize, position: usize, stop: &Stop) {
        let work = self.shared.plan.steps[index].host_work().expect("only a step with hosts has some that are next");
        let host = work.first_host(position);
        if self.shared.locks.may_use(host).is_err() {
            return;
        }
        let (shared, stop) = (self.shared.clone(), stop.new.clone());
        tokio::spawn(async move {
            tokio::select! {
                connected = shared.pool.connect_ahead(host) => shared.tell_connected(host, connected),
                () = stop.cancelled() => {}
            }
        });
    }

    /// Takes note that these hosts of a step will not be worked on.
    pub(crate) fn pass_over(&self, index: usize, positions: &[usize]) {
        let work = self.shared.plan.steps[index].host_work().expect("only a step with hosts passes some over");
        for &position in positions {
            self.shared.pool.release(work.hosts[position]);
            for delegate in work.delegates(position) {
                self.shared.pool.release(delegate);
            }
        }
    }

    /// Takes note that a host of a step will be worked on once more.
    pub(crate) fn need(&self, index: usize, position: usize) {
        let work = self.shared.plan.steps[index].host_work().expect("only a step with hosts works on one again");
        self.shared.pool.need(work.hosts[position]);
        work.delegates(position).into_iter().for_each(|delegate| self.shared.pool.need(delegate));
    }

    /// Takes in a file that a step has made and whose hash is recorded.
    pub(crate) fn learn(&self, file: MadeFile) {
        self.shared.made.learn(file);
    }

    /// Hashes the files that a step makes, and reports what they are.
    pub(crate) fn look_at_files(&self, index: usize, stop: &Stop) {
        let (shared, stopped) = (self.shared.clone(), stop.running.clone());
        tokio::spawn(async move {
            let files = tokio::select! {
                files = hashed(&*shared.local, &shared.plan.steps[index].makes) => files,
                () = stopped.cancelled() => {
                    let first = shared.plan.steps[index].makes.first().map(|file| file.name.clone());
                    Err((first.unwrap_or_default(), "it was stopped before it was read to its end".to_owned()))
                }
            };
            shared.send(Message::FilesLookedAt { step: index, files });
        });
    }

    /// Has a link's work done once more, beside everything else, so that what it opened does not end by itself.
    pub(crate) fn renew(&self, place: Place, number: u32, stop: &Stop) {
        let (shared, cancel) = (self.shared.clone(), stop.running.child_token());
        tokio::spawn(async move { Renewal { place, number, cancel }.run(&shared).await });
    }

    /// Takes the locks on the hosts, all or none, and keeps them. How that went is reported.
    pub(crate) fn lock_hosts(&self, stop: &Stop) {
        let (shared, stop, wait) = (self.shared.clone(), stop.clone(), self.settings.lock_wait);
        tokio::spawn(async move {
            let kept = host_locks::take_all(&shared, &stop, wait).await;
            let keep = kept.is_empty();
            shared.send(Message::HostsLocked { kept });
            if keep {
                host_locks::keep_all(&shared, &stop).await;
            }
        });
    }

    /// Ends the locks on the hosts, within this time, and tells what went wrong with that.
    pub(crate) async fn unlock_hosts(&self, limit: Duration) -> Vec<String> {
        host_locks::end_all(&self.shared, limit).await
    }

    /// Asks a person. The answer is reported, or that the question was withdrawn because the run is being stopped.
    pub(crate) fn ask(&self, index: usize, question: Question, stop: &Stop) {
        let (shared, ask, withdrawn) = (self.shared.clone(), self.ask.clone(), stop.new.clone());
        tokio::spawn(async move {
            let asked = Instant::now();
            let answer: Option<Answer> = tokio::select! {
                answer = ask.ask(question) => Some(answer),
                () = withdrawn.cancelled() => None,
            };
            shared.send(Message::PersonAnswered { step: index, answer, waited: asked.elapsed() });
        });
    }
}

async fn hashed(local: &dyn Local, files: &[PlanFile]) -> FilesFound {
    let mut found = Vec::with_capacity(files.len());
    for PlanFile { name, path } in files {
        match local.hash_file(path, HASHING).await {
            Ok(LocalFile { sha256, bytes, executable, .. }) => {
                found.push(MadeFile { path: name.clone(), sha256, bytes, executable });
            }
            Err(LocalError::File { reason, .. }) => return Err((name.clone(), reason)),
            Err(error) => return Err((name.clone(), error.to_string())),
        }
    }
    Ok(found)
}
