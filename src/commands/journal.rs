use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use runsheet_model::plural;

use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::session::Session;

/// Check the record of a run, or save what is sound of a broken one
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
    /// Write what is sound of a broken journal to a new file, and tell where it breaks
    Recover {
        /// The run: its id, some last digits of it, or `last`
        #[arg(default_value = "last")]
        run: String,
        /// The new file; nothing may be there
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

pub(crate) fn exec(args: &JournalArgs, session: &Session) -> Result<ExitStatus, CliError> {
    match &args.command {
        JournalCommand::Verify { run } => verify(run, session),
        JournalCommand::Recover { run, out } => recover(run, out, session),
    }
}

fn verify(run: &str, session: &Session) -> Result<ExitStatus, CliError> {
    let state = session.state()?;
    let run = state.find(run)?;
    let verified = state.open_run(run)?.reader()?.verify()?;
    let torn = if verified.torn { "; the last line is torn, as after a crash" } else { "" };
    session.printer.data(&format!("run {run}: {}, sound{torn}\n", events(verified.events)))?;
    Ok(ExitStatus::Success)
}

fn recover(run: &str, out: &Path, session: &Session) -> Result<ExitStatus, CliError> {
    let state = session.state()?;
    let run = state.find(run)?;
    let path = session.environment.cwd.join(out);
    let recovered = state.open_run(run)?.reader()?.recover(&path)?;
    let breaks = match &recovered.broken {
        Some(error) => runsheet_diagnostics::chain(error),
        None => "all of it is sound\n".to_owned(),
    };
    session.printer.note(&breaks);
    session.printer.data(&format!("run {run}: {} written to {}\n", events(recovered.events), path.display()))?;
    Ok(ExitStatus::Success)
}

fn events(count: u64) -> String {
    plural(usize::try_from(count).unwrap_or(usize::MAX), "event")
}
