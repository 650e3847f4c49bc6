use clap::Args;
use runsheet_journal::{CleanedPart, Keep, clean};
use runsheet_model::plural;

use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::session::Session;

/// Remove the records of older runs
///
/// How many are kept stands in runsheet.yaml: `keep: {runs: 200, output: 2GiB}`. Their timing stays in the history.
#[derive(Debug, Args)]
pub(crate) struct CleanArgs {
    /// Keep this many runs instead
    #[arg(long, value_name = "N")]
    runs: Option<usize>,
    /// Only tell what would be removed
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn exec(args: &CleanArgs, session: &Session) -> Result<ExitStatus, CliError> {
    let keep = &session.project.settings.keep;
    let keep = Keep { runs: args.runs.unwrap_or(keep.runs), output_bytes: keep.output_bytes() };
    let cleaned = clean(&session.state()?, None, keep, args.dry_run)?;
    let word = if args.dry_run { "would remove" } else { "removed" };
    let mut bytes = 0;
    for part in &cleaned {
        let what = match part.what {
            CleanedPart::Run => "run",
            CleanedPart::Output => "output of run",
        };
        session.printer.data(&format!("{word} {what} {} ({} KiB)\n", part.run, part.bytes / 1024))?;
        bytes += part.bytes;
    }
    session.printer.note(&format!("{word} {}, {} KiB\n", plural(cleaned.len(), "record"), bytes / 1024));
    Ok(ExitStatus::Success)
}
