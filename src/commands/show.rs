use clap::Args;
use runsheet_inventory::fold;
use runsheet_journal::RunReader;
use runsheet_reporters::{Findings, RecapContext, ShowContext, show};

use crate::args::Format;
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::session::Session;
use crate::{sinks, when};

/// Show what happened in a run: steps, hosts, durations, the slowest hosts
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The run: its id, some last digits of it, or `last`
    #[arg(default_value = "last")]
    run: String,
    /// List every host of every step
    #[arg(short, long)]
    all: bool,
    /// What the output looks like; `json` gives the events, one a line
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    format: Format,
}

pub(crate) fn exec(args: &ShowArgs, session: &Session) -> Result<ExitStatus, CliError> {
    let state = session.state()?;
    let folder = state.open_run(state.find(&args.run)?)?;
    let reader = folder.reader()?;
    if args.format == Format::Json {
        return print_events(&reader, session);
    }
    let run = reader.seen()?;
    let mut findings = Findings::default();
    let mut last = 0;
    for event in reader.events()? {
        let event = event?;
        last = event.seq;
        findings.apply(&event);
    }
    let started = reader.started()?.map(when::local);
    let output = folder.path().join("output").display().to_string();
    let recap = RecapContext {
        palette: session.printer.out_palette(args.format),
        fold: |names| fold(names.iter().copied()),
        width: session.printer.width,
        findings: &findings,
        output: Some(&output),
        just_ended: false,
    };
    let context = ShowContext { recap, when: started.as_deref(), all_hosts: args.all };
    let mut text = show(&run, &context);
    if !folder.is_live()? {
        text.push_str(&sinks::behind(&folder, last)?);
    }
    session.printer.data(&text)?;
    Ok(ExitStatus::Success)
}

fn print_events(reader: &RunReader, session: &Session) -> Result<ExitStatus, CliError> {
    let mut text = String::new();
    for event in reader.events()? {
        let line = runsheet_events::encode(&event?)
            .map_err(|error| CliError::Output { source: std::io::Error::other(error) })?;
        text.push_str(&line);
        text.push('\n');
        if text.len() > 1 << 20 {
            session.printer.data(&text)?;
            text.clear();
        }
    }
    session.printer.data(&text)?;
    Ok(ExitStatus::Success)
}
