use std::env;
use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, FromArgMatches};
use runsheet_events::{EventKind, LostAnswer, Request};
use runsheet_journal::StateFolder;
use runsheet_model::{HostName, RunId, StepId};
use runsheet_runner::LostAnswers;

use crate::args::{Cli, Format, GlobalArgs, ReachArgs, RunArgs};
use crate::commands::Command;
use crate::environment::Environment;
use crate::error::CliError;
use crate::resuming::Resuming;
use crate::session::Session;

/// Go on with a run that was broken off
///
/// The command that began the run is planned once more; if anything differs from then, nothing is run, unless `--accept-plan-change` is
/// given and nothing that had begun is another. What ended well is not done again, what failed is tried again, and what never began is
/// done. Where nobody knows how a task ended that must not be repeated, somebody has to say so first.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct ResumeArgs {
    /// The run: its id, some last digits of it, or `last`
    #[arg(default_value = "last")]
    run: String,
    /// What is taken for the end that nobody saw: `retry`, `ok` or `fail`; may be said of one step or one host in it
    #[arg(long, value_name = "[STEP[:HOST]=]ANSWER", help_heading = "Run")]
    lost: Vec<String>,
    /// Leave hosts that failed as they are, and go on without them
    #[arg(long, help_heading = "Run")]
    skip_failed: bool,
    /// Go on with a plan that was changed meanwhile, if only steps differ that had not begun
    #[arg(long, help_heading = "Run")]
    accept_plan_change: bool,
    /// Answer every question with yes
    #[arg(short, long, help_heading = "Run")]
    yes: bool,
    /// Never ask: a question is answered with no
    #[arg(long, conflicts_with = "yes", help_heading = "Run")]
    no_input: bool,
    /// Fold identical output of hosts under one header
    #[arg(short = 'b', long, help_heading = "Output")]
    gather: bool,
    /// What the output looks like
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    format: Format,
    #[command(flatten)]
    reach: ReachArgs,
}

/// The command that began a run, as it is given once more.
pub(crate) struct Again {
    pub(crate) command: Command,
    pub(crate) global: GlobalArgs,
    pub(crate) environment: Environment,
    pub(crate) resuming: Resuming,
}

/// Finds the run and the command that began it.
pub(crate) fn again(args: ResumeArgs, global: GlobalArgs, environment: Environment) -> Result<Again, CliError> {
    let answers = answers(&args, &environment)?;
    let state = StateFolder::open(&environment.state)?;
    let folder = state.open_run(state.find(&args.run)?)?;
    let run = folder.run();
    if folder.is_live()? {
        return Err(CliError::RunIsLive { run });
    }
    let first = folder.reader()?.events()?.next().transpose()?;
    let Some(EventKind::RunStarted(header)) = first.map(|event| event.kind) else {
        return Err(CliError::NotResumable { run, why: "it had not begun" });
    };
    let Some(request) = header.request else {
        return Err(CliError::NotResumable { run, why: "its record does not hold the command that began it" });
    };
    let (mut command, recorded) = parse(&request, run)?;
    let Some((reach, how)) = command.run_args() else {
        return Err(CliError::NotResumable { run, why: "the command that began it runs nothing" });
    };
    *reach = args.reach.or(reach);
    *how = RunArgs {
        yes: args.yes,
        no_input: args.no_input,
        gather: args.gather,
        format: args.format,
        dry_run: false,
        ..how.clone()
    };
    // Paths were meant from there.
    let cwd = PathBuf::from(&request.folder);
    env::set_current_dir(&cwd).map_err(|source| CliError::WorkingDirectory { source })?;
    Ok(Again {
        command,
        global: GlobalArgs { hostgroups: recorded.hostgroups, ..global },
        environment: Environment { cwd, request: Some(request), ..environment },
        resuming: Resuming { folder, answers, accepts_change: args.accept_plan_change },
    })
}

/// The sheet that a command ran; nothing if it ran none, or if it is gone.
pub(crate) fn sheet_of(request: &Request, session: &Session) -> Option<PathBuf> {
    let matches = Cli::command().try_get_matches_from(&request.words).ok()?;
    let Command::Run(args) = Cli::from_arg_matches(&matches).ok()?.command else { return None };
    let named = args.sheet.sheet;
    let there = Path::new(&request.folder).join(&named);
    if there.is_file() {
        return Some(there);
    }
    let environment = &session.environment;
    session.project.sheet(&named, environment).ok().map(|path| environment.cwd.join(path))
}

fn parse(request: &Request, run: RunId) -> Result<(Command, GlobalArgs), CliError> {
    let why = "this version of runsheet does not understand the command that began it";
    let parsed = Cli::command()
        .try_get_matches_from(&request.words)
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .map_err(|_| CliError::NotResumable { run, why })?;
    Ok((parsed.command, parsed.global))
}

/// Reads what was said with `--lost`.
fn answers(args: &ResumeArgs, environment: &Environment) -> Result<LostAnswers, CliError> {
    let mut answers =
        LostAnswers { skip_failed: args.skip_failed, who: environment.user.clone(), ..LostAnswers::default() };
    for text in &args.lost {
        let wrong = || {
            let hint = "write `--lost retry`, `--lost STEP=ok` or `--lost STEP:HOST=fail`";
            CliError::usage(format!("`--lost {text}` cannot be understood"), hint)
        };
        let (of, answer) = text.rsplit_once('=').map_or((None, text.as_str()), |(of, answer)| (Some(of), answer));
        let answer = match answer {
            "retry" => LostAnswer::Retry,
            "ok" => LostAnswer::Ok,
            "fail" => LostAnswer::Fail,
            _ => return Err(wrong()),
        };
        let step = |text: &str| StepId::new(text).map_err(|_| wrong());
        match of.map(|of| of.split_once(':').map_or((of, None), |(step, host)| (step, Some(host)))) {
            None => answers.all = Some(answer),
            Some((of, None)) => _ = answers.steps.insert(step(of)?, answer),
            Some((of, Some(host))) => {
                let host = HostName::new(host).map_err(|_| wrong())?;
                answers.hosts.insert((step(of)?, host), answer);
            }
        }
    }
    Ok(answers)
}
