use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;

use crate::file::{self, Content, ENDING};
use crate::{Claim, Conflict, Guard, LockError, LockFolder};

/// What stands in a folder of locks.
#[derive(Debug, Default)]
pub struct Listing {
    /// The locks, in the order of their runs, which is that of their times.
    pub locks: Vec<Listed>,
    /// Names that end like those of locks and are none: links, folders, files that nobody holds and nobody understands. They were left
    /// alone.
    pub others: Vec<String>,
}

/// A lock in a folder.
#[derive(Clone, Debug)]
pub struct Listed {
    /// What it says.
    pub claim: Claim,
    /// The titles of the steps that run.
    pub steps: Vec<String>,
    /// Whether somebody holds it. One that nobody holds is left over from a run that was killed.
    pub held: bool,
    /// Number of the user whose file it is: what the file says about a user, anybody could write.
    pub owner: u32,
    name: String,
}

impl LockFolder {
    /// Takes all that a run wants to hold, or tells who keeps it from that.
    ///
    /// It never waits for a holder, only for others who are taking a lock in this moment.
    pub fn take(&self, claim: &Claim) -> Result<Result<Guard, Vec<Conflict>>, LockError> {
        let gate = self.gate()?;
        let conflicts = self.conflicts_behind_gate(claim, true)?;
        if !conflicts.is_empty() {
            return Ok(Err(conflicts));
        }
        let name = format!("{}{ENDING}", claim.holder.run);
        let file = self.create(&name).map_err(self.failed("make", &name))?;
        let guard = Guard::new(self.again().map_err(self.failed("open", "."))?, name.clone(), file);
        guard.file().lock().map_err(self.failed("lock", &name))?;
        file::write(guard.file(), claim).map_err(self.failed("write", &name))?;
        drop(gate);
        Ok(Ok(guard))
    }

    /// Tells who holds what a claim is about, and takes nothing.
    pub fn conflicts(&self, claim: &Claim) -> Result<Vec<Conflict>, LockError> {
        let _gate = self.gate()?;
        self.conflicts_behind_gate(claim, false)
    }

    /// Lists what is there. Names that are no locks are among it.
    pub fn list(&self) -> Result<Listing, LockError> {
        let _gate = self.gate()?;
        self.list_behind_gate()
    }

    /// Removes a lock that nobody holds any more; tells whether it did. One that is held stays.
    pub fn remove_stale(&self, stale: &Listed) -> Result<bool, LockError> {
        let _gate = self.gate()?;
        let file = match self.open_to_read(&stale.name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            other => other.map_err(self.failed("open", &stale.name))?,
        };
        if file::is_held(&file) {
            return Ok(false);
        }
        self.remove(&stale.name).map_err(self.failed("remove", &stale.name))?;
        Ok(true)
    }

    fn conflicts_behind_gate(&self, claim: &Claim, tidy: bool) -> Result<Vec<Conflict>, LockError> {
        let mut conflicts = Vec::new();
        for lock in self.list_behind_gate()?.locks {
            if !lock.held {
                if tidy {
                    // One of another user stays where only they may remove it; it holds up nobody.
                    _ = self.remove(&lock.name);
                }
                continue;
            }
            let hosts = claim.overlap(&lock.claim);
            if !hosts.is_empty() {
                conflicts.push(Conflict { holder: lock.claim.holder, steps: lock.steps, hosts });
            }
        }
        Ok(conflicts)
    }

    fn list_behind_gate(&self) -> Result<Listing, LockError> {
        let mut listing = Listing::default();
        for name in self.names(ENDING)? {
            let file = match self.open_to_read(&name) {
                Ok(file) => file,
                // It ended just now.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                // Ours can be read by everybody who shares the folder: nobody can tell what this is about.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    return Err(LockError::Unclear { path: self.path().join(name), why: error.to_string() });
                }
                // Links and whatever else is no regular file were never made by us.
                Err(_) => {
                    listing.others.push(name);
                    continue;
                }
            };
            let held = file::is_held(&file);
            match self.look(&name, &file, held) {
                Ok(Some(lock)) => listing.locks.push(lock),
                Ok(None) => listing.others.push(name),
                Err(error) => return Err(error),
            }
        }
        Ok(listing)
    }

    fn look(&self, name: &str, file: &File, held: bool) -> Result<Option<Listed>, LockError> {
        let owner = file.metadata().map_err(self.failed("look at", name))?.uid();
        match file::read(file) {
            Ok(Content { claim, steps }) => Ok(Some(Listed { claim, steps, held, owner, name: name.to_owned() })),
            Err(_) if !held => Ok(None),
            Err(why) => Err(LockError::Unclear { path: self.path().join(name), why }),
        }
    }
}
