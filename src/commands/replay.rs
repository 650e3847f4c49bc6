use std::io;
use std::sync::Arc;

use clap::Args;
use runsheet_events::{ObserveError, Observer, OutputKey};
use runsheet_inventory::fold;
use runsheet_reporters::{Display, Format as ReportFormat, Frames, JsonLines, Replay, Size, Terminal, play};

use crate::args::Format;
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::session::Session;

/// Play a run again as it was seen, from its record
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The run: its id, some last digits of it, or `last`
    #[arg(default_value = "last")]
    run: String,
    /// How many times as fast as it was; 0 is at once
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    speed: f64,
    /// Fold identical output of hosts under one header
    #[arg(short = 'b', long, help_heading = "Output")]
    gather: bool,
    /// What the output looks like
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    format: Format,
}

pub(crate) fn exec(args: &ReplayArgs, session: &Session) -> Result<ExitStatus, CliError> {
    let state = session.state()?;
    let folder = state.open_run(state.find(&args.run)?)?;
    // A run's record is read whole before it is played: an error in it is told before anything is shown.
    let events = folder.reader()?.events()?.map(|event| event.map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
    let open = |key: &OutputKey| -> Option<Frames> {
        let frames = folder.output(key).ok()?;
        Some(Box::new(frames.map_while(Result::ok)))
    };
    let replay = Replay::new(events, open, args.speed);
    let failed = |error: ObserveError| CliError::Output { source: io::Error::other(error) };
    let display = display(args, session);
    if args.format == Format::Json {
        let observer = JsonLines::start(Box::new(io::stdout()), Box::new(io::stderr()), display.patience);
        let mut observer = Box::new(observer.map_err(failed)?);
        play(replay, &mut *observer, &Unseen, std::thread::sleep).map_err(failed)?;
        observer.finish().map_err(failed)?;
    } else {
        let terminal = Terminal::start(display, Box::new(io::stdout()), Box::new(io::stderr()));
        let mut terminal = Box::new(terminal.map_err(failed)?);
        let lines = terminal.lines().that_wait();
        play(replay, &mut *terminal, &lines, std::thread::sleep).map_err(failed)?;
        terminal.finish().map_err(failed)?;
    }
    Ok(ExitStatus::Success)
}

fn display(args: &ReplayArgs, session: &Session) -> Display {
    let environment = &session.environment;
    let size = Size::new(u16::try_from(environment.width).unwrap_or(u16::MAX), 24);
    Display {
        format: if args.format == Format::Plain { ReportFormat::Plain } else { ReportFormat::Human },
        gather: args.gather,
        live: environment.may_draw() && !session.global.quiet,
        size,
        out: session.printer.out_palette(args.format),
        err: session.printer.err_palette(args.format),
        fold: |names| fold(names.iter().copied()),
        ..Display::default()
    }
}

/// Takes lines where only events are shown.
struct Unseen;

impl runsheet_events::DisplaySink for Unseen {
    fn line(&self, _: runsheet_events::DisplayLine) {}
}
