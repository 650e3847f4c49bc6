use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use runsheet_events::Request;
use runsheet_inventory::Variables;

use crate::error::CliError;

/// What the program reads of its surroundings, once: everything below is handed values.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the surroundings")]
pub(crate) struct Environment {
    /// The home folder.
    pub(crate) home: PathBuf,
    /// The login name.
    pub(crate) user: String,
    /// The login user's number.
    pub(crate) user_id: u32,
    /// The name of this machine.
    pub(crate) machine: String,
    /// All variables that are text.
    pub(crate) variables: Variables,
    /// The working directory.
    pub(crate) cwd: PathBuf,
    /// Where runs are kept: `$XDG_STATE_HOME/runsheet`, else `~/.local/state/runsheet`.
    pub(crate) state: PathBuf,
    /// Another file system for what the journal cannot take any more: `$XDG_RUNTIME_DIR`.
    pub(crate) runtime: Option<PathBuf>,
    /// The agent's socket: `$SSH_AUTH_SOCK`.
    pub(crate) agent: Option<PathBuf>,
    /// `$RUNSHEET_LOG`.
    pub(crate) log: Option<String>,
    /// Whether a continuous-integration system runs us (`$CI`): nothing live then.
    pub(crate) ci: bool,
    /// Whether standard input is a terminal.
    pub(crate) stdin_terminal: bool,
    /// Whether standard output is a terminal.
    pub(crate) stdout_terminal: bool,
    /// Whether standard error is a terminal.
    pub(crate) stderr_terminal: bool,
    /// The command line and its folder, if both are text.
    pub(crate) request: Option<Request>,
    /// Columns of the terminal, if one is known.
    pub(crate) width: usize,
}

impl Environment {
    pub(crate) fn read() -> Result<Self, CliError> {
        let home = variable("HOME").map(PathBuf::from).filter(|home| home.is_absolute()).ok_or(CliError::NoHome)?;
        let cwd = std::env::current_dir().map_err(|source| CliError::WorkingDirectory { source })?;
        let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let user =
            ["USER", "LOGNAME"].into_iter().find_map(variable).and_then(|user| user.into_string().ok()).unwrap_or_else(
                || if rustix::process::getuid().is_root() { "root".to_owned() } else { "nobody".to_owned() },
            );
        let state = variable("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let width = rustix::termios::tcgetwinsize(std::io::stderr())
            .ok()
            .map(|size| usize::from(size.ws_col))
            .filter(|&columns| columns >= 20)
            .unwrap_or(100);
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Ok(Self {
            user_id: rustix::process::getuid().as_raw(),
            variables,
            state: state.unwrap_or_else(|| home.join(".local/state")).join("runsheet"),
            runtime: variable("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute()),
            agent: variable("SSH_AUTH_SOCK").map(PathBuf::from),
            log: variable("RUNSHEET_LOG").and_then(|log| log.into_string().ok()),
            ci: variable("CI").is_some_and(|ci| ci != "false"),
            stdin_terminal: std::io::stdin().is_terminal(),
            stdout_terminal: std::io::stdout().is_terminal(),
            stderr_terminal: std::io::stderr().is_terminal(),
            request: request(&cwd),
            home,
            user,
            machine,
            cwd,
            width,
        })
    }

    /// Whether live lines may be drawn: with both streams on a terminal, and nobody's log in between.
    pub(crate) fn may_draw(&self) -> bool {
        self.stdout_terminal && self.stderr_terminal && !self.ci
    }

    /// A path as the user means it: `~/` is the home folder, anything relative stands in `base`.
    pub(crate) fn path(&self, base: &Path, path: &str) -> PathBuf {
        match path.strip_prefix("~/") {
            Some(rest) => self.home.join(rest),
            None => base.join(path),
        }
    }
}

/// The command line, so that it can be given once more.
fn request(cwd: &Path) -> Option<Request> {
    let words = std::env::args_os().map(OsString::into_string).collect::<Result<_, _>>().ok()?;
    Some(Request { words, folder: cwd.to_str()?.to_owned() })
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
