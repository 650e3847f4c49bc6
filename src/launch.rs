use std::io;
use std::sync::Arc;

use runsheet_events::{DisplaySink, Observer, Request, RunStats};
use runsheet_inventory::fold;
use runsheet_journal::{History, JournalWriter, Keep, StateFolder, WriterSettings, clean};
use runsheet_local::{LocalHost, ThisMachine};
use runsheet_model::{Mask, Pace, RunId};
use runsheet_plan::Plan;
use runsheet_reporters::{Detail, Display, Format as ReportFormat, JsonLines, Outlook, Size, Terminal};
use runsheet_runner::{Foreseen, Identity, Resumption, RunReport, Runner, Seams, Settings};
use tracing::{Instrument, info_span};

use crate::args::{Format, ReachArgs, RunArgs};
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::foresight::Foresight;
use crate::people::{self, Mode, People};
use crate::reaching::Reaching;
use crate::resuming::Going;
use crate::session::Session;
use crate::sinks::Sinks;
use crate::{locks, logins, open_files, secrets, show_plan, signals, terminal_size, version};

/// Commands of which a dry run has nothing to ask the hosts.
const LOOKS_ONLY: [&str; 2] = ["exec", "get"];

/// Runs a plan, from its secrets to its recap: the one way for `run`, `do`, `exec`, `put`, `get` and `demo`.
pub(crate) async fn launch(
    session: &Session,
    plan: Plan,
    reach: &ReachArgs,
    args: &RunArgs,
    command: &str,
) -> Result<ExitStatus, CliError> {
    if args.dry_run && LOOKS_ONLY.contains(&command) {
        show_plan::print(&plan, None, args.format, &session.printer)?;
        return Ok(ExitStatus::Success);
    }
    // It is recorded as a run is, and the record goes with it.
    let aside =
        if args.dry_run { Some(tempfile::tempdir().map_err(|source| CliError::Output { source })?) } else { None };
    let plan = if args.dry_run { plan.for_dry_run() } else { plan };
    let resumed = match &session.resuming {
        Some(resuming) => match resuming.prepare(&plan, &session.printer)? {
            Going::On(resumption) => Some(resumption),
            Going::Nowhere(status) => return Ok(status),
        },
        None => None,
    };
    let foresight = (command == "run" && !args.dry_run).then(|| Foresight::of(session, &plan));
    let outlook = foresight.as_ref().map(|foresight| foresight.outlook(&plan));
    let foreseen = foresight.map_or_else(Foreseen::default, |foresight| foresight.foreseen(&plan));
    let endpoints = session.endpoints(&plan, reach)?;
    let guided = command == "run" && mode(session, args) == Mode::Terminal && session.environment.stderr_terminal;
    let settings = Settings { guided, ..settings(session, args) };
    if args.dry_run {
        session.printer.note("dry run: hosts are asked, and nothing is changed\n");
    } else if command == "run" && !confirmed(session, &plan, args)? {
        session.printer.note("nothing was run\n");
        return Ok(ExitStatus::Stopped);
    }
    let run = session.resuming.as_ref().map_or_else(RunId::fresh, |resuming| resuming.folder.run());
    let lock = if args.dry_run {
        locks::Held::nothing()
    } else {
        locks::take(session, &plan, &endpoints, args.wait, (run, command)).await?
    };
    let may_ask = session.environment.stdin_terminal && !args.no_input;
    let secrets = secrets::read(&plan.secrets(), &session.project, &session.environment, may_ask)?;
    let password = logins::password(session, reach, &secrets, may_ask)?;
    let sudo_password = logins::sudo_password(session, plan.uses_sudo(), reach, &secrets, may_ask)?;
    let asked = password.iter().chain(&sudo_password).map(|(name, value)| (name, value));
    let sinks = if args.dry_run || !session.keeps_records {
        Sinks::default()
    } else {
        Sinks::of(session, &[], may_ask, session.environment.request.as_ref())
    };
    let mask = Mask::new(secrets.iter().chain(asked).chain(sinks.secrets()))?;
    let mut connector = logins::connector(session, &endpoints, password, may_ask).await?;
    if let Some((_, password)) = sudo_password {
        connector = connector.with_sudo_password(password);
    }

    let state = match &aside {
        Some(folder) => StateFolder::open(folder.path())?,
        None => session.state()?,
    };
    let journal = Arc::new(record(session, &state, run, &plan, resumed.as_deref())?);
    let output = journal.folder().join("output");
    let delivering = sinks.start(run, &journal);

    let size = Size::default();
    let before = resumed.as_ref().map(|resumed| resumed.stats().clone()).unwrap_or_default();
    let output = (session.keeps_records && !args.dry_run).then(|| output.display().to_string());
    let known = Known { output, before, outlook, pace: settings.pace };
    let watch = Watch::start(session, args, &size, known)?;
    terminal_size::follow(size);
    let runner = Runner {
        plan: Arc::new(plan),
        endpoints,
        identity: identity(session, run, command, &mask),
        seams: Seams {
            connector: Arc::new(Reaching { hosts: connector, local: local_host(session) }),
            local: Arc::new(ThisMachine::default()),
            registry: session.registry().clone(),
            ledger: journal.clone(),
            outputs: journal.clone(),
            display: watch.lines,
            ask: Arc::new(People::new(mode(session, args), session.environment.user.clone(), watch.suspend)),
        },
        secrets,
        mask,
        settings,
        foreseen,
        resumed: resumed.map(|resumed| *resumed),
    };
    let observers = vec![watch.observer].into_iter().chain(lock.step_watch(session)).collect();
    let report = runner.execute(observers, signals::listen(args.hup)?).instrument(info_span!("run", %run)).await;
    drop(lock);
    if args.dry_run {
        _ = journal.close();
    } else {
        finish(session, &journal, &report);
        delivering.finish(run, &session.printer);
    }
    Ok(ExitStatus::of(&report.stats))
}

/// This machine, for steps with `on: local`.
fn local_host(session: &Session) -> LocalHost {
    LocalHost::new(session.project.root.clone(), session.project.local_programs().into())
}

/// Begins to record a run, or takes up the record of the one that goes on.
pub(crate) fn record(
    session: &Session,
    state: &StateFolder,
    run: RunId,
    plan: &Plan,
    resumed: Option<&Resumption>,
) -> Result<JournalWriter, CliError> {
    let writing = WriterSettings { spool: session.environment.runtime.clone(), ..WriterSettings::default() };
    if let (Some(resuming), Some(resumed)) = (&session.resuming, resumed) {
        return resuming.start(plan, resumed, &writing);
    }
    let text = serde_json::to_vec(plan).map_err(|error| CliError::Output { source: error.into() })?;
    let folder = state.create_run(run, &text)?;
    Ok(folder.start(&writing)?)
}

/// Where there can be fewer hosts at once, that is told: somebody may wonder why it takes so long.
const FEW_CONNECTIONS: usize = 100;

/// How the plan runs: with no more connections at once than this process may have open files for.
pub(crate) fn settings(session: &Session, args: &RunArgs) -> Settings {
    let usual = Settings {
        dry_run: args.dry_run,
        fail_fast: args.fail_fast,
        lock_wait: args.wait.unwrap_or_default(),
        ..Settings::default()
    };
    let Some(connections) = open_files::connections().filter(|connections| *connections < usual.connections) else {
        return usual;
    };
    if connections < FEW_CONNECTIONS {
        session
            .printer
            .note(&format!("at most {connections} hosts at once: the limit on open files is low (ulimit -n)\n"));
    }
    Settings { connections, ..usual }
}

/// Shows what would run and asks once, on a terminal; elsewhere the command itself is the answer.
fn confirmed(session: &Session, plan: &Plan, args: &RunArgs) -> Result<bool, CliError> {
    let terminal = session.environment.stdin_terminal && session.environment.stderr_terminal;
    if args.yes || args.no_input || !terminal || args.format == Format::Json {
        return Ok(true);
    }
    session.printer.alarm(&show_plan::summary(plan, None, &session.printer));
    people::confirm(if session.resuming.is_some() { "go on with it?" } else { "run it?" })
        .map_err(|source| CliError::Output { source })
}

pub(crate) fn mode(session: &Session, args: &RunArgs) -> Mode {
    match (args.yes || args.dry_run, args.no_input || !session.environment.stdin_terminal) {
        (true, _) => Mode::Yes,
        (false, true) => Mode::No,
        (false, false) => Mode::Terminal,
    }
}

/// Who asked for what, for the record.
fn identity(session: &Session, run: RunId, command: &str, mask: &Mask) -> Identity {
    let environment = &session.environment;
    Identity {
        run,
        command: command.to_owned(),
        version: version::VERSION.to_owned(),
        user: environment.user.clone(),
        machine: environment.machine.clone(),
        request: environment.request.as_ref().map(|request| Request {
            words: request.words.iter().map(|word| mask.text(word)).collect(),
            folder: request.folder.clone(),
        }),
    }
}

/// What those who watch a run know of it beforehand.
#[derive(Default)]
pub(crate) struct Known {
    /// Where the output of hosts is kept, if it outlasts the program.
    pub(crate) output: Option<String>,
    /// The run so far, if it goes on.
    pub(crate) before: RunStats,
    /// What is known of its end.
    pub(crate) outlook: Option<Outlook>,
    /// How many times faster than real it goes.
    pub(crate) pace: Pace,
}

/// Who watches the run.
pub(crate) struct Watch {
    pub(crate) observer: Box<dyn Observer>,
    pub(crate) lines: Arc<dyn DisplaySink>,
    pub(crate) suspend: Box<dyn people::Suspend>,
}

impl Watch {
    pub(crate) fn start(session: &Session, args: &RunArgs, size: &Size, known: Known) -> Result<Self, CliError> {
        let environment = &session.environment;
        let failed = |error: runsheet_events::ObserveError| CliError::Output { source: io::Error::other(error) };
        let stdout = || Box::new(io::stdout());
        let stderr = || Box::new(io::stderr());
        if args.format == Format::Json {
            let patience = Display::default().patience;
            let observer = JsonLines::start(stdout(), stderr(), patience).map_err(failed)?;
            return Ok(Self {
                observer: Box::new(observer),
                lines: Arc::new(NoLines),
                suspend: Box::new(people::Nothing),
            });
        }
        let format = if args.format == Format::Plain { ReportFormat::Plain } else { ReportFormat::Human };
        let detail = match (session.global.quiet, session.global.verbose) {
            (true, _) => Detail::Quiet,
            (false, 0) => Detail::Normal,
            (false, _) => Detail::Verbose,
        };
        let display = Display {
            format,
            detail,
            gather: args.gather,
            live: environment.may_draw() && detail != Detail::Quiet,
            size: size.clone(),
            out: session.printer.out_palette(args.format),
            err: session.printer.err_palette(args.format),
            fold: |names| fold(names.iter().copied()),
            before: known.before,
            outlook: known.outlook,
            pace: known.pace,
            output: known.output,
            ..Display::default()
        };
        let terminal = Terminal::start(display, stdout(), stderr()).map_err(failed)?;
        let lines = Arc::new(terminal.lines());
        let suspend = Box::new(people::Display::new(terminal.pause()));
        Ok(Self { observer: Box::new(terminal), lines, suspend })
    }
}

/// Takes lines where only events are shown.
struct NoLines;

impl DisplaySink for NoLines {
    fn line(&self, _: runsheet_events::DisplayLine) {}
}

/// Closes the record and derives the history. Neither can change how the run ended.
fn finish(session: &Session, journal: &JournalWriter, report: &RunReport) {
    let printer = &session.printer;
    if let Err(error) = journal.close() {
        printer.alarm(&format!("error: {error}\n"));
        printer.alarm("what follows happened and is on no disk; keep it:\n");
        for event in &report.unrecorded {
            if let Ok(line) = runsheet_events::encode(event) {
                printer.alarm(&format!("{line}\n"));
            }
        }
        return;
    }
    let derived = session.state().and_then(|state| {
        let mut history = History::open(&state)?;
        history.add_run(journal.run())?;
        let keep = &session.project.settings.keep;
        clean(&state, Some(&mut history), Keep { runs: keep.runs, output_bytes: keep.output_bytes() }, false)?;
        Ok(())
    });
    if let Err(error) = derived {
        printer.alarm(&format!("warning: the history is not up to date: {error}\n"));
    }
}
