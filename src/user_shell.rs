use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use runsheet_inventory::MatchExec;

use crate::asked_once::AskedOnce;
use crate::environment::Environment;
use crate::local_program;

/// How long a command of `Match exec` may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Runs the commands of `Match exec` as OpenSSH does: by the shell of the user, without input and without output. Each command
/// runs once, however many hosts it decides about.
#[derive(Debug)]
pub(crate) struct UserShell {
    shell: PathBuf,
    answers: AskedOnce<String, Result<bool, String>>,
}

impl UserShell {
    pub(crate) fn new(environment: &Environment) -> Self {
        let shell = environment.variables.get("SHELL").filter(|shell| !shell.is_empty());
        Self { shell: PathBuf::from(shell.unwrap_or("/bin/sh")), answers: AskedOnce::new() }
    }
}

impl MatchExec for UserShell {
    fn holds(&self, command: &str) -> Result<bool, String> {
        self.answers.ask(command.to_owned(), || {
            let mut shell = Command::new(&self.shell);
            shell.arg("-c").arg(command).stdout(Stdio::null());
            let status = local_program::run(&mut shell, LIMIT)?.status;
            if status.code().is_none() { Err(format!("it ended by {status}")) } else { Ok(status.success()) }
        })
    }
}
