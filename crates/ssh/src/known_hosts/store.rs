use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use runsheet_model::HostKeys;
use tokio::sync::OnceCell;

use super::file::KnownHostsFile;
use super::learn::{Learned, learn};
use super::{KnownHostsError, LookupName, Offer, Records, UnknownKey, Verdict};

/// All known_hosts files of a run, each read once, and the keys that are in none of them.
#[derive(Debug)]
pub(crate) struct KnownHosts {
    files: Mutex<HashMap<PathBuf, Arc<Slot>>>,
    /// Reading and writing take no longer than this.
    limit: Duration,
    /// One writer: learned keys are put on record one after another.
    writing: tokio::sync::Mutex<()>,
    unknown: Mutex<Vec<UnknownKey>>,
}

type Slot = OnceCell<Result<Arc<RwLock<KnownHostsFile>>, KnownHostsError>>;

impl KnownHosts {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { files: Mutex::default(), limit, writing: tokio::sync::Mutex::default(), unknown: Mutex::default() }
    }

    /// Returns what is on record for a host.
    pub(crate) async fn records(&self, keys: &HostKeys, name: &LookupName) -> Result<Records, KnownHostsError> {
        let mut records = Records::default();
        for path in keys.user_files.iter().chain(&keys.global_files) {
            let file = self.file(path).await?;
            let file = file.read().unwrap_or_else(PoisonError::into_inner);
            let without_port = name.without_port.as_deref().map(|address| file.about(address));
            records.add(&Arc::new(path.clone()), &file.about(&name.recorded), &without_port.unwrap_or_default());
        }
        Ok(records)
    }

    /// Puts the key of an unknown host on record, in the first of the user's files, and returns `None`.
    ///
    /// Somebody else may have put one there meanwhile: then nothing is written, and what is returned is what follows from
    /// that one.
    pub(crate) async fn learn(
        &self,
        keys: &HostKeys,
        name: &LookupName,
        offer: &Offer,
    ) -> Result<Option<Verdict>, KnownHostsError> {
        let path = keys.user_files.first().ok_or(KnownHostsError::NoFile)?;
        let _one_at_a_time = self.writing.lock().await;
        let verdict = self.records(keys, name).await?.judge(name, offer, SystemTime::now());
        if verdict != Verdict::Unknown {
            return Ok(Some(verdict));
        }
        let file = self.file(path).await?;
        let limit = self.limit;
        let recorded = name.recorded.clone();
        let line = offer.clone();
        let learned = self
            .local(path, move || {
                let mut file = file.write().unwrap_or_else(PoisonError::into_inner);
                learn(&mut file, &recorded, &line, limit)
            })
            .await??;
        match learned {
            Learned::Written => Ok(None),
            Learned::Forestalled => {
                let records = self.records(keys, name).await?;
                Ok(Some(records.judge(name, offer, SystemTime::now())))
            }
        }
    }

    /// Remembers the key of a host that was refused because none is on record for it.
    pub(crate) fn remember(&self, key: UnknownKey) {
        let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        if !key.is_oversized() && !unknown.contains(&key) {
            unknown.push(key);
        }
    }

    /// Gives out the keys that were remembered, each once.
    pub(crate) fn take_unknown(&self) -> Vec<UnknownKey> {
        std::mem::take(&mut self.unknown.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn file(&self, path: &Path) -> Result<Arc<RwLock<KnownHostsFile>>, KnownHostsError> {
        let slot = {
            let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(files.entry(path.to_owned()).or_default())
        };
        slot.get_or_init(|| async {
            let owned = path.to_owned();
            let file = self.local(path, move || KnownHostsFile::read(&owned)).await??;
            Ok(Arc::new(RwLock::new(file)))
        })
        .await
        .clone()
    }

    /// Works on a file without holding anybody else up.
    async fn local<T: Send + 'static>(
        &self,
        path: &Path,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, KnownHostsError> {
        // Twice the time, because taking the lock has that limit of its own and names itself better.
        match tokio::time::timeout(self.limit * 2, tokio::task::spawn_blocking(work)).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(KnownHostsError::Unreadable { path: path.to_owned(), reason: error.to_string() }),
            Err(_) => Err(KnownHostsError::TimedOut { path: path.to_owned(), limit: self.limit * 2 }),
        }
    }
}
