//! runsheet: the deploy sheet that runs itself.
//!
//! The program: arguments, the choice of parts, and exit codes. Each command is a file in `commands/`; what it does is done by the
//! crates below. Only here are the environment, the home folder and the terminal read, and handed down as values.

mod approved;
mod args;
mod asked_once;
mod commands;
mod environment;
mod error;
mod exit;
mod explain;
mod foresee;
mod foresight;
mod hidden_input;
mod launch;
mod local_program;
mod locks;
mod logging;
mod logins;
mod open_files;
mod openssh;
mod past_trends;
mod people;
mod plan_file;
mod plan_forecast;
mod printer;
mod project;
mod reaching;
mod rehearsing;
mod resuming;
mod secrets;
mod session;
mod show_plan;
mod show_preflight;
mod show_trend;
mod signals;
mod sinks;
mod spreadsheet;
mod terminal_size;
mod unknown_keys;
mod user_shell;
mod version;
mod when;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;
use crate::environment::Environment;
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::printer::Printer;

fn main() -> ExitCode {
    // clap ends the process by itself with 2 for a mistake and 0 for `--help`.
    let cli = Cli::parse();
    match run(cli) {
        Ok(status) => status.into(),
        Err(error) => error.into(),
    }
}

fn run(cli: Cli) -> Result<ExitStatus, ExitStatus> {
    let told = |error: CliError, printer: Option<&Printer>| {
        let text = runsheet_diagnostics::chain(&error);
        match printer {
            Some(printer) => printer.alarm(&text),
            None => _ = std::io::Write::write_all(&mut anstream::stderr(), text.as_bytes()),
        }
        error.status()
    };
    let environment = Environment::read().map_err(|error| told(error, None))?;
    let printer = Printer::new(&cli.global, &environment);
    logging::start(cli.global.verbose, environment.log.as_deref(), cli.global.log_file.as_deref())
        .map_err(|error| told(error, Some(&printer)))?;
    commands::exec(cli.command, cli.global, environment).map_err(|error| told(error, Some(&printer)))
}
