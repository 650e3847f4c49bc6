use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use runsheet_diagnostics::Hint;
use runsheet_model::{Endpoint, Secret, Stream, Unreachable};
use runsheet_task::{
    Connected, Connector, Download, ExecEnd, ExecRequest, Exit, Limits, LocalCommand, Output, Remote, RemoteError,
    Transfer, Upload, awake_until,
};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long a program has after TERM before it is killed.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long output is still read after a program has ended: something that it left behind may hold it open.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// With what a command ends that may not be started.
const NOT_STARTED: u32 = 126;
/// With what a command ends that is not there.
const NOT_FOUND: u32 = 127;
/// Read at once, in bytes.
const PIECE: usize = 32 * 1024;

/// This machine as a host, for steps with `on: local`: programs that the project allows are started in its folder, as whoever runs
/// runsheet and with their environment. No shell reads their commands, and no file is sent or fetched.
#[derive(Clone, Debug)]
pub struct LocalHost {
    folder: PathBuf,
    allowed: Arc<[String]>,
}

impl LocalHost {
    /// Starts these programs, each as it is written in commands, in this folder.
    pub fn new(folder: PathBuf, allowed: Arc<[String]>) -> Self {
        Self { folder, allowed }
    }

    /// Starts a program, or tells why not and with what a shell would end then (POSIX.1-2024, Shell Command Language §2.8.2).
    fn start(&self, request: &ExecRequest) -> Result<Child, (u32, String)> {
        let Some(plain) = &request.on_local else {
            return Err((NOT_STARTED, "the command is not for this machine".to_owned()));
        };
        if request.as_user.is_some() {
            return Err((NOT_STARTED, "nobody becomes another user on this machine".to_owned()));
        }
        let command = LocalCommand::read(&plain.command, &self.allowed).map_err(|error| {
            let hint = error.hints().iter().next().map(|hint| format!("; {hint}"));
            (NOT_STARTED, format!("{error}{}", hint.unwrap_or_default()))
        })?;
        let folder = plain.dir.as_ref().map_or(self.folder.clone(), |dir| self.folder.join(dir));
        // What was allowed is a path in the project, wherever the command runs.
        let in_project = command.program.contains('/').then(|| self.folder.join(&command.program));
        Command::new(in_project.as_deref().unwrap_or(command.program.as_ref()))
            .args(&command.args)
            .current_dir(&folder)
            .envs(plain.env.iter().map(|(name, value)| (name, value)))
            .stdin(if request.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // All that it starts goes with it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                let folder = if folder.is_dir() { String::new() } else { format!(" in `{}`", folder.display()) };
                (NOT_FOUND, format!("`{}` cannot be started{folder}: {error}", command.program))
            })
    }
}

#[async_trait]
impl Connector for LocalHost {
    async fn connect(&self, _: &Endpoint) -> Result<Connected, Unreachable> {
        let started = Instant::now();
        Ok(Connected {
            remote: Arc::new(self.clone()),
            address: "this machine".to_owned(),
            host_key: String::new(),
            learned: false,
            took: started.elapsed(),
        })
    }
}

#[async_trait]
impl Remote for LocalHost {
    async fn exec(&self, request: &ExecRequest, output: &mut dyn Output) -> Result<ExecEnd, RemoteError> {
        let mut child = match self.start(request) {
            Ok(child) => child,
            Err((code, why)) => {
                output.chunk(Stream::Err, format!("{why}\n").as_bytes());
                return Ok(ExecEnd { exit: Exit::Status(code), leaked: false });
            }
        };
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let limits = &request.limits;
        let mut stdin = child.stdin.take();
        let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
        let writing = async {
            if let (Some(mut pipe), Some(bytes)) = (stdin.take(), request.stdin.as_ref().map(Secret::expose)) {
                // A program that ends without reading everything is no failure.
                _ = pipe.write_all(bytes).await;
            }
        };
        let run = async {
            let mut fed = std::pin::pin!(writing);
            let (mut is_written, mut ended) = (false, None);
            let mut last = None;
            loop {
                if ended.is_some()
                    && ((out.is_none() && err.is_none())
                        || last.is_some_and(|last: tokio::time::Instant| last.elapsed() > LAST_WORDS))
                {
                    return (ended, out.is_some() || err.is_some());
                }
                tokio::select! {
                    () = &mut fed, if !is_written => is_written = true,
                    piece = read(&mut out) => out = pass_on(out.take(), Stream::Out, piece, output),
                    piece = read(&mut err) => err = pass_on(err.take(), Stream::Err, piece, output),
                    status = child.wait(), if ended.is_none() => {
                        ended = Some(status);
                        last = Some(tokio::time::Instant::now());
                    }
                    () = tokio::time::sleep(LAST_WORDS), if ended.is_some() => {}
                }
            }
        };
        let why = tokio::select! {
            (ended, leaked) = run => {
                let status = ended.and_then(Result::ok);
                return status.map(|status| ExecEnd { exit: exit(status), leaked }).ok_or(RemoteError::Disconnected);
            }
            () = limits.cancel.cancelled() => RemoteError::Stopped,
            () = awake_until(limits.deadline) => RemoteError::TimedOut { limit: limits.limit },
        };
        end(&mut child, group).await;
        Err(why)
    }

    async fn put(&self, upload: &Upload, _: &Limits) -> Result<Transfer, RemoteError> {
        Err(no_transfer(&upload.target))
    }

    async fn get(&self, download: &Download, _: &Limits) -> Result<Transfer, RemoteError> {
        Err(no_transfer(&download.source))
    }

    fn is_alive(&self) -> bool {
        true
    }

    async fn close(&self) {}
}

fn no_transfer(path: &str) -> RemoteError {
    let reason = "files are neither sent to this machine nor fetched from it; a program of the project can copy them";
    RemoteError::Transfer { path: path.to_owned(), reason: reason.to_owned() }
}

/// The next piece of output; it never comes where there is none.
async fn read(from: &mut Option<impl AsyncRead + Unpin>) -> Option<Vec<u8>> {
    let Some(from) = from else { return std::future::pending().await };
    let mut piece = vec![0; PIECE];
    match from.read(&mut piece).await {
        Ok(length) if length > 0 => {
            piece.truncate(length);
            Some(piece)
        }
        _ => None,
    }
}

/// Passes a piece on; what has come to its end is not read any more.
fn pass_on<T>(from: Option<T>, stream: Stream, piece: Option<Vec<u8>>, output: &mut dyn Output) -> Option<T> {
    let piece = piece?;
    output.chunk(stream, &piece);
    from
}

/// Ends a program and all that it has started: TERM, and KILL for what does not heed it.
async fn end(child: &mut Child, group: Option<Pid>) {
    let signal = |signal| {
        // It fails if everything has ended just now.
        _ = group.map(|group| kill_process_group(group, signal));
    };
    signal(Signal::TERM);
    _ = timeout(PATIENCE, child.wait()).await;
    signal(Signal::KILL);
    _ = child.wait().await;
}

fn exit(status: std::process::ExitStatus) -> Exit {
    use std::os::unix::process::ExitStatusExt;
    match (status.code().and_then(|code| u32::try_from(code).ok()), status.signal()) {
        (Some(code), _) => Exit::Status(code),
        (None, signal) => Exit::Signal(signal_name(signal.unwrap_or(0))),
    }
}

/// Names as RFC 4254 §6.10 has them; others by their numbers.
fn signal_name(number: i32) -> String {
    let name = match number {
        1 => "HUP",
        2 => "INT",
        3 => "QUIT",
        6 => "ABRT",
        9 => "KILL",
        11 => "SEGV",
        13 => "PIPE",
        15 => "TERM",
        other => return other.to_string(),
    };
    name.to_owned()
}
