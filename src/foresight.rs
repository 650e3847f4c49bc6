use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use runsheet_events::RunForecast;
use runsheet_forecast::{
    Ahead, Basis, Finish, Forecast, HostPast, Limit, Past, Sample, Shape, TaskPast, Usual, Watch, finish, forecast,
};
use runsheet_journal::{HistoryLook, JournalError, PastStep, PastTimes};
use runsheet_model::{HostName, TaskName};
use runsheet_plan::{HostWork, Pause, Plan, PlanStep};
use runsheet_reporters::{Expected, Outlook};
use runsheet_runner::Foreseen;

use crate::session::Session;
use crate::when;

/// How many past runs of each step are looked at.
const STEP_RUNS: usize = 50;
/// How many past runs of the sheet are looked at for the times of its hosts.
const HOST_RUNS: usize = 20;
/// How many past times of a task are looked at, for steps without a past of their own.
const TASK_TIMES: usize = 20;
/// These do whatever their arguments say: how long they took elsewhere says nothing.
const ANYTHING: [&str; 2] = ["command", "script"];
/// A plan of more steps times hosts is not judged host by host: reading the past of each would delay the run.
const PAIRS: usize = 20_000;

/// What past runs say about a plan. Steps are named by their positions in it.
#[derive(Debug, Default)]
pub(crate) struct Foresight {
    forecasts: BTreeMap<usize, Forecast>,
    waiting: BTreeMap<usize, Duration>,
    steps: BTreeMap<usize, Limit>,
    hosts: BTreeMap<usize, HashMap<HostName, Limit>>,
}

impl Foresight {
    /// Asks the history as it lies there. One that is missing says nothing, one that cannot be read is told and says nothing: nobody's
    /// run fails for it.
    pub(crate) fn of(session: &Session, plan: &Plan) -> Self {
        match read(session, plan) {
            Ok(past) => Self::from(plan, past),
            Err(error) => {
                session.printer.alarm(&format!("warning: nothing is forecast: {error}\n"));
                Self::from(plan, Known::default())
            }
        }
    }

    fn from(plan: &Plan, known: Known) -> Self {
        let Known { steps, times, tasks } = known;
        let past: HashMap<&str, &PastStep> = steps.iter().map(|step| (step.step.as_str(), step)).collect();
        let mut by_step: HashMap<String, HashMap<String, Vec<Duration>>> = HashMap::new();
        for PastTimes { step, host, took } in times {
            by_step.entry(step).or_default().insert(host, took);
        }
        let step_watch = Watch::over(past.len());
        let host_watch = Watch::over(pairs(plan));
        let mut foresight = Self::default();
        for (index, step) in plan.steps.iter().enumerate().filter(|(_, step)| runs(step)) {
            let own = past.get(step.id.as_str());
            let on_hosts = by_step.remove(step.id.as_str()).unwrap_or_default();
            let shape = step.host_work().map(shape).unwrap_or_default();
            let samples = own.map(|own| samples(own)).unwrap_or_default();
            // What took how long on another number of hosts can be scaled for a forecast; an alarm needs the same.
            let alike: Vec<_> =
                samples.iter().filter(|sample| sample.hosts == shape.hosts()).map(|sample| sample.took).collect();
            foresight.steps.extend(step_watch.limit(&alike).map(|limit| (index, limit)));
            let names = step.host_work().map(|work| work.hosts.as_slice()).unwrap_or_default();
            let names = || names.iter().map(|&host| &plan.hosts[host].name);
            let limits: HashMap<_, _> = names()
                .filter_map(|name| Some((name.clone(), host_watch.limit(on_hosts.get(name.as_str())?)?)))
                .collect();
            if !limits.is_empty() {
                foresight.hosts.insert(index, limits);
            }
            let others: Vec<Duration> = on_hosts.values().filter_map(|times| times.first().copied()).collect();
            let hosts = names()
                .map(|name| HostPast { times: on_hosts.get(name.as_str()).unwrap_or(&others).clone() })
                .filter(|_| samples.is_empty())
                .collect();
            let expected = step.expect_ms.map(Duration::from_millis);
            let tasks = elsewhere(step, &tasks);
            let known = Past { own: samples, hosts, tasks, expected, shape };
            foresight.forecasts.extend(forecast(&known).map(|forecast| (index, forecast)));
            let waited = own.and_then(|own| Usual::of(&own.waited));
            foresight.waiting.extend(waited.map(|usual| (index, usual.median)));
        }
        foresight
    }

    /// What the runner is told. What the sheet expects is no forecast: it stands in the record anyway.
    pub(crate) fn foreseen(self, plan: &Plan) -> Foreseen {
        let finish = self.finish(plan).map(|Finish { left, waiting, unknown, .. }| RunForecast {
            took: left,
            waited: waiting,
            unknown,
        });
        let learned = self.forecasts.iter().filter(|(_, forecast)| forecast.basis != Basis::Sheet);
        Foreseen {
            finish,
            forecasts: learned.map(|(index, forecast)| (*index, forecast.time)).collect(),
            steps: self.steps,
            hosts: self.hosts,
        }
    }

    /// How long a step will take, by its history.
    pub(crate) fn learned(&self, index: usize) -> Option<&Forecast> {
        self.forecasts.get(&index).filter(|forecast| forecast.basis != Basis::Sheet)
    }

    /// How long a step will take, by its history or by the sheet.
    pub(crate) fn of_step(&self, index: usize) -> Option<&Forecast> {
        self.forecasts.get(&index)
    }

    /// Whether past runs say anything about the plan.
    pub(crate) fn has_history(&self) -> bool {
        self.forecasts.values().any(|forecast| forecast.basis != Basis::Sheet)
    }

    /// When the plan would be over if it began now; nothing if nobody knows of any step how long it takes.
    pub(crate) fn finish(&self, plan: &Plan) -> Option<Finish> {
        if self.forecasts.is_empty() {
            return None;
        }
        Some(finish(&self.ahead(plan).collect::<Vec<_>>()))
    }

    /// What the display is told, so that it says while the plan runs when it will be over.
    pub(crate) fn outlook(&self, plan: &Plan) -> Outlook {
        let shape = |step: &PlanStep| step.host_work().map(shape).unwrap_or_default();
        let expected =
            |(step, ahead): (&PlanStep, Ahead)| Expected { step: step.id.clone(), ahead, shape: shape(step) };
        Outlook { steps: plan.steps.iter().zip(self.ahead(plan)).map(expected).collect(), clock: when::clock }
    }

    /// The steps of a plan of which nothing has begun.
    fn ahead<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = Ahead> + 'a {
        plan.steps.iter().enumerate().map(|(index, step)| {
            let after = step.after.clone();
            if !runs(step) {
                return Ahead { after, left: Some(Duration::ZERO), waiting: Duration::ZERO };
            }
            let left = self.forecasts.get(&index).map(|forecast| forecast.time);
            match (self.waiting.get(&index), step.host_work()) {
                // What the sheet expects of a person is waiting, as what was measured is.
                (None, None) => Ahead { after, left: left.map(|_| Duration::ZERO), waiting: left.unwrap_or_default() },
                (waiting, _) => Ahead { after, left, waiting: waiting.copied().unwrap_or_default() },
            }
        })
    }
}

/// What the history knows of a plan.
#[derive(Default)]
struct Known {
    steps: Vec<PastStep>,
    times: Vec<PastTimes>,
    /// Of the tasks of the steps that have no past of their own.
    tasks: HashMap<TaskName, TaskPast>,
}

fn read(session: &Session, plan: &Plan) -> Result<Known, JournalError> {
    let Some(history) = HistoryLook::at(&session.environment.state)? else { return Ok(Known::default()) };
    let times = if pairs(plan) > PAIRS { Vec::new() } else { history.times(&plan.sheet, HOST_RUNS)? };
    let steps = history.steps(&plan.sheet, STEP_RUNS)?;
    let with_past: HashSet<&str> = steps.iter().map(|step| step.step.as_str()).collect();
    let mut tasks = HashMap::new();
    for task in plan.steps.iter().filter(|step| runs(step) && !with_past.contains(step.id.as_str())).flat_map(chain) {
        if !tasks.contains_key(task) {
            let links = history.links(task, TASK_TIMES)?;
            let (medians, longest) = links.iter().map(|link| (link.median, link.longest)).unzip();
            tasks.insert(task.clone(), TaskPast { medians, longest });
        }
    }
    Ok(Known { steps, times, tasks })
}

/// The tasks of a step whose names say what they do.
fn chain(step: &PlanStep) -> impl Iterator<Item = &TaskName> {
    let links = step.host_work().map(|work| work.links.as_slice()).unwrap_or_default();
    links.iter().map(|link| &link.task).filter(|task| !ANYTHING.contains(&task.as_str()))
}

/// How long the tasks of a step took elsewhere; nothing unless that is known of all of them.
fn elsewhere(step: &PlanStep, tasks: &HashMap<TaskName, TaskPast>) -> Vec<TaskPast> {
    let Some(work) = step.host_work() else { return Vec::new() };
    work.links.iter().map(|link| tasks.get(&link.task).cloned()).collect::<Option<_>>().unwrap_or_default()
}

/// Whether a step runs if nothing goes wrong.
fn runs(step: &PlanStep) -> bool {
    step.left_out.is_none() && step.undoes.is_none()
}

/// How many ends on hosts the plan has.
fn pairs(plan: &Plan) -> usize {
    plan.steps.iter().filter_map(PlanStep::host_work).map(|work| work.hosts.len()).sum()
}

fn samples(past: &PastStep) -> Vec<Sample> {
    past.took.iter().zip(&past.hosts).map(|(&took, &hosts)| Sample { took, hosts }).collect()
}

fn shape(work: &HostWork) -> Shape {
    let rollout = &work.rollout;
    Shape {
        waves: rollout.waves.clone(),
        at_once: rollout.window.map_or(work.forks, |window| window.size.min(work.forks)).max(1),
        pause: match rollout.pause {
            Some(Pause::For(time)) => time,
            Some(Pause::Ask) | None => Duration::ZERO,
        },
    }
}
