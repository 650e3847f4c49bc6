use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use runsheet_events::{Durability, RunEvent};
use tokio::sync::watch;

use crate::chain::{Chain, Fault};
use crate::spool::Spool;
use crate::store::Store;

/// How many events one group has at most: it bounds how long the first of them waits for the last.
const GROUP: usize = 512;

/// The one who writes a journal, on a thread of its own.
///
/// It writes whatever waits, syncs once, and tells how far the record is durable; meanwhile the next group forms. So a lone
/// event is durable after one sync, and a thousand at once cost two.
///
/// After the first error it writes nothing more: the kernel drops what an `fsync` failed on and reports success to the next
/// one, so trying again would turn a loss into a lie. Events from then on go to the spool.
pub(crate) struct Scribe<S> {
    pub(crate) store: S,
    pub(crate) path: PathBuf,
    pub(crate) chain: Chain,
    pub(crate) durability: watch::Sender<Durability>,
    pub(crate) spool: Option<Spool>,
    pub(crate) failed: bool,
}

impl<S: Store> Scribe<S> {
    /// Writes until nobody can send any more.
    pub(crate) fn run(mut self, inbox: &Receiver<Arc<RunEvent>>) {
        let mut group = Vec::with_capacity(GROUP);
        while let Ok(first) = inbox.recv() {
            group.push(first);
            group.extend(inbox.try_iter().take(GROUP - 1));
            if self.failed {
                self.save(&group);
            } else if let Err(reason) = self.record(&group) {
                self.fail(reason, &group);
            }
            group.clear();
        }
        if !self.failed
            && let Err(error) = self.store.trim()
        {
            tracing::warn!(path = %self.path.display(), %error, "room that was reserved could not be given back");
        }
    }

    fn record(&mut self, group: &[Arc<RunEvent>]) -> Result<(), String> {
        let path = self.path.display();
        let mut lines = Vec::new();
        for event in group {
            self.chain.seal(event, &mut lines).map_err(|fault| match fault {
                Fault::Broken(why) => format!("event refused: {why}"),
                Fault::Newer(format) => format!("event refused: its format is {format}"),
            })?;
        }
        self.store.append(&lines).map_err(|error| format!("failed to write `{path}`: {error}"))?;
        self.store.sync().map_err(|error| format!("failed to sync `{path}`: {error}"))?;
        self.durability.send_replace(Durability::UpTo(self.chain.seq()));
        Ok(())
    }

    fn fail(&mut self, mut reason: String, group: &[Arc<RunEvent>]) {
        self.failed = true;
        self.save(group);
        if let Some(spool) = &self.spool {
            reason = format!("{reason} (what is missing is in `{}`)", spool.path().display());
        }
        tracing::error!(reason, "the journal has stopped");
        self.durability.send_modify(|durability| {
            let durable = match *durability {
                Durability::UpTo(durable) | Durability::Failed { durable, .. } => durable,
            };
            *durability = Durability::Failed { durable, reason };
        });
    }

    fn save(&mut self, group: &[Arc<RunEvent>]) {
        if let Some(spool) = &mut self.spool {
            spool.save(group.iter().map(AsRef::as_ref));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Mutex, mpsc};
    use std::time::{Duration, UNIX_EPOCH};

    use runsheet_events::{EventKind, RunHeader};
    use runsheet_model::RunId;

    use super::*;

    /// What was asked of the disk.
    #[derive(Clone, Debug, PartialEq)]
    enum Asked {
        Append(Vec<u8>),
        Sync,
        Trim,
    }

    /// A disk that remembers what it was asked, and what had been said to be durable by then.
    struct Disk {
        asked: Arc<Mutex<Vec<(Asked, Durability)>>>,
        durability: watch::Receiver<Durability>,
        fail_sync: Option<usize>,
        fail_append: Option<usize>,
    }

    impl Disk {
        fn ask(&self, what: Asked) -> usize {
            let same = |other: &Asked| std::mem::discriminant(other) == std::mem::discriminant(&what);
            let mut asked = self.asked.lock().expect("no panic");
            let before = asked.iter().filter(|(other, _)| same(other)).count();
            asked.push((what, self.durability.borrow().clone()));
            before
        }
    }

    impl Store for Disk {
        fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
            let before = self.ask(Asked::Append(bytes.to_vec()));
            if self.fail_append == Some(before) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            Ok(())
        }

        fn sync(&mut self) -> io::Result<()> {
            let before = self.ask(Asked::Sync);
            if self.fail_sync == Some(before) {
                return Err(io::Error::other("the disk is broken"));
            }
            Ok(())
        }

        fn trim(&mut self) -> io::Result<()> {
            self.ask(Asked::Trim);
            Ok(())
        }
    }

    fn event(seq: u64) -> Arc<RunEvent> {
        let kind = if seq == 1 {
            EventKind::RunStarted(Box::new(RunHeader {
                format: crate::FORMAT,
                run: RunId::fresh(),
                epoch: 1,
                sheet: String::new(),
                command: String::new(),
                plan_hash: String::new(),
                version: String::new(),
                user: String::new(),
                machine: String::new(),
                steps: Vec::new(),
                hosts: 0,
                request: None,
                forecast: None,
            }))
        } else {
            EventKind::Warned { message: String::new() }
        };
        Arc::new(RunEvent { seq, at: UNIX_EPOCH, elapsed: Duration::ZERO, kind })
    }

    /// Lets the scribe write events that all wait already, and tells what it asked of the disk.
    fn write(
        count: u64,
        fail_append: Option<usize>,
        fail_sync: Option<usize>,
    ) -> (Vec<(Asked, Durability)>, Durability) {
        let (send, inbox) = mpsc::channel();
        (1..=count).for_each(|seq| send.send(event(seq)).expect("a reader"));
        drop(send);
        let (durability, watched) = watch::channel(Durability::UpTo(0));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let store = Disk { asked: Arc::clone(&asked), durability: watched.clone(), fail_sync, fail_append };
        let scribe = Scribe {
            store,
            path: PathBuf::from("journal.ndjson"),
            chain: Chain::start(),
            durability,
            spool: None,
            failed: false,
        };
        scribe.run(&inbox);
        let asked = asked.lock().expect("no panic").clone();
        let durability = watched.borrow().clone();
        (asked, durability)
    }

    fn syncs(asked: &[(Asked, Durability)]) -> usize {
        asked.iter().filter(|(asked, _)| *asked == Asked::Sync).count()
    }

    #[test]
    fn what_waits_together_is_synced_together() {
        let (asked, durability) = write(1200, None, None);
        assert_eq!(syncs(&asked), 3);
        assert_eq!(durability, Durability::UpTo(1200));
        assert_eq!(asked.last().map(|(asked, _)| asked), Some(&Asked::Trim));
    }

    #[test]
    fn power_may_fail_at_any_moment_and_nothing_that_was_told_is_gone() {
        let (asked, _) = write(3000, None, None);
        let (mut written, mut synced) = (Vec::new(), 0);
        for (asked, told) in asked {
            // All that is certain to be on the disk now is what a sync before this moment has covered.
            let on_disk = written[..synced].split(|&byte| byte == b'\n').skip(1).count() as u64;
            assert!(matches!(told, Durability::UpTo(told) if told <= on_disk), "{told:?}, {on_disk} on disk");
            match asked {
                Asked::Append(bytes) => written.extend(bytes),
                Asked::Sync => synced = written.len(),
                Asked::Trim => {}
            }
        }
        let mut chain = Chain::start();
        for line in written[..synced].split_inclusive(|&byte| byte == b'\n') {
            chain.open(line.trim_ascii_end()).expect("a sound line");
        }
        assert_eq!(chain.seq(), 3000);
    }

    #[test]
    fn after_a_failed_sync_the_disk_is_left_alone() {
        let (asked, durability) = write(3000, None, Some(1));
        assert_eq!(syncs(&asked), 2);
        assert_eq!(asked.last().map(|(asked, _)| asked), Some(&Asked::Sync));
        let reason = "failed to sync `journal.ndjson`: the disk is broken".to_owned();
        assert_eq!(durability, Durability::Failed { durable: 512, reason });
    }

    #[test]
    fn after_a_failed_write_nothing_is_synced_or_written() {
        let (asked, durability) = write(3000, Some(0), None);
        assert_eq!(asked.len(), 1);
        assert!(matches!(durability, Durability::Failed { durable: 0, .. }), "{durability:?}");
    }
}
