use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use runsheet_events::{AttemptKey, CommandRecord};
use runsheet_model::{LostReason, Mask};
use runsheet_task::{
    BootId, Download, ExecEnd, ExecRequest, Exit, Limits, Output, Remote, RemoteError, Transfer, Upload,
};
use tokio::sync::{OnceCell, mpsc, oneshot};
use tokio::time::Instant;

use crate::message::{Message, Purpose, Wish};
use crate::tee::{HostOutput, Tee};

/// How many commands of an attempt are recorded one by one.
const MOST_RECORDS: usize = 100;
/// How much of a command's text is recorded, in bytes.
const LONGEST_COMMAND: usize = 1024;

/// A host as one attempt sees it: its first effect waits until the intent is durable, its output is masked and kept, its
/// commands are timed, and what was lost stays known even if the task looks away.
pub(crate) struct RecordedRemote {
    inner: Arc<dyn Remote>,
    key: AttemptKey,
    /// Of the host in the step.
    position: usize,
    messages: mpsc::UnboundedSender<Message>,
    permit: OnceCell<bool>,
    purpose: Purpose,
    mask: Mask,
    output: Arc<HostOutput>,
    started: Instant,
    in_flight: AtomicUsize,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    commands: Vec<CommandRecord>,
    lost: Option<LostReason>,
    effects: bool,
}

impl RecordedRemote {
    pub(crate) fn new(
        inner: Arc<dyn Remote>,
        (key, position): (AttemptKey, usize),
        messages: mpsc::UnboundedSender<Message>,
        mask: Mask,
        output: Arc<HostOutput>,
        purpose: Purpose,
    ) -> Self {
        Self {
            inner,
            key,
            position,
            messages,
            permit: OnceCell::new(),
            purpose,
            mask,
            output,
            started: Instant::now(),
            in_flight: AtomicUsize::new(0),
            seen: Mutex::default(),
        }
    }

    /// Whether an intent stands in the journal.
    pub(crate) fn has_started(&self) -> bool {
        self.permit.get() == Some(&true)
    }

    /// Whether anything was asked of the host, so that it cannot be called unreachable any more.
    pub(crate) fn has_effects(&self) -> bool {
        self.seen().effects
    }

    /// Whether something was asked of the host whose end has not been heard of.
    pub(crate) fn is_in_flight(&self) -> bool {
        self.in_flight.load(Ordering::Acquire) > 0
    }

    /// Why the end of something is unknown, if it is.
    pub(crate) fn lost(&self) -> Option<LostReason> {
        self.seen().lost
    }

    /// The commands so far.
    pub(crate) fn take_commands(&self) -> Vec<CommandRecord> {
        std::mem::take(&mut self.seen().commands)
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the attempt may have effects: asks once, and only the first time.
    async fn permitted(&self) -> Result<(), RemoteError> {
        let permitted = self
            .permit
            .get_or_init(|| async {
                let (permit, answer) = oneshot::channel();
                let (key, position, purpose) = (self.key.clone(), self.position, self.purpose);
                let wish = Wish { key, position, purpose, permit };
                self.messages.send(Message::PermitWanted(wish)).is_ok() && answer.await.is_ok()
            })
            .await;
        if *permitted { Ok(()) } else { Err(RemoteError::NotPermitted) }
    }

    /// Remembers how something that was asked of the host ended.
    fn note_end<T>(&self, result: &Result<T, RemoteError>) {
        let mut seen = self.seen();
        match result {
            Err(RemoteError::NotStarted(_) | RemoteError::Disconnected) => {}
            Err(RemoteError::Lost { reason }) => {
                seen.effects = true;
                seen.lost.get_or_insert(*reason);
            }
            _ => seen.effects = true,
        }
        drop(seen);
        self.in_flight.fetch_sub(1, Ordering::AcqRel);
    }

    fn record(&self, request: &ExecRequest, end: &Result<ExecEnd, RemoteError>, asked: Instant, output: (u64, String)) {
        let mut seen = self.seen();
        if seen.commands.len() >= MOST_RECORDS {
            return;
        }
        let mut command = self.mask.text(request.recorded.as_ref().unwrap_or(&request.command));
        command.truncate(command.floor_char_boundary(LONGEST_COMMAND));
        let code = match end {
            Ok(ExecEnd { exit: Exit::Status(code), .. }) => Some(*code),
            _ => None,
        };
        seen.commands.push(CommandRecord {
            command,
            code,
            started: asked.duration_since(self.started),
            took: asked.elapsed(),
            output_bytes: output.0,
            output_sha256: output.1,
            leaked: end.as_ref().is_ok_and(|end| end.leaked),
        });
    }
}

#[async_trait]
impl Remote for RecordedRemote {
    async fn exec(&self, request: &ExecRequest, output: &mut dyn Output) -> Result<ExecEnd, RemoteError> {
        self.permitted().await?;
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        let asked = Instant::now();
        let mut tee = Tee::new(&self.output, &self.mask, request.quiet, output);
        let end = self.inner.exec(request, &mut tee).await;
        self.record(request, &end, asked, tee.finish());
        self.note_end(&end);
        end
    }

    async fn put(&self, upload: &Upload, limits: &Limits) -> Result<Transfer, RemoteError> {
        self.permitted().await?;
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        let upload = Upload { moved: self.output.moved(), ..upload.clone() };
        let end = self.inner.put(&upload, limits).await;
        self.note_end(&end);
        end
    }

    async fn put_all(&self, uploads: &[Upload], limits: &Limits) -> Result<u64, RemoteError> {
        self.permitted().await?;
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        let watched = |upload: &Upload| Upload { moved: self.output.moved(), ..upload.clone() };
        let uploads: Vec<Upload> = uploads.iter().map(watched).collect();
        let end = self.inner.put_all(&uploads, limits).await;
        self.note_end(&end);
        end
    }

    async fn get(&self, download: &Download, limits: &Limits) -> Result<Transfer, RemoteError> {
        self.permitted().await?;
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        let download = Download { moved: self.output.moved(), ..download.clone() };
        let end = self.inner.get(&download, limits).await;
        self.note_end(&end);
        end
    }

    fn is_alive(&self) -> bool {
        self.inner.is_alive()
    }

    fn boot(&self) -> Option<BootId> {
        self.inner.boot()
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
