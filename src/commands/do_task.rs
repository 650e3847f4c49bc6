use clap::Args;
use runsheet_model::Vars;
use serde_json::{Value, json};

use crate::args::WaitArgs;
use crate::commands::adhoc::{AdHoc, AdHocArgs, AsUserArgs};
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::session::Session;

/// Run one task on some hosts
///
/// For example `runsheet do apache.restart -H web[01-20]`. `runsheet tasks` lists the tasks, `runsheet tasks show TASK` its arguments.
#[derive(Debug, Args)]
pub(crate) struct DoArgs {
    /// The task
    task: String,
    /// Its arguments: `name=value`, or `name={secret: NAME}` for a secret of runsheet.yaml
    #[arg(value_name = "NAME=VALUE")]
    args: Vec<String>,
    #[command(flatten)]
    as_user: AsUserArgs,
    /// Give the commands a terminal; what they write to standard error comes with their output
    #[arg(long, help_heading = "Run")]
    pty: bool,
    #[command(flatten)]
    pub(crate) adhoc: AdHocArgs,
    #[command(flatten)]
    wait: WaitArgs,
}

pub(crate) async fn exec(args: DoArgs, session: &Session) -> Result<ExitStatus, CliError> {
    // First of all the task: a mistake in its name is the likeliest.
    session.registry().get(&args.task)?;
    let values = args.args.iter().map(|arg| argument(arg)).collect::<Result<_, _>>()?;
    let task = AdHoc {
        command: "do",
        task: &args.task,
        title: args.task.clone(),
        args: values,
        vars: Vars::new(),
        seen_from: u64::MAX,
        as_user: args.as_user.as_sheet(),
        pty: args.pty,
        wait: args.wait.wait,
    };
    task.run(&args.adhoc, session).await
}

fn argument(text: &str) -> Result<(String, Value), CliError> {
    let Some((name, value)) = text.split_once('=') else {
        return Err(CliError::usage(format!("argument `{text}` has no `=`"), "write `name=value`"));
    };
    let secret = value
        .strip_prefix('{')
        .and_then(|inner| inner.strip_suffix('}'))
        .and_then(|inner| inner.trim().strip_prefix("secret:"))
        .map(|name| json!({"secret": name.trim()}));
    Ok((name.trim().to_owned(), secret.unwrap_or_else(|| Value::from(value))))
}
