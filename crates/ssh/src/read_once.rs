use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;

/// What files hold, each read once in a run, on a thread where it may block.
#[derive(Debug)]
pub(crate) struct ReadOnce<T> {
    files: Mutex<HashMap<PathBuf, Arc<OnceCell<T>>>>,
    limit: Duration,
}

impl<T: Clone + Send + 'static> ReadOnce<T> {
    /// Makes one that has read nothing yet; each file has `limit`.
    pub(crate) fn new(limit: Duration) -> Self {
        Self { files: Mutex::default(), limit }
    }

    /// Takes what a file holds from somebody who knows better, in the place of what was read.
    pub(crate) fn put(&self, path: &Path, content: T) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(path.to_owned(), Arc::new(OnceCell::new_with(Some(content))));
    }

    /// Returns what `read` made of a file, or what `failed` makes of the reason why it was not read at all.
    pub(crate) async fn get(&self, path: &Path, read: fn(&Path) -> T, failed: fn(String) -> T) -> T {
        let slot = {
            let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(files.entry(path.to_owned()).or_default())
        };
        slot.get_or_init(|| async {
            let owned = path.to_owned();
            let reading = tokio::task::spawn_blocking(move || read(&owned));
            match tokio::time::timeout(self.limit, reading).await {
                Ok(Ok(content)) => content,
                Ok(Err(error)) => failed(error.to_string()),
                Err(_) => failed(format!("no answer from its disk within {:?}", self.limit)),
            }
        })
        .await
        .clone()
    }
}
