use clap::{Args, CommandFactory};

use crate::args::{Cli, GlobalArgs};
use crate::environment::Environment;
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::printer::Printer;

/// Print the manual page, in roff; look at it with `runsheet man | man -l -`
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The page of one command
    command: Option<String>,
}

pub(crate) fn exec(args: &ManArgs, environment: &Environment, global: &GlobalArgs) -> Result<ExitStatus, CliError> {
    let mut whole = Cli::command();
    whole.build();
    let command = match &args.command {
        None => whole,
        Some(name) => whole
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| CliError::usage(format!("there is no command `{name}`"), "`runsheet help` lists them"))?,
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text).map_err(|source| CliError::Output { source })?;
    Printer::new(global, environment).data(&String::from_utf8_lossy(&text))?;
    Ok(ExitStatus::Success)
}
