use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};
use runsheet_reporters::Palette;

use crate::args::{Color, Format, GlobalArgs};
use crate::environment::Environment;
use crate::error::CliError;

/// Writes what commands say: data to standard output, all else to standard error, with colours where they are wanted.
#[derive(Clone, Debug)]
pub(crate) struct Printer {
    color: Color,
    quiet: bool,
    /// Columns to cut tables to; none where standard output is no terminal.
    pub(crate) width: Option<usize>,
}

impl Printer {
    pub(crate) fn new(global: &GlobalArgs, environment: &Environment) -> Self {
        let width = environment.stdout_terminal.then_some(environment.width);
        Self { color: global.color, quiet: global.quiet, width }
    }

    /// Writes data. A reader that is gone is no error: it has seen what it wanted.
    pub(crate) fn data(&self, text: &str) -> Result<(), CliError> {
        let mut out = AutoStream::new(io::stdout().lock(), self.choice(&io::stdout()));
        written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }

    /// Writes one document of JSON as data.
    pub(crate) fn json(&self, value: &impl serde::Serialize) -> Result<(), CliError> {
        let mut text =
            serde_json::to_string_pretty(value).map_err(|error| CliError::Output { source: error.into() })?;
        text.push('\n');
        self.data(&text)
    }

    /// Tells something that is no data, unless `--quiet`.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.alarm(text);
        }
    }

    /// Tells something that matters even with `--quiet`.
    pub(crate) fn alarm(&self, text: &str) {
        let mut err = AutoStream::new(io::stderr().lock(), self.choice(&io::stderr()));
        // Where nobody can be told, nothing is left to do.
        _ = err.write_all(text.as_bytes());
    }

    /// The colours of standard output.
    pub(crate) fn out_palette(&self, format: Format) -> Palette {
        palette(format, self.choice(&io::stdout()))
    }

    /// The colours of standard error.
    pub(crate) fn err_palette(&self, format: Format) -> Palette {
        palette(format, self.choice(&io::stderr()))
    }

    fn choice(&self, stream: &impl anstream::stream::RawStream) -> ColorChoice {
        match self.color {
            Color::Auto => AutoStream::choice(stream),
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
    }
}

fn palette(format: Format, choice: ColorChoice) -> Palette {
    if format == Format::Human && choice != ColorChoice::Never { Palette::colored() } else { Palette::plain() }
}

fn written(result: io::Result<()>) -> Result<(), CliError> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|source| CliError::Output { source }),
    }
}
