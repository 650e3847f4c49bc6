use std::collections::BTreeMap;

use clap::Args;
use serde_json::Value;

use crate::commands::adhoc::{AdHoc, AdHocArgs, AsUserArgs};
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::session::Session;

/// Run one command on some hosts
///
/// For example `runsheet exec -H web[01-20],!web07 -b -- uptime`. The words after `--` are joined by spaces and run by the login shell
/// of each host, as ssh does. Nothing in them is a template.
#[derive(Debug, Args)]
pub(crate) struct ExecArgs {
    #[command(flatten)]
    as_user: AsUserArgs,
    /// Give the commands a terminal; what they write to standard error comes with their output
    #[arg(long, help_heading = "Run")]
    pty: bool,
    #[command(flatten)]
    pub(crate) adhoc: AdHocArgs,
    /// The command
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub(crate) async fn exec(args: ExecArgs, session: &Session) -> Result<ExitStatus, CliError> {
    let command = args.command.join(" ");
    let task = AdHoc {
        command: "exec",
        task: "command",
        title: shortened(&command),
        args: BTreeMap::from([("run".to_owned(), Value::from("{{ vars.command }}"))]),
        vars: BTreeMap::from([("command".to_owned(), Value::from(command))]),
        seen_from: u64::MAX,
        as_user: args.as_user.as_sheet(),
        pty: args.pty,
        wait: None,
    };
    task.run(&args.adhoc, session).await
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
