use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use runsheet_events::EventKind;
use runsheet_journal::RunFolder;
use runsheet_plan::{Plan, ReadPlanError, differences};
use rustix::fs::{Mode, OFlags};
use serde_json::Value;
use thiserror::Error;

use crate::error::CliError;
use crate::session::Session;

/// The largest file of a plan, in bytes: room for all arguments of 10,000 hosts in dozens of steps.
const LARGEST: u64 = 256 << 20;

/// The fewest digits that name a plan: as many as are shown.
const FEWEST_DIGITS: usize = 12;

/// The plan that somebody has approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Approved {
    /// The plan itself, in a file.
    File(PathBuf),
    /// The first digits of its hash.
    Hash(String),
}

/// Why a file holds no plan.
#[derive(Debug, Error)]
pub(crate) enum PlanFileProblem {
    #[error("it cannot be read")]
    Read { source: io::Error },
    #[error("it is larger than {} MiB", LARGEST >> 20)]
    Large,
    #[error(transparent)]
    Plan(#[from] ReadPlanError),
}

/// What would run is not what was approved.
#[derive(Debug, Error)]
pub(crate) struct PlanChanged {
    approved: String,
    now: String,
    /// Where the approved plan was found, and what differs from it.
    differences: Option<(String, Vec<String>)>,
}

impl Approved {
    /// Reads what `--plan` says. What looks like a hash is one; a file of such a name is `./NAME`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("sha256:").unwrap_or(text).to_ascii_lowercase();
        let is_hexadecimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        match digits.len() {
            FEWEST_DIGITS..=64 if is_hexadecimal => Ok(Self::Hash(digits)),
            _ if is_hexadecimal && !Path::new(text).exists() => Err(format!(
                "there is no such file, and a hash is given by at least its first {FEWEST_DIGITS} digits of 64"
            )),
            _ => Ok(Self::File(PathBuf::from(text))),
        }
    }

    /// Refuses a plan that is not the approved one, and tells what differs.
    pub(crate) fn check(&self, plan: &Plan, session: &Session) -> Result<(), CliError> {
        let (approved, known) = match self {
            Self::File(path) => {
                let path = session.environment.cwd.join(path);
                let problem = |problem| CliError::PlanFile { path: path.clone(), problem };
                let json = read(&path).map_err(problem)?;
                let approved = Plan::read(&json).map_err(|error| problem(error.into()))?;
                if approved.hash == plan.hash {
                    return Ok(());
                }
                (approved.hash.short().to_owned(), Some((path.display().to_string(), json)))
            }
            Self::Hash(digits) if plan.hash.starts_with(digits) => return Ok(()),
            Self::Hash(digits) => (digits.clone(), recorded(digits, session)),
        };
        let now = serde_json::to_value(plan).map_err(|error| CliError::Output { source: error.into() })?;
        let before = known.and_then(|(place, json)| Some((place, serde_json::from_slice::<Value>(&json).ok()?)));
        Err(CliError::PlanChanged(PlanChanged {
            approved,
            now: plan.hash.short().to_owned(),
            differences: before.map(|(place, before)| (place, differences(&before, &now))),
        }))
    }
}

impl fmt::Display for PlanChanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { approved, now, differences } = self;
        write!(f, "the plan is not the approved one: its hash is {now} and not {approved}; nothing was run")?;
        if let Some((place, lines)) = differences {
            write!(f, "\nwhat differs from {place}:")?;
            lines.iter().try_for_each(|line| write!(f, "\n  - {line}"))?;
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, PlanFileProblem> {
    let open = || -> io::Result<File> {
        // Opening a pipe would wait for a writer.
        let file =
            File::from(rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK, Mode::empty())?);
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a file")) }
    };
    let mut json = Vec::new();
    open()
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut json))
        .map_err(|source| PlanFileProblem::Read { source })?;
    if json.len() as u64 > LARGEST { Err(PlanFileProblem::Large) } else { Ok(json) }
}

/// The plan of such a hash in the record of the newest run that had it. What cannot be read only makes the answer shorter.
fn recorded(digits: &str, session: &Session) -> Option<(String, Vec<u8>)> {
    let state = session.state().ok()?;
    let had_it = |folder: &RunFolder| -> Option<bool> {
        let first = folder.reader().ok()?.events().ok()?.next()?.ok()?;
        let EventKind::RunStarted(header) = first.kind else { return None };
        Some(header.plan_hash.strip_prefix("sha256:")?.starts_with(digits))
    };
    let mut folders = state.runs().ok()?.into_iter().filter_map(|run| state.open_run(run).ok());
    let folder = folders.find(|folder| had_it(folder) == Some(true))?;
    // It may have gone on with another plan.
    let json = folder.plan().ok()?;
    let plan = Plan::read(&json).ok()?;
    plan.hash.starts_with(digits).then(|| (format!("run {}", folder.run()), json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_digits_or_more_are_a_hash_and_anything_else_is_a_file() {
        let hash = |digits: &str| Ok(Approved::Hash(digits.to_owned()));
        assert_eq!(Approved::parse("0123456789ab"), hash("0123456789ab"));
        assert_eq!(Approved::parse("sha256:0123456789ABcd"), hash("0123456789abcd"));
        assert_eq!(Approved::parse(&"f".repeat(64)), hash(&"f".repeat(64)));
        for file in ["plan.json", "./0123456789ab", "approved/abc", "0123456789ag"] {
            assert_eq!(Approved::parse(file), Ok(Approved::File(file.into())));
        }
        for neither in ["0123456789a", "sha256:01", &"0".repeat(65)] {
            assert!(Approved::parse(neither).is_err(), "{neither}");
        }
    }
}
