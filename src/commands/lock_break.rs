use std::collections::BTreeMap;
use std::time::SystemTime;

use clap::Args;
use futures::{StreamExt, stream};
use runsheet_inventory::fold;
use runsheet_locks::{AuditEntry, Listed, LockFolder};
use runsheet_model::{Endpoint, HostLocks, RunId};
use runsheet_plan::{Plan, StepChoice};
use runsheet_runner::{LockAnswer, end_lock};
use runsheet_sheet::Sheet;
use runsheet_task::Connector;
use serde_json::Value;

use crate::args::{NarrowArgs, ReachArgs, TargetArgs};
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::locks::shown;
use crate::session::Session;
use crate::{logins, people, secrets};

/// On how many hosts locks are ended at once.
const AT_ONCE: usize = 32;

/// Which locks are ended.
#[derive(Debug, Args)]
pub(crate) struct BreakArgs {
    /// The run: its id, or some last digits of it where this machine knows it
    run: String,
    #[command(flatten)]
    target: TargetArgs,
    /// Where the sheet says `lock: {hosts: FOLDER}`: that folder, for a run that this machine does not know
    #[arg(long, value_name = "FOLDER", help_heading = "Hosts")]
    folder: Option<String>,
    #[command(flatten)]
    reach: ReachArgs,
    /// Do not ask first
    #[arg(short, long, help_heading = "Run")]
    yes: bool,
}

pub(crate) async fn exec(folder: &LockFolder, args: &BreakArgs, session: &Session) -> Result<ExitStatus, CliError> {
    let local = find(folder, &args.run)?;
    if let Some(lock) = &local
        && lock.held
    {
        return Err(alive(lock));
    }
    let run = match &local {
        Some(lock) => Some(lock.claim.holder.run),
        None => args.run.parse().ok().or_else(|| session.state().ok()?.find(&args.run).ok()),
    };
    let plan = run.map(|run| locked_on_hosts(args, session, run)).transpose()?.flatten();
    let (Some(run), true) = (run, local.is_some() || plan.is_some()) else {
        return Err(CliError::usage(
            format!("there is no lock of run `{}`", shown(&args.run)),
            "`runsheet lock status` lists the locks of this machine; for a run of another one say its whole id, and where: -H or -g",
        ));
    };
    if let Some(lock) = &local {
        break_local(folder, lock, session)?;
    }
    match plan {
        Some((plan, locks)) => break_on_hosts(folder, run, &plan, &locks, args, session).await,
        None => Ok(ExitStatus::Success),
    }
}

/// The lock of a run on this machine, by its id or by some last digits of it.
fn find(folder: &LockFolder, wanted: &str) -> Result<Option<Listed>, CliError> {
    let simple = |text: &str| text.replace('-', "").to_lowercase();
    let digits = simple(wanted);
    let is_meant = |lock: &Listed| digits.len() >= 4 && simple(&lock.claim.holder.run.to_string()).ends_with(&digits);
    let mut found: Vec<_> = folder.list()?.locks.into_iter().filter(is_meant).collect();
    if found.len() > 1 {
        let message = format!("`{}` could be any of {} runs", shown(wanted), found.len());
        return Err(CliError::usage(message, "say more digits"));
    }
    Ok(found.pop())
}

/// A lock whose process lives cannot be taken from it: what counts is the kernel's lock, and not the file.
fn alive(lock: &Listed) -> CliError {
    let holder = &lock.claim.holder;
    CliError::Locked {
        message: format!("run {} is alive: its process {} holds its locks itself", holder.run, holder.pid),
        hint: format!("they end with it, and not before: kill -INT {} lets it finish what it does", holder.pid),
    }
}

fn break_local(folder: &LockFolder, lock: &Listed, session: &Session) -> Result<(), CliError> {
    if !folder.remove_stale(lock)? {
        return Err(alive(lock));
    }
    let hosts = fold(lock.claim.hosts.iter().map(|host| shown(&host.name)));
    let run = lock.claim.holder.run;
    note(folder, session, run, format!("removed what was left of its lock of {hosts}"))?;
    session.printer.data(&format!("removed what was left of the lock of run {run}: {hosts}\n"))
}

/// The plan whose hosts may be locked on the hosts: that of the run, or one of the hosts that flags name.
fn locked_on_hosts(args: &BreakArgs, session: &Session, run: RunId) -> Result<Option<(Plan, HostLocks)>, CliError> {
    if !args.target.hosts.is_empty() || !args.target.groups.is_empty() {
        // Hosts are chosen as for any other command.
        let task = BTreeMap::from([("run".to_owned(), Value::from("true"))]);
        let sheet = Sheet::single("command", task, &args.target.pattern()?)?;
        let plan = session.plan(&sheet, &NarrowArgs::default(), StepChoice::default(), args.target.unlisted)?;
        return Ok(Some((plan, HostLocks { folder: args.folder.clone() })));
    }
    let Ok(folder) = session.state()?.open_run(run) else { return Ok(None) };
    let Ok(plan) = serde_json::from_slice::<Plan>(&folder.plan()?) else { return Ok(None) };
    let locks = plan.host_locks.clone();
    Ok(locks.map(|locks| (plan, locks)))
}

async fn break_on_hosts(
    folder: &LockFolder,
    run: RunId,
    plan: &Plan,
    locks: &HostLocks,
    args: &BreakArgs,
    session: &Session,
) -> Result<ExitStatus, CliError> {
    let endpoints = session.endpoints(plan, &args.reach)?;
    let endpoints: Vec<Endpoint> = plan.worked_on().into_iter().map(|host| endpoints[host].clone()).collect();
    let names = fold(endpoints.iter().map(|endpoint| endpoint.host.as_str()));
    if !confirmed(run, &names, args, session)? {
        session.printer.note("nothing was ended\n");
        return Ok(ExitStatus::Stopped);
    }
    let may_ask = session.environment.stdin_terminal;
    let secrets = secrets::read(&[], &session.project, &session.environment, may_ask)?;
    let password = logins::password(session, &args.reach, &secrets, may_ask)?;
    let connector = logins::connector(session, &endpoints, password, may_ask).await?;
    let answers: Vec<(String, Result<LockAnswer, String>)> = stream::iter(&endpoints)
        .map(async |endpoint| (endpoint.host.to_string(), ask(&connector, endpoint, run, locks).await))
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (host, answer) in &answers {
        groups.entry(in_words(answer)).or_default().push(host);
    }
    let told: Vec<_> = groups.into_iter().map(|(what, hosts)| format!("{}: {what}", fold(hosts))).collect();
    session.printer.data(&format!("{}\n", told.join("\n")))?;
    note(folder, session, run, format!("its locks on hosts: {}", told.join("; ")))?;
    let all =
        answers.iter().all(|(_, answer)| matches!(answer, Ok(answer) if !matches!(answer, LockAnswer::Failed(_))));
    Ok(if all { ExitStatus::Success } else { ExitStatus::Unreachable })
}

fn confirmed(run: RunId, names: &str, args: &BreakArgs, session: &Session) -> Result<bool, CliError> {
    if args.yes {
        return Ok(true);
    }
    if !session.environment.stdin_terminal || !session.environment.stderr_terminal {
        return Err(CliError::usage("a lock on hosts is ended only if somebody says so", "say `--yes`"));
    }
    session.printer.alarm(&format!(
        "the lock of run {run} on {names}: whoever waits for it gets in. If that run still goes on somewhere, it starts nothing new once \
         it finds out, within a minute.\n"
    ));
    people::confirm("end it?").map_err(|source| CliError::Output { source })
}

async fn ask(
    connector: &dyn Connector,
    endpoint: &Endpoint,
    run: RunId,
    locks: &HostLocks,
) -> Result<LockAnswer, String> {
    let connected = connector.connect(endpoint).await.map_err(|unreachable| unreachable.reason)?;
    let answer = end_lock(&*connected.remote, run, locks.folder.as_deref()).await;
    connected.remote.close().await;
    answer.map_err(|error| error.to_string())
}

fn in_words(answer: &Result<LockAnswer, String>) -> String {
    match answer {
        Ok(LockAnswer::Ended) => "ended".to_owned(),
        Ok(LockAnswer::Gone) => "there was none".to_owned(),
        Ok(answer @ LockAnswer::Failed(_)) => format!("could not be ended: {}", answer.says()),
        Ok(answer) => format!("left alone, it belongs to {}", answer.says()),
        Err(why) => format!("not reached: {}", shown(why)),
    }
}

fn note(folder: &LockFolder, session: &Session, run: RunId, what: String) -> Result<(), CliError> {
    let (user, machine) = (session.environment.user.clone(), session.environment.machine.clone());
    Ok(folder.audit(&AuditEntry { at: SystemTime::now(), user, machine, run, what })?)
}
