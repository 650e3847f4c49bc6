use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::reference;

/// Why a spreadsheet could not be read or changed. Whatever it is, nothing was written.
#[derive(Debug)]
pub struct WorkbookError {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What is wrong with a spreadsheet, or with what was to be done to it.
#[derive(Debug, Error)]
pub enum Reason {
    /// The file system said no.
    #[error("failed to {doing}")]
    Io {
        /// What was being done, such as `read it`.
        doing: &'static str,
        /// Why.
        source: io::Error,
    },
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// It is something else.
    #[error("it is no spreadsheet but {what}")]
    NotASpreadsheet {
        /// What it looks like, with its article.
        what: &'static str,
    },
    /// A spreadsheet of a kind that is not read, or that is read and not changed.
    #[error("{what} cannot be {done} here")]
    Unsupported {
        /// The kind, with its article.
        what: &'static str,
        /// `read` or `changed`.
        done: &'static str,
    },
    /// It opens with a password only.
    #[error("it is protected by a password")]
    Protected,
    /// It is not what it claims to be.
    #[error("it is damaged: {why}{}", in_part(part))]
    Damaged {
        /// The file inside it; empty for the whole.
        part: String,
        /// What is wrong.
        why: String,
    },
    /// It asks for what no spreadsheet needs and attackers do.
    #[error("it is not safe to read: {why}{}", in_part(part))]
    Unsafe {
        /// The file inside it; empty for the whole.
        part: String,
        /// What it does.
        why: &'static str,
    },
    /// It is larger than what is read.
    #[error("it is too large: {what}")]
    TooLarge {
        /// What there is too much of, with the limit.
        what: String,
    },
    /// There is no such tab.
    #[error("it has no tab `{tab}`")]
    NoTab {
        /// The tab that was asked for.
        tab: String,
        /// Those that are there.
        tabs: Vec<String>,
    },
    /// One cell cannot be changed as was asked.
    #[error("tab `{tab}`, cell {}: {why}", reference::name(*row, *column))]
    Cell {
        /// The tab.
        tab: String,
        /// The row, from 1.
        row: u32,
        /// The column, from 1.
        column: u32,
        /// Why not.
        why: String,
    },
    /// Somebody changed it meanwhile.
    #[error("it was changed since it was read")]
    Changed,
    /// Somebody has it open in an office program, which would write over what is changed here.
    #[error("it is open: {who}")]
    Open {
        /// Who has it open, as far as it is known.
        who: String,
        /// The file that says so.
        lock: PathBuf,
    },
}

fn in_part(part: &str) -> String {
    if part.is_empty() { String::new() } else { format!(" (in `{part}`)") }
}

impl Reason {
    /// For `map_err`: an error of the file system.
    pub(crate) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, source }
    }

    /// It is not what it claims to be.
    pub(crate) fn damaged(part: &str, why: impl Into<String>) -> Self {
        Self::Damaged { part: part.to_owned(), why: why.into() }
    }

    /// Which file of a folder it is about, if it does not say so itself.
    pub(crate) fn in_file(self, file: &str) -> Self {
        match self {
            Self::Damaged { part, why } if part.is_empty() => Self::Damaged { part: file.to_owned(), why },
            Self::NotASpreadsheet { what } => Self::Damaged { part: file.to_owned(), why: format!("it is {what}") },
            Self::TooLarge { what } => Self::TooLarge { what: format!("{what} (in `{file}`)") },
            other => other,
        }
    }

    /// For `map_err`: which file it is about.
    pub(crate) fn at(path: &Path) -> impl FnOnce(Self) -> WorkbookError {
        move |reason| WorkbookError { path: path.to_owned(), reason }
    }
}

impl fmt::Display for WorkbookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spreadsheet `{}`: {}", self.path.display(), self.reason)
    }
}

impl Error for WorkbookError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.reason.source()
    }
}

impl WorkbookError {
    /// What would help, if anything is known to: one sentence.
    pub fn hint(&self) -> Option<String> {
        Some(match &self.reason {
            Reason::NotASpreadsheet { .. } => {
                "what can be read: .xlsx, .ods, .csv, a folder of .csv, and a spreadsheet saved as XML".to_owned()
            }
            Reason::Unsupported { done: "changed", .. } => "save it as .xlsx, .ods or .csv, and import that".to_owned(),
            Reason::Unsupported { .. } | Reason::Unsafe { .. } => {
                "open it in a spreadsheet and save it as .xlsx or .ods".to_owned()
            }
            Reason::Protected => "save it without a password".to_owned(),
            Reason::Damaged { .. } => {
                "fetch it once more; if it opens in a spreadsheet, save it there under a new name".to_owned()
            }
            Reason::TooLarge { .. } => "take away tabs and rows that are not needed".to_owned(),
            Reason::NoTab { tab, tabs } => match tabs.iter().find(|known| known.eq_ignore_ascii_case(tab.trim())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("its tabs: {}", tabs.join(", ")),
            },
            Reason::Open { lock, .. } => {
                format!("close it there; if nobody has it open any more, remove `{}`", lock.display())
            }
            Reason::Io { .. } | Reason::Empty | Reason::Cell { .. } | Reason::Changed => return None,
        })
    }
}
