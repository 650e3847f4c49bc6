use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};

use runsheet_model::{Secret, SecretName};
use runsheet_task::Secrets;

use crate::environment::Environment;
use crate::error::{CliError, SecretProblem};
use crate::hidden_input::ask_hidden;
use crate::project::{Project, SecretSource};

/// The largest secret, in bytes.
const LARGEST: u64 = 64 * 1024;

/// Reads the secrets that a plan names, each once, before anything runs.
pub(crate) fn read(
    names: &[SecretName],
    project: &Project,
    environment: &Environment,
    may_ask: bool,
) -> Result<Secrets, CliError> {
    let mut secrets = BTreeMap::new();
    for name in names {
        let source = project.settings.secrets.get(name.as_str()).map(|source| &source.value);
        let value = match source {
            None => Err(SecretProblem::Undeclared),
            Some(SecretSource::Env(variable)) => {
                std::env::var(variable).map_err(|_| SecretProblem::NoVariable { variable: variable.clone() })
            }
            Some(SecretSource::File(path)) => from_file(&environment.path(&project.root, path)),
            Some(SecretSource::Command(words)) => from_command(words, &project.root),
            Some(SecretSource::Prompt(question)) if may_ask => {
                ask_hidden(question).map_err(|source| SecretProblem::Terminal { source })
            }
            Some(SecretSource::Prompt(_)) => Err(SecretProblem::NobodyToAsk),
        };
        let value = value.map_err(|problem| CliError::Secret { name: name.clone(), problem })?;
        if value.contains('\0') {
            return Err(CliError::Secret { name: name.clone(), problem: SecretProblem::Nul });
        }
        secrets.insert(name.clone(), Secret::new(value));
    }
    Ok(Secrets::new(secrets))
}

fn from_file(path: &Path) -> Result<String, SecretProblem> {
    let failed = |source| SecretProblem::File { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if about.mode() & 0o077 != 0 {
        return Err(SecretProblem::OpenToOthers { path: path.to_owned(), mode: about.mode() & 0o777 });
    }
    bounded(file).map_err(failed)
}

fn from_command(words: &[String], folder: &Path) -> Result<String, SecretProblem> {
    let program = words.first().cloned().unwrap_or_default();
    let failed = |source| SecretProblem::Command { program: program.clone(), source };
    let mut child = Command::new(&program)
        .args(words.get(1..).unwrap_or_default())
        .current_dir(folder)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let value = match child.stdout.take() {
        Some(stdout) => bounded(stdout).map_err(failed)?,
        None => String::new(),
    };
    let status = child.wait().map_err(failed)?;
    if status.success() { Ok(value) } else { Err(SecretProblem::CommandFailed { program, status }) }
}

fn bounded(reader: impl Read) -> io::Result<String> {
    let mut text = String::new();
    let count = reader.take(LARGEST + 1).read_to_string(&mut text)?;
    if count as u64 > LARGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 64 KiB"));
    }
    Ok(without_line_end(text))
}

fn without_line_end(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}
