use std::fs::File;
use std::io::{self, Write};

/// What the writer writes to: a file, or in tests something that fails when it is told to.
pub(crate) trait Store: Send + 'static {
    /// Adds bytes at the end.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything added so far survive a power loss.
    fn sync(&mut self) -> io::Result<()>;

    /// Gives back what was reserved and not used.
    fn trim(&mut self) -> io::Result<()>;
}

/// A journal's file, open at its end. Its lock lives as long as this does.
#[derive(Debug)]
pub(crate) struct JournalFile(pub(crate) File);

impl Store for JournalFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn trim(&mut self) -> io::Result<()> {
        // Setting the length that it has frees the blocks beyond it.
        self.0.set_len(self.0.metadata()?.len())
    }
}
