use std::io;
use std::pin::Pin;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use runsheet_model::{Phase, Unreachable};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::server_text::server_text;
use crate::unreachable::{for_good, io_text};

/// What is kept of its standard error, in bytes: the end, where the cause stands.
const KEPT: usize = 400;

/// How long it may take to end by itself once the connection is over, and how long after `TERM`.
const BY_ITSELF: Duration = Duration::from_millis(250);
const AFTER_TERM: Duration = Duration::from_secs(1);

/// How long its standard error may be open after it has ended: somebody that it started may have it.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// A command of ssh_config whose standard input and output are a connection. It is ended, with all that it started, when this is
/// dropped.
pub(crate) struct ProxyCommand {
    stdin: ChildStdin,
    stdout: ChildStdout,
    _end: DropGuard,
}

/// What became of such a command, for whoever has to tell why a connection failed.
#[derive(Debug, Default)]
pub(crate) struct ProxyEnd {
    said: Mutex<Vec<u8>>,
    /// How it ended, if it did so by itself.
    status: OnceLock<ExitStatus>,
    over: CancellationToken,
}

impl ProxyCommand {
    /// Starts one, in a process group of its own: what the terminal sends to us does not end it.
    pub(crate) fn start(command: &str) -> Result<(Self, Arc<ProxyEnd>), Unreachable> {
        let failed = |reason: String| for_good(Phase::Local, format!("`ProxyCommand` does not start: {reason}"));
        let mut child = Command::new("/bin/sh")
            // The shell makes way for the command, as in OpenSSH: a signal reaches the command itself.
            .args(["-c", &format!("exec {command}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(io_text(&error)))?;
        let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(failed("it has no pipes".to_owned()));
        };
        let group = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)).map(Group);
        let end = CancellationToken::new();
        let fate = Arc::new(ProxyEnd::default());
        tokio::spawn(watch(child, group, stderr, end.clone(), Arc::clone(&fate)));
        Ok((Self { stdin, stdout, _end: end.drop_guard() }, fate))
    }
}

/// A process group, of which nothing is left when this is dropped.
struct Group(Pid);

impl Group {
    fn signal(&self, signal: Signal) {
        // It fails when nobody is left.
        let _ = kill_process_group(self.0, signal);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// Takes what a command says, and sees to it that it ends.
async fn watch(
    mut child: Child,
    group: Option<Group>,
    stderr: ChildStderr,
    end: CancellationToken,
    fate: Arc<ProxyEnd>,
) {
    let mut listening = tokio::spawn(listen(stderr, Arc::clone(&fate)));
    let by_itself = tokio::select! {
        status = child.wait() => Some(status),
        () = end.cancelled() => tokio::time::timeout(BY_ITSELF, child.wait()).await.ok(),
    };
    match by_itself {
        Some(Ok(status)) => {
            // Nobody else sets it.
            let _ = fate.status.set(status);
        }
        Some(Err(error)) => tracing::debug!(%error, "the end of a ProxyCommand cannot be waited for"),
        None => {
            if let Some(group) = &group {
                group.signal(Signal::TERM);
            }
            // What does not go is killed right below.
            let _ = tokio::time::timeout(AFTER_TERM, child.wait()).await;
        }
    }
    drop(group);
    if tokio::time::timeout(LAST_WORDS, &mut listening).await.is_err() {
        listening.abort();
    }
    fate.over.cancel();
    // Where it was killed just now; else this returns at once.
    let _ = child.wait().await;
}

async fn listen(mut stderr: ChildStderr, fate: Arc<ProxyEnd>) {
    let mut chunk = [0; 1024];
    while let Ok(count @ 1..) = stderr.read(&mut chunk).await {
        let mut said = fate.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.extend_from_slice(chunk.get(..count).unwrap_or_default());
        let surplus = said.len().saturating_sub(KEPT);
        said.drain(..surplus);
    }
}

impl ProxyEnd {
    /// Adds to a failure what became of the command, and what it said.
    pub(crate) async fn explain(&self, failure: Unreachable) -> Unreachable {
        // If it does not end in time then what is known by then has to do.
        let _ = tokio::time::timeout(BY_ITSELF + AFTER_TERM + LAST_WORDS * 2, self.over.cancelled()).await;
        let mut told = Vec::new();
        let mut hint = failure.hint;
        if let Some(status) = self.status.get().filter(|status| !status.success()) {
            told.push(format!("ended with {status}"));
            // What would help against a host is of no use here.
            hint = None;
        }
        let said = server_text(&String::from_utf8_lossy(&self.said.lock().unwrap_or_else(PoisonError::into_inner)));
        if !said.is_empty() {
            told.push(format!("says: {said}"));
        }
        if told.is_empty() {
            return Unreachable { hint, ..failure };
        }
        let reason = format!("{}; `ProxyCommand` {}", failure.reason, told.join(" and "));
        Unreachable { reason, hint, ..failure }
    }
}

impl AsyncRead for ProxyCommand {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stdout).poll_read(context, buffer)
    }
}

impl AsyncWrite for ProxyCommand {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stdin).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stdin).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stdin).poll_shutdown(context)
    }
}
