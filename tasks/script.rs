//! Run a script of this machine on each host.

use runsheet_model::Secret;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use crate::on_host::HostScript;
use crate::planned_text::planned_text;

const SCRIPT: HostScript = HostScript::new("script", &[include_str!("script.sh")]);

/// Those who are told by `-s` to read a script from standard input (sh(1)); perl, python, ruby and node are told by `-`.
const SHELLS: [&str; 7] = ["sh", "ash", "bash", "dash", "ksh", "mksh", "zsh"];

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("script", "Runs a script of this machine on each host.")
        .one_command()
        .details(
            "The script goes to its interpreter by standard input, so that nothing is left on the host, and is run only if all of \
             it has arrived. Its content is part of the plan: if the file changes after planning, nothing is run.\n\n\
             Since standard input is the script, a command in it that reads standard input would read the rest of the script: \
             give such a command `</dev/null`. A shell as interpreter is called with `-s --` and the arguments, any other \
             (perl, python3, ruby) with `-` and the arguments. `$0` is no path. At most 4 MiB.",
        )
        .arg(Arg::required("source", ArgKind::LocalFile, "The script."))
        .arg(Arg::optional("args", ArgKind::TextList, "Its arguments.").default(Vec::<String>::new()))
        .arg(Arg::optional("interpreter", ArgKind::Text, "The program that runs it.").default("/bin/sh"))
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let source = config.local_file("source")?;
    let script = match planned_text(&source, "a script").await {
        Ok(script) => script,
        Err(why) => {
            return Ok(Outcome::failed(format!("`{}` {why}; nothing was run", source.path.display()), 1));
        }
    };
    let interpreter = config.text("interpreter")?;
    let bytes = script.len().to_string();
    let mut words = vec![bytes.as_str(), interpreter];
    match interpreter.rsplit('/').next() {
        Some(program) if SHELLS.contains(&program) => words.extend(["-s", "--"]),
        _ => words.push("-"),
    }
    words.extend(config.list("args")?);
    host.would("run the script")?;
    host.log_run(SCRIPT.with(words).stdin(Secret::new(script))).await
}
