use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use runsheet_events::{Durability, Ledger, LedgerError, OutputFile, OutputKey, OutputLog, RunEvent};
use runsheet_model::RunId;
use tokio::sync::watch;

use crate::chain::Chain;
use crate::output_path::output_path;
use crate::output_writer::OutputWriter;
use crate::scribe::Scribe;
use crate::spool::Spool;
use crate::store::Store;
use crate::{JournalError, RunFolder, RunReader};

/// How a run is recorded.
#[derive(Clone, Debug)]
pub struct WriterSettings {
    /// A folder, best on another file system than the state folder (`$XDG_RUNTIME_DIR`): should the journal fail, what it did
    /// not take is written there, to `runsheet-RUN-PID.ndjson`. Default: none.
    pub spool: Option<PathBuf>,
    /// How many bytes the output of one step on one host may take on disk. Default: 64 MiB.
    pub output_cap: u64,
    /// How long to wait for another runsheet that holds the journal. Default: 60 s.
    pub lock_wait: Duration,
}

impl Default for WriterSettings {
    fn default() -> Self {
        Self { spool: None, output_cap: 64 << 20, lock_wait: Duration::from_mins(1) }
    }
}

/// A run being recorded. It holds the run's lock until it is closed or dropped.
#[derive(Debug)]
pub struct JournalWriter {
    folder: RunFolder,
    output_cap: u64,
    durability: watch::Receiver<Durability>,
    inbox: Mutex<Option<mpsc::Sender<Arc<RunEvent>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl JournalWriter {
    /// Starts the thread that writes. `chain` is the end of what is in the store.
    pub(crate) fn spawn(
        folder: RunFolder,
        store: impl Store,
        chain: Chain,
        settings: &WriterSettings,
    ) -> Result<Self, JournalError> {
        let path = folder.journal_path();
        let (send_durability, durability) = watch::channel(Durability::UpTo(chain.seq()));
        let (send, receive) = mpsc::channel();
        let scribe = Scribe {
            store,
            path: path.clone(),
            chain,
            durability: send_durability,
            spool: settings.spool.as_deref().and_then(|spool| Spool::open(spool, folder.run())),
            failed: false,
        };
        let thread = thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || scribe.run(&receive))
            .map_err(JournalError::io("start the writer of", &path))?;
        Ok(Self {
            folder,
            output_cap: settings.output_cap,
            durability,
            inbox: Mutex::new(Some(send)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// The run.
    pub fn run(&self) -> RunId {
        self.folder.run()
    }

    /// The run's folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Reads what is recorded so far, and never more than what is durable: what a reader tells the world must not be undone by a
    /// power loss.
    pub fn reader(&self) -> Result<RunReader, JournalError> {
        Ok(self.folder.reader()?.until_durable(self.durability.clone()))
    }

    /// Waits until everything that was appended is written, and gives the lock back. Calling it again does nothing.
    ///
    /// Fails with [`JournalError::Stopped`] if something did not become durable.
    pub fn close(&self) -> Result<(), JournalError> {
        drop(self.inbox.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let ended_well = thread.is_none_or(|thread| thread.join().is_ok());
        let reason = match &*self.durability.borrow() {
            Durability::Failed { reason, .. } => reason.clone(),
            Durability::UpTo(_) if ended_well => return Ok(()),
            Durability::UpTo(_) => "its writer broke".to_owned(),
        };
        Err(JournalError::Stopped { reason })
    }
}

impl Drop for JournalWriter {
    fn drop(&mut self) {
        // Whoever wants to know how it ended calls `close`.
        _ = self.close();
    }
}

impl Ledger for JournalWriter {
    /// An event that is refused because the writer has failed still goes to the spool.
    fn append(&self, event: Arc<RunEvent>) -> Result<(), LedgerError> {
        let inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        let inbox = inbox.as_ref().ok_or(LedgerError::Stopped)?;
        inbox.send(event).map_err(|_| LedgerError::Stopped)?;
        match &*self.durability.borrow() {
            Durability::UpTo(_) => Ok(()),
            Durability::Failed { .. } => Err(LedgerError::Stopped),
        }
    }

    fn durability(&self) -> watch::Receiver<Durability> {
        self.durability.clone()
    }
}

impl OutputLog for JournalWriter {
    fn open(&self, key: &OutputKey) -> Box<dyn OutputFile> {
        Box::new(OutputWriter::new(output_path(self.folder.path(), key), self.output_cap))
    }
}
