use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use runsheet_inventory::OpenSsh;

use crate::asked_once::AskedOnce;
use crate::local_program;

/// How long one answer may take.
const LIMIT: Duration = Duration::from_secs(10);

/// The longest that is told of what it complains about, in bytes.
const LONGEST: usize = 1024;

/// Asks the OpenSSH client how it would reach a host, once for each host, user and port. It is started with arguments, never through a
/// shell.
#[derive(Debug)]
pub(crate) struct AskOpenSsh {
    /// The file of `-F`, if one is given.
    config: Option<PathBuf>,
    answers: AskedOnce<Vec<String>, Result<Arc<str>, String>>,
}

impl AskOpenSsh {
    pub(crate) fn new(config: Option<PathBuf>) -> Self {
        Self { config, answers: AskedOnce::new() }
    }

    fn ask(&self, config: Option<&PathBuf>, arguments: Vec<String>) -> Result<Arc<str>, String> {
        self.answers.ask(arguments.clone(), || {
            let mut ssh = Command::new("ssh");
            ssh.arg("-G").stdout(Stdio::piped()).stderr(Stdio::piped());
            if let Some(config) = config {
                ssh.arg("-F").arg(config);
            }
            let output = local_program::run(ssh.args(arguments), LIMIT)?;
            if !output.status.success() {
                let complaint = &output.stderr[..output.stderr.len().min(LONGEST)];
                return Err(runsheet_model::visible(complaint).trim().replace('\n', "; "));
            }
            String::from_utf8(output.stdout).map(Arc::from).map_err(|error| error.to_string())
        })
    }
}

impl OpenSsh for AskOpenSsh {
    fn settings(&self, host: &str, user: Option<&str>, port: Option<u16>) -> Result<Arc<str>, String> {
        let mut arguments = Vec::new();
        if let Some(user) = user {
            arguments.extend(["-l".to_owned(), user.to_owned()]);
        }
        if let Some(port) = port {
            arguments.extend(["-p".to_owned(), port.to_string()]);
        }
        arguments.extend(["--".to_owned(), host.to_owned()]);
        self.ask(self.config.as_ref(), arguments)
    }

    fn defaults(&self) -> Result<Arc<str>, String> {
        // A name for examples (RFC 2606).
        self.ask(Some(&PathBuf::from("none")), vec!["runsheet.invalid".to_owned()])
    }
}
