use std::fs;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

/// After how many bytes of a large file the disk is told to begin with them, so that little is left to wait for at its end.
const TO_DISK: u64 = 32 << 20;

/// Writes a file of this machine. Bringing a large one to the disk takes about as long as writing it, and has a thread.
pub(super) struct LocalWriter {
    file: Arc<fs::File>,
    bytes: u64,
    disk: Option<Disk>,
}

/// Brings what was written to the disk while more is written. Whoever is told an error by the system is the only one who is.
struct Disk {
    more: SyncSender<()>,
    syncing: JoinHandle<io::Result<()>>,
}

impl LocalWriter {
    pub(super) fn new(file: fs::File) -> Self {
        Self { file: Arc::new(file), bytes: 0, disk: None }
    }

    /// Writes a piece.
    pub(super) fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        (&*self.file).write_all(piece)?;
        let before = self.bytes;
        self.bytes += piece.len() as u64;
        if before / TO_DISK != self.bytes / TO_DISK {
            self.begin_sync()?;
        }
        Ok(())
    }

    /// Waits for what was begun; returns the file, which is not yet all on the disk.
    pub(super) fn end(self) -> io::Result<Arc<fs::File>> {
        if let Some(Disk { more, syncing }) = self.disk {
            drop(more);
            syncing.join().map_err(|_| gone())??;
        }
        Ok(self.file)
    }

    fn begin_sync(&mut self) -> io::Result<()> {
        if let Some(disk) = &self.disk {
            // While the disk is still busy with what was before, this is for the next time.
            return match disk.more.try_send(()) {
                Ok(()) | Err(TrySendError::Full(())) => Ok(()),
                // It failed, and says why.
                Err(TrySendError::Disconnected(())) => match self.disk.take().map(|disk| disk.syncing.join()) {
                    Some(Ok(Err(error))) => Err(error),
                    _ => Err(gone()),
                },
            };
        }
        let (more, wanted) = sync_channel(1);
        let file = Arc::clone(&self.file);
        let syncing = std::thread::Builder::new().spawn(move || {
            // One for each time that it is asked for.
            wanted.iter().try_for_each(|()| file.sync_data())
        })?;
        _ = more.try_send(());
        self.disk = Some(Disk { more, syncing });
        Ok(())
    }
}

fn gone() -> io::Error {
    io::Error::other("a thread of its writer is gone")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_was_given() {
        let folder = tempfile::tempdir().expect("a folder");
        // Nothing, little, and enough for the disk to be told twice.
        for size in [0, 1, 2 * TO_DISK + 5] {
            let path = folder.path().join("file");
            let mut writer = LocalWriter::new(fs::File::create(&path).expect("made"));
            let content: Vec<u8> = (0..=250_u8).cycle().take(usize::try_from(size).expect("a size")).collect();
            for piece in content.chunks(100_000) {
                writer.write(piece).expect("written");
            }
            writer.end().expect("ended");
            assert!(fs::read(&path).expect("readable") == content, "{size} bytes");
        }
    }

    #[test]
    fn a_full_disk_is_told() {
        let file = fs::OpenOptions::new().write(true).open("/dev/full").expect("a device that is full");
        let mut writer = LocalWriter::new(file);
        let error = writer.write(&[0; 10]).expect_err("no space");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
