use std::fs::Permissions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use runsheet_events::OutputKey;
use runsheet_inventory::fold;
use runsheet_journal::{RunFolder, RunReader};
use runsheet_report::{Cells, Context, Outputs, Report, Tail};
use tempfile::Builder;

use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::session::Session;

/// Write a report of a run: a page for everybody, text for a ticket, or data for other programs
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The run: its id, some last digits of it, or `last`
    #[arg(default_value = "last")]
    run: String,
    /// In which form
    #[arg(long, value_name = "FORMAT", default_value = "html", help_heading = "Output")]
    format: ReportFormat,
    /// Write to this file, whole or not at all, instead of standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    out: Option<PathBuf>,
    /// Leave cells of `csv` as they are that a spreadsheet would take for formulas
    #[arg(long, help_heading = "Output")]
    raw_csv: bool,
}

/// In which form a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// One page for a browser, without anything from outside.
    Html,
    /// Markdown for a ticket or a chat.
    Md,
    /// A table with a row for each host of each step.
    Csv,
    /// One document; `runsheet schema report` describes it.
    Json,
    /// JUnit's XML, for Jenkins and GitLab.
    Junit,
    /// A trace for ui.perfetto.dev.
    Trace,
}

pub(crate) fn exec(args: &ReportArgs, session: &Session) -> Result<ExitStatus, CliError> {
    if args.raw_csv && args.format != ReportFormat::Csv {
        return Err(CliError::usage("`--raw-csv` is about `--format csv`", "leave it out, or write `--format csv`"));
    }
    let state = session.state()?;
    let folder = state.open_run(state.find(&args.run)?)?;
    let reader = folder.reader()?;
    // A record that cannot be read is told before anything is written.
    let report = read(&folder, &reader)?;
    if let Some(path) = &args.out {
        to_file(path, |out| write(args, &report, &folder, &reader, out))?;
        return Ok(ExitStatus::Success);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    match write(args, &report, &folder, &reader, &mut out).and_then(|()| out.flush()) {
        // A reader that is gone has seen what it wanted.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(CliError::Output { source: error }),
        _ => {}
    }
    Ok(ExitStatus::Success)
}

fn read(folder: &RunFolder, reader: &RunReader) -> Result<Report, CliError> {
    let live = folder.is_live()?;
    let mut report = Report::default();
    for event in reader.events()? {
        report.apply(&event?);
    }
    Ok(report.finish(live))
}

fn write(
    args: &ReportArgs,
    report: &Report,
    folder: &RunFolder,
    reader: &RunReader,
    out: &mut dyn Write,
) -> io::Result<()> {
    let outputs = RunOutputs(folder);
    let context = Context { zone: TimeZone::system(), fold: |names| fold(names.iter().copied()), outputs: &outputs };
    match args.format {
        ReportFormat::Html => runsheet_report::html(report, &context, out),
        ReportFormat::Md => runsheet_report::markdown(report, &context, out),
        ReportFormat::Csv => {
            let cells = if args.raw_csv { Cells::Raw } else { Cells::Safe };
            runsheet_report::csv(report, cells, out)
        }
        ReportFormat::Json => runsheet_report::json(report, &context, out),
        ReportFormat::Junit => runsheet_report::junit(report, &context, out),
        ReportFormat::Trace => {
            let events = reader.events().map_err(io::Error::other)?;
            runsheet_report::trace(events.map(|event| event.map_err(io::Error::other)), out)
        }
    }
}

/// Writes a file that appears whole or not at all, for whom the umask lets read it: a report is there to be shown.
fn to_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CliError> {
    let failed = |source| CliError::Write { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = Builder::new().permissions(Permissions::from_mode(0o666)).tempfile_in(folder).map_err(failed)?;
    let mut out = BufWriter::new(&file);
    write(&mut out).and_then(|()| out.flush()).map_err(failed)?;
    drop(out);
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// The output of hosts, as a run's folder keeps it.
struct RunOutputs<'a>(&'a RunFolder);

impl Outputs for RunOutputs<'_> {
    fn tail(&self, key: &OutputKey, longest: usize) -> Option<Tail> {
        let frames = self.0.output(key).ok()?;
        let tail = Tail::of(frames.map_while(Result::ok), longest);
        (!tail.bytes.is_empty()).then_some(tail)
    }
}
