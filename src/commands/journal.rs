use clap::{Args, Subcommand};
use runsheet_model::plural;

use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::session::Session;

/// Check the record of a run
#[derive(Debug, Args)]
pub(crate) struct JournalArgs {
    #[command(subcommand)]
    command: JournalCommand,
}

#[derive(Debug, Subcommand)]
enum JournalCommand {
    /// Check that a journal is what was written: its numbers have no gap and no line was changed
    Verify {
        /// The run: its id, some last digits of it, or `last`
        #[arg(default_value = "last")]
        run: String,
    },
}

pub(crate) fn exec(args: &JournalArgs, session: &Session) -> Result<ExitStatus, CliError> {
    let JournalCommand::Verify { run } = &args.command;
    let state = session.state()?;
    let run = state.find(run)?;
    let verified = state.open_run(run)?.reader()?.verify()?;
    let events = plural(usize::try_from(verified.events).unwrap_or(usize::MAX), "event");
    let torn = if verified.torn { "; the last line is torn, as after a crash" } else { "" };
    session.printer.data(&format!("run {run}: {events}, sound{torn}\n"))?;
    Ok(ExitStatus::Success)
}
