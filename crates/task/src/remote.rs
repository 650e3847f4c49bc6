use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use async_trait::async_trait;
use runsheet_model::{LostReason, Secret, Stream, Unreachable};
use thiserror::Error;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{AsUser, BootId, Sighting};

/// A host that is connected. One connection, over which any number of commands run, each on a channel of its own.
#[async_trait]
pub trait Remote: Send + Sync {
    /// Runs one command to its end.
    ///
    /// Output goes to `output` as it comes and is always read, whatever the reader does with it. The result is known as soon as
    /// the exit status is: a process left in the background that holds the output open does not hold the command up.
    async fn exec(&self, request: &ExecRequest, output: &mut dyn Output) -> Result<ExecEnd, RemoteError>;

    /// Sends a file: the target is replaced entirely or not at all.
    async fn put(&self, upload: &Upload, limits: &Limits) -> Result<Transfer, RemoteError>;

    /// Sends many small files, each of which is replaced entirely or not at all, and returns how many bytes they have together. At the
    /// first that fails it ends: some have arrived then, and some not.
    async fn put_all(&self, uploads: &[Upload], limits: &Limits) -> Result<u64, RemoteError> {
        let mut bytes = 0;
        for upload in uploads {
            bytes += self.put(upload, limits).await?.bytes;
        }
        Ok(bytes)
    }

    /// Fetches a file or a folder: the local target is replaced entirely or not at all. Nothing that a host says leads out of it.
    async fn get(&self, download: &Download, limits: &Limits) -> Result<Transfer, RemoteError>;

    /// Whether the connection still stands, as far as is known.
    fn is_alive(&self) -> bool;

    /// Which start of the host the connection belongs to, as far as commands on it have told.
    fn boot(&self) -> Option<BootId> {
        None
    }

    /// The same, and asks the host where nothing has told yet. Nothing if it does not tell.
    async fn ask_boot(&self, _limits: &Limits) -> Option<BootId> {
        self.boot()
    }

    /// Closes the connection in good order, within a second or two.
    async fn close(&self);
}

/// Takes a command's output. It must not block.
pub trait Output: Send {
    /// Takes some bytes.
    fn chunk(&mut self, stream: Stream, bytes: &[u8]);
}

/// How long remote work may take and how it is stopped.
#[derive(Clone, Debug)]
pub struct Limits {
    /// When it has to be over.
    pub deadline: Instant,
    /// How long that was from the start, for messages.
    pub limit: Duration,
    /// Fires when it is to be stopped before its end.
    pub cancel: CancellationToken,
}

/// A command to be run.
pub struct ExecRequest {
    /// The text for the login shell of the user on the host.
    pub command: String,
    /// What is recorded in its place, where it holds more than the command.
    pub recorded: Option<String>,
    /// Whom it becomes and what that user's shell runs, if the text does so: for a connection that knows sudo's password.
    pub as_user: Option<(AsUser, String)>,
    /// The command as it was before that, where it is for the machine that runs runsheet and for no shell.
    pub on_local: Option<OnLocal>,
    /// What it reads from standard input; then, or without it at once, the end of the file.
    pub stdin: Option<Secret<Vec<u8>>>,
    /// Whether it has a terminal. Then all that it writes is standard output, and what it reads is lines of text.
    pub pty: bool,
    /// Whether people are not shown its output while it runs. It is recorded all the same.
    pub quiet: bool,
    /// How long it may take.
    pub limits: Limits,
}

/// A file to be sent.
#[derive(Clone, Debug)]
pub struct Upload {
    /// What.
    pub content: Content,
    /// Where to on the host; relative to the login folder.
    pub target: String,
    /// File mode; if absent that of the file it replaces, else 0644 less the user's umask.
    pub mode: Option<u32>,
    /// SHA-256 that the content must have, in hexadecimal; if it has another, nothing is sent.
    pub sha256: Option<String>,
    /// Whether the folders on the way to the target are made if they are missing.
    pub folders: bool,
    /// Counts the bytes that have arrived, for those who watch. A task leaves it at its default.
    pub moved: Arc<AtomicU64>,
}

/// What is sent.
#[derive(Clone, Debug)]
pub enum Content {
    /// A file of this machine. The file on the host gets its time of modification.
    File(PathBuf),
    /// The same, if it still is as it was seen; if not, nothing is sent.
    Seen(PathBuf, Sighting),
    /// These bytes.
    Bytes(Arc<[u8]>),
}

/// A file to be fetched, or a folder with all that is in it.
#[derive(Clone, Debug)]
pub struct Download {
    /// Where it is on the host; relative to the login folder.
    pub source: String,
    /// Where to on this machine; its folder exists. It is for its owner alone.
    pub target: PathBuf,
    /// The most that is taken, in bytes.
    pub cap: u64,
    /// Whether it may be a folder. If it may not, a folder is a failure.
    pub folder: bool,
    /// Counts the bytes that have arrived, for those who watch. A task leaves it at its default.
    pub moved: Arc<AtomicU64>,
}

/// What a transfer moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Bytes of content.
    pub bytes: u64,
    /// How many files.
    pub files: u64,
    /// What was in a folder and was not taken: links to folders, devices and the like. At most a hundred are named.
    pub left_out: Vec<String>,
}

impl Transfer {
    /// One file.
    pub fn of_file(bytes: u64) -> Self {
        Self { bytes, files: 1, left_out: Vec::new() }
    }
}

/// A command for the machine that runs runsheet.
#[derive(Clone, Debug)]
pub struct OnLocal {
    /// Its text.
    pub command: String,
    /// The folder, if it is not the project's; relative to that.
    pub dir: Option<String>,
    /// Variables of its environment beside those of whoever runs runsheet.
    pub env: Vec<(String, String)>,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecEnd {
    /// What it ended with.
    pub exit: Exit,
    /// Whether something it left behind still held its output open.
    pub leaked: bool,
}

/// What a command ended with (RFC 4254 §6.10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// An exit status.
    Status(u32),
    /// A signal, named without `SIG`.
    Signal(String),
}

/// Why remote work has no proper end.
#[derive(Clone, Debug, Error)]
pub enum RemoteError {
    /// It is proven that nothing was started: the host refused.
    #[error("{}", .0.reason)]
    NotStarted(Unreachable),
    /// The connection was down before this was asked for. Nothing of it was started.
    #[error("the connection to the host is down")]
    Disconnected,
    /// Something may have been started, and its end was not seen.
    #[error("{}", reason.says())]
    Lost {
        /// Why not.
        reason: LostReason,
    },
    /// It ran out of time, was ended, and its end was seen.
    #[error("it did not end within {limit:?} and was stopped")]
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// It was stopped on demand, and its end was seen.
    #[error("it was stopped")]
    Stopped,
    /// The run does not permit anything new to be started. Nothing was.
    #[error("the run starts nothing new")]
    NotPermitted,
    /// A file could not be moved. The target is as it was.
    #[error("failed to transfer `{path}`: {reason}")]
    Transfer {
        /// Which file, on the host.
        path: String,
        /// Why, in words that are safe to print.
        reason: String,
    },
}
