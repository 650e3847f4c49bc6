//! One file a command: its arguments and what it does.

mod adhoc;
mod clean;
mod completions;
mod demo;
mod do_task;
mod exec;
mod get;
mod history;
mod hosts;
mod import;
mod init;
mod journal;
mod lock;
mod lock_break;
mod man;
mod plan;
mod preflight;
mod put;
mod replay;
mod resume;
mod run;
mod schema;
mod show;
mod sync;
mod tasks;
mod tasks_check;
mod tasks_test;

use clap::Subcommand;

use crate::args::{GlobalArgs, ReachArgs, RunArgs};
use crate::environment::Environment;
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::session::Session;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(run::RunSheetArgs),
    Plan(plan::PlanArgs),
    Preflight(preflight::PreflightArgs),
    Do(do_task::DoArgs),
    Exec(exec::ExecArgs),
    Resume(resume::ResumeArgs),
    Put(put::PutArgs),
    Get(get::GetArgs),
    Hosts(hosts::HostsArgs),
    Tasks(tasks::TasksArgs),
    History(history::HistoryArgs),
    Show(show::ShowArgs),
    Replay(replay::ReplayArgs),
    Sync(sync::SyncArgs),
    Journal(journal::JournalArgs),
    Lock(lock::LockArgs),
    Clean(clean::CleanArgs),
    Demo(demo::DemoArgs),
    Import(import::ImportArgs),
    Init(init::InitArgs),
    Schema(schema::SchemaArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Does what the command line asks.
pub(crate) fn exec(command: Command, global: GlobalArgs, environment: Environment) -> Result<ExitStatus, CliError> {
    // What needs no project must work in a broken one.
    match command {
        Command::Completions(args) => return completions::exec(&args, &environment, &global),
        Command::Man(args) => return man::exec(&args, &environment, &global),
        Command::Schema(args) => return schema::exec(&args, &environment, &global),
        Command::Init(args) => return init::exec(&args, &environment, &global),
        // The host groups that are there may be those that it mends.
        Command::Import(args) => return import::exec(&args, &environment, &global),
        Command::Demo(args) => return block_on(demo::exec(args, environment, global)),
        _ => {}
    }
    if let Command::Resume(args) = command {
        let again = resume::again(args, global, environment)?;
        let mut session = Session::open(again.environment, again.global)?;
        session.resuming = Some(again.resuming);
        return exec_in(again.command, &session);
    }
    exec_in(command, &Session::open(environment, global)?)
}

fn exec_in(command: Command, session: &Session) -> Result<ExitStatus, CliError> {
    match command {
        Command::Run(args) => block_on(run::exec(args, session)),
        Command::Plan(args) => plan::exec(&args, session),
        Command::Preflight(args) => block_on(preflight::exec(args, session)),
        Command::Do(args) => block_on(do_task::exec(args, session)),
        Command::Exec(args) => block_on(exec::exec(args, session)),
        Command::Put(args) => block_on(put::exec(args, session)),
        Command::Get(args) => block_on(get::exec(args, session)),
        Command::Hosts(args) => hosts::exec(&args, session),
        Command::Tasks(args) => block_on(tasks::exec(args, session)),
        Command::History(args) => history::exec(&args, session),
        Command::Show(args) => show::exec(&args, session),
        Command::Replay(args) => replay::exec(&args, session),
        Command::Sync(args) => sync::exec(&args, session),
        Command::Journal(args) => journal::exec(&args, session),
        Command::Lock(args) => block_on(lock::exec(&args, session)),
        Command::Clean(args) => clean::exec(&args, session),
        Command::Completions(_)
        | Command::Man(_)
        | Command::Schema(_)
        | Command::Init(_)
        | Command::Import(_)
        | Command::Demo(_)
        | Command::Resume(_) => Ok(ExitStatus::Success),
    }
}

impl Command {
    /// How a command that runs something reaches its hosts, and how it goes.
    fn run_args(&mut self) -> Option<(&mut ReachArgs, &mut RunArgs)> {
        match self {
            Self::Run(args) => Some((&mut args.reach, &mut args.run)),
            Self::Do(args) => Some(args.adhoc.run_args()),
            Self::Exec(args) => Some(args.adhoc.run_args()),
            Self::Put(args) => Some(args.adhoc.run_args()),
            Self::Get(args) => Some(args.adhoc.run_args()),
            _ => None,
        }
    }
}

fn block_on(work: impl Future<Output = Result<ExitStatus, CliError>>) -> Result<ExitStatus, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| CliError::Runtime { source })?;
    let result = runtime.block_on(work);
    // A question that nobody answers any more must not hold up the end.
    runtime.shutdown_background();
    result
}
