//! `run --rehearse`: the real sheet on practice hosts of this process. Nothing of what only a real run needs is read: no ssh_config, no
//! agent, no secret; no lock is taken, and the record goes with the program.

mod args;
mod past;
mod summary;

use std::str::FromStr;
use std::sync::Arc;
use std::time::SystemTime;

use runsheet_inventory::Selection;
use runsheet_journal::StateFolder;
use runsheet_model::{HostName, Mask, RunId, hex, plural};
use runsheet_plan::Plan;
use runsheet_rehearsal::{Chance, FaultEntry, Faults, Rehearsal, Times};
use runsheet_reporters::Size;
use runsheet_runner::{Identity, Runner, Seams, Settings};
use runsheet_task::Secrets;
use sha2::{Digest, Sha256};
use tracing::{Instrument, info_span};

pub(crate) use args::RehearseArgs;

use crate::args::{Format, RunArgs};
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::foresight::Foresight;
use crate::launch::{Known, Watch, mode, record, settings};
use crate::people::{Mode, People};
use crate::session::Session;
use crate::{signals, terminal_size, version};

/// Open files of a host at work: both ends of its connection, its listening socket, its output, and what is read beside.
const OPEN_FILES_EACH: usize = 5;
/// How many of them [`settings`] counts, as for a host that is elsewhere.
const COUNTED: usize = 3;

/// Rehearses a plan, from its faults to the finish that it predicts.
pub(crate) async fn rehearse(
    session: &Session,
    plan: Plan,
    args: &RunArgs,
    how: &RehearseArgs,
) -> Result<ExitStatus, CliError> {
    let seed = how.seed.unwrap_or_else(fresh_seed);
    let chance = Chance::new(seed);
    let faults = faults(session, &plan, how, chance)?;
    let times = Times::new(&plan, &past::past(session, &plan), chance);
    let settings = settings_of(session, &plan, args, how);
    let foresight = Foresight::of(session, &plan);
    let outlook = Some(foresight.outlook(&plan));
    let foreseen = foresight.foreseen(&plan);
    // Before anybody can see that there is something to stop, and to clear away.
    let signals = signals::listen(args.hup)?;
    announce(session, &plan, &faults, how, seed);
    let rehearsal = Rehearsal::set_up(plan, times, faults, how.speed).await?;

    let aside = tempfile::tempdir().map_err(|source| CliError::Output { source })?;
    let run = run_of(seed);
    let journal = Arc::new(record(session, &StateFolder::open(aside.path())?, run, rehearsal.plan(), None)?);
    let size = Size::default();
    let known = Known { outlook, pace: settings.pace, ..Known::default() };
    let watch = Watch::start(session, args, &size, known)?;
    terminal_size::follow(size);
    let ask = if how.ask {
        Arc::new(People::new(mode(session, args), session.environment.user.clone(), watch.suspend))
    } else {
        rehearsal.ask()
    };
    let runner = Runner {
        plan: rehearsal.plan().clone(),
        endpoints: rehearsal.endpoints().to_vec(),
        identity: identity(session, run),
        seams: Seams {
            connector: rehearsal.connector(),
            local: rehearsal.local(),
            registry: rehearsal.registry(),
            ledger: journal.clone(),
            outputs: journal.clone(),
            display: watch.lines,
            ask,
        },
        secrets: Secrets::default(),
        mask: Mask::new(std::iter::empty())?,
        settings,
        foreseen,
        resumed: None,
    };
    let begun = SystemTime::now();
    let observers = vec![rehearsal.stagehand(), watch.observer];
    let report = runner.execute(observers, signals).instrument(info_span!("rehearsal", %run)).await;
    _ = journal.close();
    if args.format != Format::Json {
        session.printer.note(&summary::summary(&report.stats, &rehearsal, begun, args.format, &session.printer));
    }
    rehearsal.close().await;
    Ok(ExitStatus::of(&report.stats))
}

/// What goes wrong: what was asked for, and what chance adds to it.
fn faults(session: &Session, plan: &Plan, how: &RehearseArgs, chance: Chance) -> Result<Faults, CliError> {
    let mut faults = Faults::default();
    for text in &how.fault {
        let entry = FaultEntry::from_str(text)?;
        faults.add(plan, &entry, &selected(session, plan, &entry.pattern)?)?;
    }
    if let Some(probability) = how.faults {
        faults.add_by_chance(plan, probability.0, chance);
    }
    Ok(faults)
}

/// The hosts of a pattern. A host of the plan is meant by its name even if it stands in no host group, as this machine does.
fn selected(session: &Session, plan: &Plan, pattern: &str) -> Result<Vec<HostName>, CliError> {
    if let Some(host) = plan.hosts.iter().find(|host| host.name.as_str() == pattern) {
        return Ok(vec![host.name.clone()]);
    }
    let selection = Selection { pattern: pattern.to_owned(), ..Selection::default() };
    Ok(session.inventory.select(&selection)?)
}

fn announce(session: &Session, plan: &Plan, faults: &Faults, how: &RehearseArgs, seed: u64) {
    let hosts =
        if plan.hosts.len() == 1 { "its host".to_owned() } else { format!("its {}", plural(plan.hosts.len(), "host")) };
    session.printer.alarm(&format!(
        "REHEARSAL at {} times the speed, seed {seed}: practice hosts on this machine stand for {hosts}; no real host is touched and \
         nothing is run\n",
        how.speed
    ));
    for (step, host, fault) in faults.drawn(plan) {
        session.printer.note(&format!("fault by chance: {host}@{}: {fault}\n", step.id));
    }
}

fn settings_of(session: &Session, plan: &Plan, args: &RunArgs, how: &RehearseArgs) -> Settings {
    let guided = how.ask && mode(session, args) == Mode::Terminal && session.environment.stderr_terminal;
    let usual = settings(session, args);
    let files = usual.connections.saturating_mul(COUNTED).saturating_sub(plan.hosts.len());
    Settings { guided, pace: how.speed, connections: (files / OPEN_FILES_EACH).max(1), ..usual }
}

fn identity(session: &Session, run: RunId) -> Identity {
    Identity {
        run,
        command: "rehearsal".to_owned(),
        version: version::VERSION.to_owned(),
        user: session.environment.user.clone(),
        machine: session.environment.machine.clone(),
        request: None,
    }
}

/// A seed that is short enough to be typed.
fn fresh_seed() -> u64 {
    u64::try_from(RunId::fresh().seed() % 1_000_000).unwrap_or_default()
}

/// The id of a rehearsal belongs to its seed: the order of hosts that come by chance follows from it.
fn run_of(seed: u64) -> RunId {
    let digest = Sha256::digest(seed.to_le_bytes());
    RunId::from_str(&hex(&digest[..16])).expect("sixteen bytes in hexadecimal are an id")
}
