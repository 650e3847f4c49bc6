use std::io;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use futures::{StreamExt, stream};
use runsheet_task::{Content, RemoteError, Upload};
use tar::{Builder, Header};
use tokio::sync::mpsc;

use super::failure::Failure;
use super::shared_files::SharedFiles;
use super::source::Source;
use super::target::{PERMISSIONS, on_host};

/// How many files are read at once.
const AT_ONCE: usize = 64;

/// An archive goes out in parts of about this size, in bytes.
const PART: usize = 256 * 1024;

/// Many files as one archive, as GNU tar writes it: the form whose long names busybox knows as well.
pub(super) struct Archive {
    tar: Builder<Vec<u8>>,
    give: mpsc::Sender<Vec<u8>>,
}

impl Archive {
    /// One whose parts go out by `give`.
    pub(super) fn new(give: mpsc::Sender<Vec<u8>>) -> Self {
        Self { tar: Builder::new(Vec::new()), give }
    }

    /// Adds files, each under its target's name in `folder`, and returns their sizes. It ends early if nobody takes it any more.
    pub(super) async fn add_all(
        &mut self,
        uploads: &[Upload],
        folder: &str,
        files: &SharedFiles,
    ) -> Result<Vec<u64>, RemoteError> {
        let mut sizes = Vec::with_capacity(uploads.len());
        // The next ones are read while these are sent. By number: a stream of references is not known to be `Send`.
        let starts = (0..uploads.len()).step_by(AT_ONCE);
        let some = |start: usize| &uploads[start..uploads.len().min(start + AT_ONCE)];
        let mut reading = stream::iter(starts.clone().map(|start| read(some(start), files))).buffered(2);
        for start in starts {
            let Some(entries) = reading.next().await else { break };
            for (upload, entry) in some(start).iter().zip(entries) {
                let entry = entry.map_err(|failure| failure.about(&upload.target))?;
                let size = entry.content.len() as u64;
                sizes.push(size);
                upload.moved.fetch_add(size, Ordering::Relaxed);
                let name = on_host(&upload.target).get(folder.len() + 1..).unwrap_or_default();
                let added = self.add(name, upload.mode.unwrap_or_default(), &entry);
                added
                    .map_err(|error| Failure::local("failed to add it to an archive", &error).about(&upload.target))?;
                if !self.give_out(PART).await {
                    return Ok(sizes);
                }
            }
        }
        Ok(sizes)
    }

    /// Adds the last file, which has nothing in it, and ends.
    pub(super) async fn end(mut self, last: &str) {
        let entry = Entry { content: Vec::new(), modified: 0 };
        // It is written to memory.
        if self.add(last, 0o600, &entry).is_ok() && self.tar.finish().is_ok() {
            self.give_out(0).await;
        }
    }

    fn add(&mut self, name: &str, mode: u32, entry: &Entry) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_size(entry.content.len() as u64);
        header.set_mode(mode & PERMISSIONS);
        header.set_mtime(entry.modified);
        self.tar.append_data(&mut header, name, entry.content.as_slice())
    }

    /// Gives out what there is, if it is that much. Returns whether it is taken.
    async fn give_out(&mut self, size: usize) -> bool {
        if self.tar.get_ref().len() < size {
            return true;
        }
        let part = std::mem::replace(self.tar.get_mut(), Vec::with_capacity(PART + PART / 4));
        self.give.send(part).await.is_ok()
    }
}

/// A file that is to be added.
struct Entry {
    content: Vec<u8>,
    /// In seconds since the Unix epoch.
    modified: u64,
}

/// Reads files, in their order.
async fn read(uploads: &[Upload], files: &SharedFiles) -> Vec<Result<Entry, Failure>> {
    let shared = |upload: &Upload| match (&upload.content, &upload.sha256) {
        (Content::File(path), Some(sha256)) => Some((path.clone(), sha256.clone())),
        _ => None,
    };
    let mut found = files.get_all(uploads.iter().filter_map(shared).collect()).await.into_iter();
    let mut entries = Vec::with_capacity(uploads.len());
    for upload in uploads {
        let source = match shared(upload).and_then(|_| found.next()) {
            Some(file) => Source::shared(upload, file),
            None => Source::open(upload, files).await,
        };
        entries.push(match source {
            Ok(source) => entry(source).await,
            Err(failure) => Err(failure),
        });
    }
    entries
}

async fn entry(mut source: Source) -> Result<Entry, Failure> {
    let mut content = source.next().await;
    loop {
        let piece = source.next().await;
        if piece.is_empty() {
            break;
        }
        content.extend_from_slice(&piece);
    }
    source.end().await?;
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Ok(Entry { content, modified: source.modified().map_or_else(now, u64::from) })
}
