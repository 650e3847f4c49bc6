//! The locks of a run on this machine: taken before anything is done on a host, and given back when it is over.

use std::time::{Duration, SystemTime};

use runsheet_events::Observer;
use runsheet_inventory::fold;
use runsheet_locks::{Claim, Conflict, Guard, LockFolder, LockedHost, Mode};
use runsheet_model::{Endpoint, LockHolder, RunId, format_chosen_duration, plural, shortened};
use runsheet_plan::Plan;
use tokio::time::{Instant, sleep};

use crate::error::CliError;
use crate::session::Session;
use crate::when;

/// How often is looked whether others have ended.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How much is shown of what others wrote into their locks, in characters.
const SHOWN: usize = 80;

/// What a run holds while it runs.
pub(crate) struct Held(Option<Guard>);

impl Held {
    /// What a run holds that changes nothing.
    pub(crate) fn nothing() -> Self {
        Self(None)
    }

    /// Somebody who watches the run and keeps written in the lock which step runs.
    pub(crate) fn step_watch(&self, session: &Session) -> Option<Box<dyn Observer>> {
        match self.0.as_ref()?.step_watch() {
            Ok(watch) => Some(Box::new(watch)),
            Err(error) => {
                session.printer.alarm(&format!("warning: the lock will not say which step runs: {error}\n"));
                None
            }
        }
    }
}

/// Takes the locks of a run: all of them, or none. Without `wait`, a run that holds one of its hosts ends this one at once.
///
/// `exec` and `get` take none: they are for looking. `exec` may change something all the same, so it warns.
pub(crate) async fn take(
    session: &Session,
    plan: &Plan,
    endpoints: &[Endpoint],
    wait: Option<Duration>,
    (run, command): (RunId, &str),
) -> Result<Held, CliError> {
    let claim = claim(session, plan, endpoints, run, command);
    if command == "get" || claim.hosts.is_empty() {
        return Ok(Held(None));
    }
    if command == "exec" {
        warn(session, &claim);
        return Ok(Held(None));
    }
    let folder = session.locks()?;
    let guard = wait_for(session, &folder, &claim, wait).await?;
    Ok(Held(Some(guard)))
}

async fn wait_for(
    session: &Session,
    folder: &LockFolder,
    claim: &Claim,
    wait: Option<Duration>,
) -> Result<Guard, CliError> {
    let started = Instant::now();
    let mut told = Vec::new();
    loop {
        let conflicts = match folder.take(claim)? {
            Ok(guard) => return Ok(guard),
            Err(conflicts) => conflicts,
        };
        let limit = wait.unwrap_or_default();
        if started.elapsed() >= limit {
            return Err(refused(&conflicts, wait));
        }
        let holders: Vec<_> = conflicts.iter().map(|conflict| conflict.holder.run).collect();
        if holders != told {
            let left = format_chosen_duration(limit);
            session.printer.alarm(&format!("waiting at most {left} (--wait): {}\n", describe(&conflicts)));
            told = holders;
        }
        sleep(LOOK_AGAIN.min(limit.saturating_sub(started.elapsed()))).await;
    }
}

/// Says that others work on the same hosts. What cannot be looked at keeps nobody from looking at hosts.
fn warn(session: &Session, claim: &Claim) {
    let conflicts = session.locks().and_then(|folder| Ok(folder.conflicts(claim)?));
    match conflicts {
        Ok(conflicts) if conflicts.is_empty() => {}
        Ok(conflicts) => session.printer.alarm(&format!("warning: {}\n", describe(&conflicts))),
        Err(error) => {
            session.printer.note(&format!("warning: nobody can tell who else works on these hosts: {error}\n"));
        }
    }
}

fn claim(session: &Session, plan: &Plan, endpoints: &[Endpoint], run: RunId, command: &str) -> Claim {
    let environment = &session.environment;
    let host = |position: usize, mode| {
        let endpoint = &endpoints[position];
        let at = format!("{}:{}", endpoint.target.address.to_lowercase(), endpoint.target.port);
        LockedHost { name: endpoint.host.to_string(), at, mode }
    };
    let alone = plan.worked_on().into_iter().map(|position| host(position, Mode::Alone));
    let shared = plan.only_delegated_to().into_iter().map(|position| host(position, Mode::Shared));
    Claim {
        hosts: alone.chain(shared).collect(),
        holder: LockHolder {
            run,
            command: command.to_owned(),
            sheet: plan.sheet.clone(),
            user: environment.user.clone(),
            machine: environment.machine.clone(),
            pid: std::process::id(),
            since: SystemTime::now(),
        },
    }
}

fn refused(conflicts: &[Conflict], waited: Option<Duration>) -> CliError {
    let waited = waited.map(|time| format!(", still so after {} (--wait)", format_chosen_duration(time)));
    CliError::Locked {
        message: format!("{}{}", describe(conflicts), waited.unwrap_or_default()),
        hint: "`--wait` waits for its end, `--wait=20m` at most so long; `runsheet lock status` shows all locks"
            .to_owned(),
    }
}

/// Who holds which hosts, one line a run.
fn describe(conflicts: &[Conflict]) -> String {
    let hosts: usize = conflicts.iter().map(|conflict| conflict.hosts.len()).sum();
    let (are, runs) =
        (if hosts == 1 { "is" } else { "are" }, if conflicts.len() == 1 { "another run" } else { "other runs" });
    let mut text = format!("{} {are} locked by {runs}", plural(hosts, "host"));
    for conflict in conflicts {
        text.push_str(&format!("\n  {}: {}", fold(&conflict.hosts), holder(&conflict.holder, &conflict.steps)));
    }
    text
}

/// Who holds a lock, in one line.
fn holder(holder: &LockHolder, steps: &[String]) -> String {
    let step = match steps {
        [] => String::new(),
        [step] => format!(", step `{}`", shown(step)),
        [step, others @ ..] => format!(", step `{}` and {} more", shown(step), others.len()),
    };
    format!("{}{step}", holder.says(&when::local(holder.since)))
}

/// What somebody else wrote: one short line that drives no terminal.
pub(crate) fn shown(text: &str) -> String {
    shortened(text, SHOWN)
}
