use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use runsheet_events::{AttemptKey, Durability, EventLog, Position, Prior, RunEvent, RunStats};
use tokio::sync::watch;

use crate::chain::Chain;
use crate::{Events, JournalError, RunFolder, lock, private};

/// A run's record being read. It may be written meanwhile.
#[derive(Debug)]
pub struct RunReader {
    path: PathBuf,
    file: File,
    durability: Option<watch::Receiver<Durability>>,
}

/// A journal that was checked and is sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many events it has.
    pub events: u64,
    /// Whether a torn line follows them, as a crash or a power loss leaves it.
    pub torn: bool,
}

/// What was saved of a journal.
#[derive(Debug)]
pub struct Recovered {
    /// How many events are sound, from the first on.
    pub events: u64,
    /// What is wrong behind them; nothing if that is all.
    pub broken: Option<JournalError>,
}

impl RunReader {
    /// Opens the journal of a run.
    pub fn open(folder: &RunFolder) -> Result<Self, JournalError> {
        let path = folder.journal_path();
        let file = private::open_to_read(&path).map_err(JournalError::io("open", &path))?;
        Ok(Self { path, file, durability: None })
    }

    /// Never reads more than is durable.
    pub fn until_durable(mut self, durability: watch::Receiver<Durability>) -> Self {
        self.durability = Some(durability);
        self
    }

    /// The events from the first on.
    pub fn events(&self) -> Result<Events<'_>, JournalError> {
        self.events_from(Position::default())
    }

    /// Checks every line: that it is an event, that none is missing, and that none was changed. The error names the first that is
    /// wrong.
    pub fn verify(&self) -> Result<Verified, JournalError> {
        let mut events = self.events()?;
        events.by_ref().try_for_each(|event| event.map(drop))?;
        Ok(Verified { events: events.position().seq, torn: events.torn() })
    }

    /// Writes the events up to the first that is wrong to a new file, for its owner alone. The journal stays as it is.
    pub fn recover(&self, out: &Path) -> Result<Recovered, JournalError> {
        let mut events = self.events()?;
        let broken = events.by_ref().find_map(Result::err);
        let sound = events.position();
        let mut file = private::create(out).map_err(JournalError::io("make", out))?;
        let mut journal = File::open(&self.path).map_err(JournalError::io("open", &self.path))?.take(sound.offset);
        io::copy(&mut journal, &mut file).and_then(|_| file.sync_all()).map_err(JournalError::io("write", out))?;
        Ok(Recovered { events: sound.seq, broken })
    }

    /// When the run began, by the wall clock of the machine that ran it; `None` if nothing is recorded yet.
    pub fn started(&self) -> Result<Option<SystemTime>, JournalError> {
        Ok(self.events()?.next().transpose()?.map(|event| event.at))
    }

    /// The run, folded from its events.
    ///
    /// If nobody records it any more, a host with an intent and no outcome is lost: runsheet ended before it heard. Hosts on
    /// which nothing was under way stay as they were.
    pub fn seen(&self) -> Result<Prior, JournalError> {
        let prior = self.prior()?;
        Ok(if lock::is_held(&self.file) { prior } else { prior.broken_off() })
    }

    /// The run as it is counted, of [`RunReader::seen`].
    pub fn stats(&self) -> Result<RunStats, JournalError> {
        Ok(self.seen()?.stats)
    }

    /// The attempts that were about to have an effect and whose end nobody has recorded, in order of step and host. While the run
    /// is live they are under way; after it nobody knows what became of them.
    pub fn open_intents(&self) -> Result<Vec<AttemptKey>, JournalError> {
        Ok(self.prior()?.open_intents().cloned().collect())
    }

    /// What a later epoch of the run has to know of those before it.
    pub fn prior(&self) -> Result<Prior, JournalError> {
        let mut prior = Prior::default();
        for event in self.events()? {
            prior.apply(&event?);
        }
        Ok(prior)
    }

    /// Where the last whole line ends.
    pub(crate) fn sound_end(&self) -> Result<(Chain, u64), JournalError> {
        let mut events = self.events()?;
        events.by_ref().try_for_each(|event| event.map(drop))?;
        let end = events.position().offset;
        Ok((events.chain(), end))
    }

    fn events_from(&self, from: Position) -> Result<Events<'_>, JournalError> {
        let last = match &self.durability {
            None => u64::MAX,
            Some(durability) => match *durability.borrow() {
                Durability::UpTo(durable) | Durability::Failed { durable, .. } => durable,
            },
        };
        Events::new(&self.path, &self.file, from, last)
    }
}

impl EventLog for RunReader {
    fn read_from(&self, position: Position, limit: usize) -> io::Result<(Vec<RunEvent>, Position)> {
        let into_io = |error| match error {
            JournalError::Io { source, .. } => source,
            error => io::Error::new(io::ErrorKind::InvalidData, error),
        };
        let mut events = self.events_from(position).map_err(into_io)?;
        let read = events.by_ref().take(limit).collect::<Result<_, _>>().map_err(into_io)?;
        Ok((read, events.position()))
    }
}
