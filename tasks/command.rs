//! Run one command.

use runsheet_model::Secret;
use runsheet_task::{Arg, ArgKind, Command, Config, Host, Outcome, TaskError, TaskSpec};

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("command", "Runs one command.")
        .one_command()
        .details(
            "The command is a line for the shell of the user on the host, as one would type it there. A value that is put into it \
             by a template is part of that line: what has spaces or quotes in it needs quotes of its own.\n\n\
             A secret goes by `stdin`: a command line can be read by everybody on the host.\n\n\
             An exit code other than 0 is a failure, with what the command wrote to standard error as its message.",
        )
        .arg(Arg::required("run", ArgKind::Text, "The command."))
        .arg(Arg::optional("stdin", ArgKind::TextOrSecret, "What it reads from standard input."))
        .arg(
            Arg::optional("changed", ArgKind::Boolean, "Whether its success counts as a change of the host.").default(true),
        )
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let run = config.text("run")?;
    if run.trim().is_empty() {
        // A shell would take it for a success.
        return Ok(Outcome::failed("`run` is empty", 2));
    }
    let mut command = Command::shell(run);
    if let Some(stdin) = config.secret_or_text("stdin")? {
        command = command.stdin(Secret::new(stdin.expose().clone().into_bytes()));
    }
    let mut outcome = host.log_run(command).await?;
    outcome.changed &= config.boolean("changed")?;
    Ok(outcome)
}
