//! Hosts, a journal and people that are played, on paused time.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use runsheet_events::{
    Answer, Ask, Choice, DisplayLine, DisplaySink, Durability, EventKind, Ledger, LedgerError, ObserveError, Observer,
    OutputFile, OutputKey, OutputLog, Prior, Question, RunEvent, RunStats,
};
use runsheet_model::{
    Endpoint, Hop, HostKeyMode, HostKeys, HostLocks, HostName, LostReason, Mask, Outcome, Phase, RunId, Secret,
    SecretName, StepId, Stream, TaskName, Unreachable,
};
use runsheet_plan::{HostWork, PerHost, Plan, PlanHost, PlanLink, PlanPolicy, PlanRollout, PlanStep, Work};
use runsheet_runner::{Foreseen, Identity, LostAnswers, Resumption, Runner, Seams, Settings, Signal, Undecided};
use runsheet_task::{
    Args, Config, Connected, Connector, Download, ExecEnd, ExecRequest, Exit, Host, HttpAnswer, HttpRequest, Limits,
    Local, LocalError, LocalFile, Mail, Output, Registry, Remote, RemoteError, Secrets, ShellSettings, Task, TaskError,
    TaskSpec, Transfer, Upload,
};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

use crate::played_lock::PlayedLock;

/// What a host does.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    Ok,
    Exit(u32),
    Takes(Duration),
    Tells(String),
    Panic,
    NeverConnects,
    TurnsAway {
        times: usize,
    },
    DeniesLogin,
    RefusesCommands,
    LosesConnection,
    TaskNeverEnds,
    CommandNeverEnds,
    /// `first` opens something that ends by itself after `lasts`, and takes `renewal` whenever it does so again; `second` takes `work`;
    /// `cleanup` closes it.
    OpensFor {
        lasts: Duration,
        work: Duration,
        renewal: Duration,
        fails: bool,
    },
    /// A task fails so often, and does well after that.
    FailsIn {
        task: &'static str,
        times: usize,
    },
}

/// A run to be played.
pub(crate) struct Stage {
    hosts: Vec<Behaviour>,
    steps: usize,
    forks: usize,
    timeout: Duration,
    settings: Settings,
    foreseen: Foreseen,
    signals: Vec<(Duration, Signal)>,
    sync_takes: Duration,
    connect_takes: Duration,
    journal_fails_after: Option<u64>,
    secret: Option<String>,
    manual: Option<bool>,
    answers: Vec<Choice>,
    change: fn(&mut Plan),
    /// What earlier epochs recorded, and what is said about what nobody knows.
    earlier: Option<(Vec<Arc<RunEvent>>, LostAnswers)>,
    locks: Option<Vec<PlayedLock>>,
}

/// A runner among all that is played.
pub(crate) struct Set {
    pub(crate) runner: Runner,
    world: Arc<World>,
    pub(crate) journal: Arc<PlayedJournal>,
    outputs: Arc<PlayedOutputs>,
}

/// What was seen.
pub(crate) struct Report {
    pub(crate) stats: RunStats,
    pub(crate) unrecorded: Vec<Arc<RunEvent>>,
    pub(crate) connects: Vec<usize>,
    pub(crate) closed: usize,
    /// Host and step of each command, and what was durable when it was started.
    pub(crate) effects: Vec<(String, String, u64)>,
    /// Each event that an observer saw, and what was durable then.
    pub(crate) shown: Vec<(u64, u64)>,
    pub(crate) most_at_once: usize,
    /// The most connections that were open at once.
    pub(crate) most_open: usize,
    pub(crate) took: Duration,
    pub(crate) events: Vec<Arc<RunEvent>>,
    outputs: BTreeMap<String, Vec<u8>>,
    /// The locks on the hosts, as they are in the end.
    pub(crate) locks: Vec<PlayedLock>,
}

impl Report {
    pub(crate) fn kinds<T>(&self, pick: impl Fn(&EventKind) -> Option<T>) -> Vec<T> {
        self.events.iter().filter_map(|event| pick(&event.kind)).collect()
    }

    pub(crate) fn seq_of_intent(&self, host: &str, step: &str) -> Option<u64> {
        self.events.iter().find_map(|event| match &event.kind {
            EventKind::AttemptStarted(key) if key.host.as_str() == host && key.step.as_str() == step => Some(event.seq),
            _ => None,
        })
    }

    pub(crate) fn output_of(&self, host: &str) -> String {
        String::from_utf8_lossy(&self.outputs[host]).into_owned()
    }
}

impl Stage {
    pub(crate) fn new(hosts: usize, steps: usize) -> Self {
        Self {
            hosts: vec![Behaviour::Ok; hosts],
            steps,
            forks: 64,
            timeout: Duration::from_hours(2),
            settings: Settings::default(),
            foreseen: Foreseen::default(),
            signals: Vec::new(),
            sync_takes: Duration::from_millis(1),
            connect_takes: Duration::ZERO,
            journal_fails_after: None,
            secret: None,
            manual: None,
            answers: Vec::new(),
            change: |_| {},
            earlier: None,
            locks: None,
        }
    }

    /// Goes on with a run of which this is on record.
    pub(crate) fn goes_on(mut self, events: &[Arc<RunEvent>], answers: LostAnswers) -> Self {
        self.earlier = Some((events.to_vec(), answers));
        self
    }

    /// How the run goes on.
    pub(crate) fn resumption(&self) -> Option<Result<Resumption, Vec<Undecided>>> {
        let (events, answers) = self.earlier.as_ref()?;
        let mut prior = Prior::default();
        for event in events {
            prior.apply(event);
        }
        Some(Resumption::new(&self.plan(), prior, answers))
    }

    /// Changes the plan before it runs.
    pub(crate) fn change(mut self, change: fn(&mut Plan)) -> Self {
        self.change = change;
        self
    }

    /// Wants locks on the hosts, which are these at first.
    pub(crate) fn locks(mut self, locks: Vec<PlayedLock>) -> Self {
        self.locks = Some(locks);
        self
    }

    /// What a person answers, one question after the other; then always to go on.
    pub(crate) fn answers(mut self, answers: &[Choice]) -> Self {
        self.answers = answers.to_vec();
        self
    }

    pub(crate) fn behaviour(mut self, host: usize, behaviour: Behaviour) -> Self {
        self.hosts[host] = behaviour;
        self
    }

    pub(crate) fn everywhere(mut self, behaviour: Behaviour) -> Self {
        self.hosts.fill(behaviour);
        self
    }

    pub(crate) fn forks(mut self, forks: usize) -> Self {
        self.forks = forks;
        self
    }

    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    pub(crate) fn foreseen(mut self, foreseen: Foreseen) -> Self {
        self.foreseen = foreseen;
        self
    }

    pub(crate) fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    pub(crate) fn signal(mut self, after: Duration, signal: Signal) -> Self {
        self.signals.push((after, signal));
        self
    }

    pub(crate) fn sync_takes(mut self, time: Duration) -> Self {
        self.sync_takes = time;
        self
    }

    pub(crate) fn connect_takes(mut self, time: Duration) -> Self {
        self.connect_takes = time;
        self
    }

    pub(crate) fn journal_fails_after(mut self, seq: u64) -> Self {
        self.journal_fails_after = Some(seq);
        self
    }

    pub(crate) fn secret(mut self, value: &str) -> Self {
        self.secret = Some(value.to_owned());
        self
    }

    pub(crate) fn manual_first(mut self, proceed: bool) -> Self {
        self.manual = Some(proceed);
        self
    }

    pub(crate) async fn run(self) -> Report {
        let Set { runner, world, journal, outputs } = self.set(self.plan());
        let (sender, signals) = mpsc::unbounded_channel();
        for (after, signal) in self.signals.clone() {
            let sender = sender.clone();
            tokio::spawn(async move {
                sleep(after).await;
                _ = sender.send(signal);
            });
        }
        let shown = Arc::new(Mutex::new(Vec::new()));
        let observer = PlayedObserver { shown: shown.clone(), durable: journal.durable.subscribe() };
        let started = Instant::now();
        let report = runner.execute(vec![Box::new(observer)], signals).await;
        let took = started.elapsed();
        // Connections are closed in the background.
        sleep(Duration::from_millis(1)).await;
        let effects = world.effects.lock().expect("no panic").clone();
        let shown = shown.lock().expect("no panic").clone();
        let events = journal.events.lock().expect("no panic").clone();
        let outputs = outputs.0.lock().expect("no panic").clone();
        let locks = world.locks.lock().expect("no panic").clone();
        Report {
            stats: report.stats,
            unrecorded: report.unrecorded,
            connects: world.connects.iter().map(|count| count.load(Ordering::SeqCst)).collect(),
            closed: world.closed.load(Ordering::SeqCst),
            effects,
            shown,
            most_at_once: world.most.load(Ordering::SeqCst),
            most_open: world.most_open.load(Ordering::SeqCst),
            took,
            events,
            outputs,
            locks,
        }
    }

    /// Sets everything up that a run of this plan needs.
    pub(crate) fn set(&self, plan: Plan) -> Set {
        let plan = Arc::new(plan);
        let resumed = self.resumption().map(|resumption| resumption.expect("everything is decided"));
        let run = self.earlier.iter().flat_map(|(events, _)| events).find_map(|event| match &event.kind {
            EventKind::RunStarted(header) => Some(header.run),
            _ => None,
        });
        let durable = resumed.as_ref().map_or(0, Resumption::seq);
        let journal = Arc::new(PlayedJournal::new(self.sync_takes, self.journal_fails_after, durable));
        let world = Arc::new(World {
            behaviours: self.hosts.clone(),
            connects: self.hosts.iter().map(|_| AtomicUsize::new(0)).collect(),
            failed: self.hosts.iter().map(|_| AtomicUsize::new(0)).collect(),
            closed: AtomicUsize::new(0),
            running: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
            effects: Mutex::default(),
            durable: journal.durable.subscribe(),
            locks: Mutex::new(self.locks.clone().unwrap_or_default()),
            started: Instant::now(),
            connect_takes: self.connect_takes,
        });
        let mut registry = Registry::default();
        for name in ["played", "first", "second", "cleanup", "undo"] {
            registry.add(Arc::new(PlayedTask { spec: TaskSpec::new(name, "A task."), world: world.clone() }));
        }
        let secrets: BTreeMap<SecretName, Secret<String>> = self
            .secret
            .iter()
            .map(|value| (SecretName::new("s").expect("a name"), Secret::new(value.clone())))
            .collect();
        let mask = Mask::new(&secrets).expect("a mask");
        let outputs = Arc::new(PlayedOutputs::default());
        let runner = Runner {
            endpoints: plan.hosts.iter().map(|host| endpoint(host.name.clone())).collect(),
            plan,
            identity: Identity {
                run: run.unwrap_or_else(RunId::fresh),
                command: "run".to_owned(),
                version: "0".to_owned(),
                user: "me".to_owned(),
                machine: "here".to_owned(),
                request: None,
            },
            seams: Seams {
                connector: Arc::new(PlayedConnector { world: world.clone() }),
                local: Arc::new(NoLocal),
                registry: Arc::new(registry),
                ledger: journal.clone(),
                outputs: outputs.clone(),
                display: Arc::new(NoDisplay),
                ask: Arc::new(PlayedPerson::new(self.manual, &self.answers)),
            },
            secrets: Secrets::new(secrets),
            mask,
            settings: self.settings,
            foreseen: self.foreseen.clone(),
            resumed,
        };
        Set { runner, world, journal, outputs }
    }

    pub(crate) fn plan(&self) -> Plan {
        let hosts: Vec<_> = (0..self.hosts.len())
            .map(|number| PlanHost {
                local: false,
                name: HostName::new(format!("h{number:02}")).expect("a name"),
                address: "127.0.0.1".to_owned(),
                vars: Arc::default(),
            })
            .collect();
        let step = |id: String, after, work| PlanStep {
            id: StepId::new(id.clone()).expect("an id"),
            name: id,
            owner: None,
            expect_ms: None,
            notes: None,
            left_out: None,
            after,
            undoes: None,
            makes: vec![],
            work,
        };
        let mut steps = Vec::new();
        if self.manual.is_some() {
            steps.push(step("manual".to_owned(), vec![], Work::Manual { instructions: "do it".to_owned() }));
        }
        for number in 0..self.steps {
            let work = HostWork {
                hosts: (0..hosts.len()).collect(),
                skipped: vec![],
                forks: self.forks,
                links: vec![PlanLink {
                    task: TaskName::new("played").expect("a name"),
                    idempotent: false,
                    timeout: self.timeout,
                    shell: PerHost::Same(Arc::new(ShellSettings::default())),
                    args: PerHost::Same(Arc::new(Args::default())),
                    retries: 0,
                    receipt: false,
                    delegate: None,
                    reboots: false,
                    code: None,
                    sudo: false,
                    even_if_lost: false,
                }],
                always: vec![],
                rollout: PlanRollout::whole(hosts.len()),
                policy: PlanPolicy::default(),
            };
            let after = steps.len().checked_sub(1).into_iter().collect();
            steps.push(step(format!("s{number}"), after, Work::Hosts(work)));
        }
        let locks = self.locks.is_some().then(HostLocks::default);
        let mut plan = Plan::new("played".to_owned(), Arc::default(), hosts, steps, locks);
        (self.change)(&mut plan);
        plan
    }
}

fn endpoint(host: HostName) -> Endpoint {
    Endpoint {
        target: Hop {
            address: host.to_string(),
            port: 22,
            user: "me".to_owned(),
            identities: Arc::new([]),
            identities_only: false,
            agent: None,
            host_keys: Arc::new(HostKeys { mode: HostKeyMode::Strict, user_files: vec![], global_files: vec![] }),
            host_key_alias: None,
            certificates: Arc::default(),
            proxy_command: None,
            options: Arc::default(),
        },
        host,
        jumps: vec![],
        connect_timeout: Duration::from_secs(30),
    }
}

struct World {
    behaviours: Vec<Behaviour>,
    connects: Vec<AtomicUsize>,
    /// How often a task failed on each host.
    failed: Vec<AtomicUsize>,
    closed: AtomicUsize,
    running: AtomicUsize,
    most: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
    effects: Mutex<Vec<(String, String, u64)>>,
    durable: watch::Receiver<Durability>,
    locks: Mutex<Vec<PlayedLock>>,
    started: Instant,
    connect_takes: Duration,
}

impl World {
    fn behaviour(&self, host: &HostName) -> &Behaviour {
        &self.behaviours[number(host)]
    }
}

fn number(host: &HostName) -> usize {
    host.as_str()[1..].parse().expect("a number")
}

fn up_to(durability: &Durability) -> u64 {
    match durability {
        Durability::UpTo(seq) | Durability::Failed { durable: seq, .. } => *seq,
    }
}

/// What a task runs: the step, and its own name where a chain has several.
fn command(config: &Config) -> String {
    match config.task.as_str() {
        "played" => config.step.to_string(),
        task => format!("{} {task}", config.step),
    }
}

struct PlayedTask {
    spec: TaskSpec,
    world: Arc<World>,
}

#[async_trait]
impl Task for PlayedTask {
    fn spec(&self) -> &TaskSpec {
        &self.spec
    }

    async fn do_work(&self, config: &Config, host: &Host) -> Result<Outcome, TaskError> {
        let running = self.world.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.world.most.fetch_max(running, Ordering::SeqCst);
        let outcome = match self.world.behaviour(host.name()) {
            Behaviour::Panic => panic!("it broke"),
            Behaviour::TaskNeverEnds => std::future::pending().await,
            Behaviour::LosesConnection => {
                assert!(host.run(config.step.as_str()).await.is_err());
                Ok(Outcome::changed("all is well, says the task"))
            }
            Behaviour::Tells(text) => {
                host.note(text.clone());
                host.log_run(format!("echo {text}")).await
            }
            Behaviour::FailsIn { task, times } if *task == config.task.as_str() => {
                let failed = self.world.failed[number(host.name())].fetch_add(1, Ordering::SeqCst);
                let outcome = host.log_run(command(config)).await?;
                Ok(if failed < *times { Outcome::failed("not yet", 1) } else { outcome })
            }
            Behaviour::OpensFor { lasts, fails, .. } => {
                let outcome = host.log_run(command(config)).await?;
                let again = config.task.as_str() == "first"
                    && self.world.failed[number(host.name())].fetch_add(1, Ordering::SeqCst) > 0;
                Ok(match config.task.as_str() {
                    "first" if again && *fails => Outcome::failed("it is not heard", 1),
                    "first" => outcome.opens("downtime").lasts(*lasts),
                    "cleanup" => outcome.closes("downtime"),
                    _ => outcome,
                })
            }
            _ => host.log_run(command(config)).await,
        };
        self.world.running.fetch_sub(1, Ordering::SeqCst);
        outcome
    }
}

struct PlayedConnector {
    world: Arc<World>,
}

#[async_trait]
impl Connector for PlayedConnector {
    async fn connect(&self, endpoint: &Endpoint) -> Result<Connected, Unreachable> {
        let tries = self.world.connects[number(&endpoint.host)].fetch_add(1, Ordering::SeqCst);
        sleep(self.world.connect_takes).await;
        let refused = |phase, transient| Unreachable { phase, reason: "no".to_owned(), hint: None, transient };
        match self.world.behaviour(&endpoint.host) {
            Behaviour::NeverConnects => {
                sleep(endpoint.connect_timeout).await;
                Err(refused(Phase::Tcp, false))
            }
            Behaviour::TurnsAway { times } if tries < *times => Err(refused(Phase::Handshake, true)),
            Behaviour::DeniesLogin => Err(refused(Phase::Login, false)),
            _ => Ok(Connected {
                took: {
                    let open = self.world.open.fetch_add(1, Ordering::SeqCst) + 1;
                    self.world.most_open.fetch_max(open, Ordering::SeqCst);
                    Duration::from_millis(1)
                },
                remote: Arc::new(PlayedRemote { host: endpoint.host.clone(), world: self.world.clone() }),
                address: "127.0.0.1:22".to_owned(),
                host_key: "SHA256:x".to_owned(),
                learned: false,
            }),
        }
    }
}

struct PlayedRemote {
    host: HostName,
    world: Arc<World>,
}

#[async_trait]
impl Remote for PlayedRemote {
    async fn exec(&self, request: &ExecRequest, output: &mut dyn Output) -> Result<ExecEnd, RemoteError> {
        if request.command.starts_with("sh -s -- ") {
            let lock = &mut self.world.locks.lock().expect("no panic")[number(&self.host)];
            let answer = lock.answer(&request.command, self.world.started.elapsed())?;
            output.chunk(Stream::Out, answer.as_bytes());
            return Ok(ExecEnd { exit: Exit::Status(0), leaked: false });
        }
        let durable = up_to(&self.world.durable.borrow());
        let effect = (self.host.to_string(), request.command.clone(), durable);
        self.world.effects.lock().expect("no panic").push(effect);
        let exit = match self.world.behaviour(&self.host) {
            Behaviour::Exit(code) => *code,
            Behaviour::RefusesCommands => {
                let (phase, reason) = (Phase::Channel, "no".to_owned());
                return Err(RemoteError::NotStarted(Unreachable { phase, reason, hint: None, transient: false }));
            }
            Behaviour::LosesConnection => {
                return Err(RemoteError::Lost { reason: LostReason::ConnectionClosed });
            }
            Behaviour::CommandNeverEnds => std::future::pending().await,
            Behaviour::OpensFor { work, renewal, .. } => {
                let times =
                    |effects: &[(String, String, u64)]| effects.iter().filter(|e| e.1 == request.command).count();
                let again = times(&self.world.effects.lock().expect("no panic")) > 1;
                let takes = match request.command.rsplit(' ').next() {
                    Some("second") => *work,
                    Some("first") if again => *renewal,
                    _ => Duration::ZERO,
                };
                tokio::select! {
                    () = sleep(takes) => 0,
                    () = request.limits.cancel.cancelled() => return Err(RemoteError::Stopped),
                }
            }
            Behaviour::Takes(time) => {
                tokio::select! {
                    () = sleep(*time) => 0,
                    () = request.limits.cancel.cancelled() => return Err(RemoteError::Stopped),
                }
            }
            Behaviour::Tells(text) => {
                // Cut in two, as the network may cut it anywhere.
                let (head, tail) = text.split_at(7);
                output.chunk(Stream::Out, head.as_bytes());
                output.chunk(Stream::Out, tail.as_bytes());
                output.chunk(Stream::Out, b"\n");
                0
            }
            _ => 0,
        };
        Ok(ExecEnd { exit: Exit::Status(exit), leaked: false })
    }

    async fn put(&self, _: &Upload, _: &Limits) -> Result<Transfer, RemoteError> {
        Err(RemoteError::Disconnected)
    }

    async fn get(&self, _: &Download, _: &Limits) -> Result<Transfer, RemoteError> {
        Err(RemoteError::Disconnected)
    }

    fn is_alive(&self) -> bool {
        true
    }

    async fn close(&self) {
        self.world.open.fetch_sub(1, Ordering::SeqCst);
        self.world.closed.fetch_add(1, Ordering::SeqCst);
    }
}

/// A journal whose sync takes its time, and which may fail.
pub(crate) struct PlayedJournal {
    pub(crate) events: Mutex<Vec<Arc<RunEvent>>>,
    queue: mpsc::UnboundedSender<u64>,
    durable: watch::Sender<Durability>,
}

impl PlayedJournal {
    fn new(sync_takes: Duration, fails_after: Option<u64>, durable: u64) -> Self {
        let (queue, mut waiting) = mpsc::unbounded_channel();
        let durable = watch::Sender::new(Durability::UpTo(durable));
        let sender = durable.clone();
        tokio::spawn(async move {
            while let Some(mut seq) = waiting.recv().await {
                while let Ok(more) = waiting.try_recv() {
                    seq = more;
                }
                sleep(sync_takes).await;
                if let Some(last) = fails_after.filter(|last| seq > *last) {
                    sender.send_replace(Durability::Failed { durable: last, reason: "disk full".to_owned() });
                    return;
                }
                sender.send_replace(Durability::UpTo(seq));
            }
        });
        Self { events: Mutex::default(), queue, durable }
    }
}

impl Ledger for PlayedJournal {
    fn append(&self, event: Arc<RunEvent>) -> Result<(), LedgerError> {
        let seq = event.seq;
        self.queue.send(seq).map_err(|_| LedgerError::Stopped)?;
        self.events.lock().expect("no panic").push(event);
        Ok(())
    }

    fn durability(&self) -> watch::Receiver<Durability> {
        self.durable.subscribe()
    }
}

struct PlayedObserver {
    shown: Arc<Mutex<Vec<(u64, u64)>>>,
    durable: watch::Receiver<Durability>,
}

impl Observer for PlayedObserver {
    fn observe(&mut self, event: &Arc<RunEvent>) -> Result<(), ObserveError> {
        let durable = up_to(&self.durable.borrow());
        self.shown.lock().expect("no panic").push((event.seq, durable));
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), ObserveError> {
        Ok(())
    }
}

#[derive(Default)]
struct PlayedOutputs(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

struct PlayedFile {
    host: String,
    outputs: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl OutputLog for PlayedOutputs {
    fn open(&self, key: &OutputKey) -> Box<dyn OutputFile> {
        Box::new(PlayedFile { host: key.host.to_string(), outputs: self.0.clone() })
    }
}

impl OutputFile for PlayedFile {
    fn frame(&mut self, _: Duration, _: Stream, _: bool, bytes: &[u8]) {
        self.outputs.lock().expect("no panic").entry(self.host.clone()).or_default().extend_from_slice(bytes);
    }

    fn close(self: Box<Self>) -> std::io::Result<()> {
        Ok(())
    }
}

struct NoDisplay;

impl DisplaySink for NoDisplay {
    fn line(&self, _: DisplayLine) {}
}

struct PlayedPerson(Mutex<VecDeque<Choice>>);

impl PlayedPerson {
    fn new(manual: Option<bool>, answers: &[Choice]) -> Self {
        let first = manual.map(|proceed| if proceed { Choice::Proceed } else { Choice::Abort });
        Self(Mutex::new(first.into_iter().chain(answers.iter().copied()).collect()))
    }
}

#[async_trait]
impl Ask for PlayedPerson {
    async fn ask(&self, _: Question) -> Answer {
        sleep(Duration::from_mins(10)).await;
        let choice = self.0.lock().expect("no panic").pop_front().unwrap_or(Choice::Proceed);
        Answer { choice, note: "done".to_owned(), who: "dana".to_owned() }
    }
}

struct NoLocal;

#[async_trait]
impl Local for NoLocal {
    async fn http(&self, request: &HttpRequest, limit: Duration) -> Result<HttpAnswer, LocalError> {
        Err(LocalError::TimedOut { what: request.called.clone(), limit })
    }

    async fn mail(&self, mail: &Mail, limit: Duration) -> Result<(), LocalError> {
        Err(LocalError::TimedOut { what: mail.server.clone(), limit })
    }

    async fn connect(&self, address: &str, _: u16, limit: Duration) -> Result<(), LocalError> {
        Err(LocalError::TimedOut { what: address.to_owned(), limit })
    }

    async fn hash_file(&self, path: &Path, _: Duration) -> Result<LocalFile, LocalError> {
        match path.to_str() {
            Some("there") => {
                let sha256 = "5ca1ab1e".repeat(8);
                Ok(LocalFile { path: path.to_owned(), sha256, bytes: 3, executable: false })
            }
            Some("slow") => std::future::pending().await,
            _ => Err(LocalError::File { path: path.display().to_string(), reason: "it is not there".to_owned() }),
        }
    }
}
