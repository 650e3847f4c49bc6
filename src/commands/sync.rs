use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::Args;
use runsheet_diagnostics::{chain, in_one_line};
use runsheet_events::{EventKind, EventLog, Request};
use runsheet_journal::RunFolder;
use runsheet_model::{SinkName, plural, visible};
use runsheet_sinks::{Drive, DriveError, Report, StandingFile};

use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::session::Session;
use crate::sinks::{Ready, Sinks, names, tell, tells_people};

/// How long is waited after each failure that may pass.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// Deliver what the sinks of a run have missed
///
/// Each sink goes on where it has got to; one that has everything is left alone. A sink that was configured after the run gets it from its
/// beginning; people are told only of runs of which they were told while those went on. The run has to be over.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// The run: its id, some last digits of it, or `last`
    #[arg(default_value = "last")]
    run: String,
    /// Only this sink; may be given more than once
    #[arg(long, value_name = "NAME")]
    sink: Vec<String>,
}

pub(crate) fn exec(args: &SyncArgs, session: &Session) -> Result<ExitStatus, CliError> {
    let only = chosen(&args.sink, session)?;
    let state = session.state()?;
    let folder = state.open_run(state.find(&args.run)?)?;
    if folder.is_live()? {
        return Err(CliError::RunIsLive { run: folder.run() });
    }
    let request = request(&folder)?;
    let may_ask = session.environment.stdin_terminal;
    let (ready, unusable) = Sinks::of(session, &only, may_ask, request.as_ref()).into_parts();
    if ready.is_empty() && unusable.is_empty() {
        session.printer.note("no sink is configured: `sinks` in runsheet.yaml\n");
    }
    let mut all = unusable.is_empty();
    for report in &unusable {
        tell(report, &session.printer);
    }
    let attached: Vec<_> = StandingFile::all(folder.path())?.into_iter().map(|(name, _)| name).collect();
    for sink in ready {
        let name = &sink.0;
        let told = attached.contains(name) || only.contains(name);
        if told || !tells_people(&session.project.settings, name) {
            all &= sync(sink, &folder, session)?;
        }
    }
    Ok(if all { ExitStatus::Success } else { ExitStatus::Internal })
}

/// The command that began the run.
fn request(folder: &RunFolder) -> Result<Option<Request>, CliError> {
    let first = folder.reader()?.events()?.next().transpose()?;
    Ok(first.and_then(|event| match event.kind {
        EventKind::RunStarted(header) => header.request,
        _ => None,
    }))
}

/// The sinks that flags name; a name that none has is a mistake.
fn chosen(wanted: &[String], session: &Session) -> Result<Vec<SinkName>, CliError> {
    let known = names(&session.project.settings);
    let find = |name: &String| known.iter().find(|known| known.as_str() == name).cloned();
    wanted
        .iter()
        .map(|name| {
            find(name).ok_or_else(|| {
                let listed = known.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let hint = if known.is_empty() { "there is none".to_owned() } else { format!("there are: {listed}") };
                CliError::usage(format!("there is no sink `{}`", visible(name.as_bytes())), hint)
            })
        })
        .collect()
}

/// Delivers to one sink, and says how that went.
fn sync((name, kind, sink): Ready, folder: &RunFolder, session: &Session) -> Result<bool, CliError> {
    let file = match StandingFile::open(folder.path(), &name, kind) {
        Ok(file) => file,
        Err(error) => {
            session.printer.alarm(&chain(&error));
            return Ok(false);
        }
    };
    let log: Arc<dyn EventLog> = Arc::new(folder.reader()?);
    let mut drive = Drive::new(log, folder.run(), sink, file);
    let before = drive.standing().seq;
    let result = catch_up(&mut drive);
    let count = usize::try_from(drive.standing().seq - before).unwrap_or(usize::MAX);
    let behind = result.err().map(|error| in_one_line(&error));
    let done = behind.is_none();
    tell(&Report { sink: name.clone(), behind, remarks: drive.remarks() }, &session.printer);
    match (count, done) {
        (0, true) => session.printer.data(&format!("{name}: nothing was missing\n"))?,
        (0, false) => {}
        (count, _) => session.printer.data(&format!("{name}: {} delivered\n", plural(count, "event")))?,
    }
    Ok(done)
}

fn catch_up(drive: &mut Drive) -> Result<(), DriveError> {
    for pause in PAUSES {
        match drive.catch_up(true) {
            Err(error) if error.is_passing() => thread::sleep(pause),
            result => return result.map(drop),
        }
    }
    drive.catch_up(true).map(drop)
}
