use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::args::{Cli, GlobalArgs};
use crate::environment::Environment;
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::printer::Printer;

/// Print completions for a shell
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// Which shell
    shell: Shell,
}

pub(crate) fn exec(
    args: &CompletionsArgs,
    environment: &Environment,
    global: &GlobalArgs,
) -> Result<ExitStatus, CliError> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "runsheet", &mut text);
    Printer::new(global, environment).data(&String::from_utf8_lossy(&text))?;
    Ok(ExitStatus::Success)
}
