use std::io;
use std::time::Duration;

use runsheet_model::{Phase, Unreachable};
use tokio::time::Instant;

/// A failure that another try a moment later would meet again.
pub(crate) fn for_good(phase: Phase, reason: impl Into<String>) -> Unreachable {
    Unreachable { phase, reason: reason.into(), hint: None, transient: false }
}

/// A failure that another try a moment later may not meet.
pub(crate) fn for_now(phase: Phase, reason: impl Into<String>) -> Unreachable {
    Unreachable { transient: true, ..for_good(phase, reason) }
}

/// Adds what would help.
pub(crate) fn with_hint(mut unreachable: Unreachable, hint: impl Into<String>) -> Unreachable {
    unreachable.hint = Some(hint.into());
    unreachable
}

/// A failure of the socket. What this machine lacks is told from what the host did: the one concerns every host.
pub(crate) fn socket(phase: Phase, error: &io::Error) -> Unreachable {
    use rustix::io::Errno;

    let ours = [
        Errno::MFILE,
        Errno::NFILE,
        Errno::NOBUFS,
        Errno::NOMEM,
        Errno::ADDRNOTAVAIL,
        Errno::NETUNREACH,
        Errno::NETDOWN,
    ];
    let errno = Errno::from_io_error(error);
    let phase = if errno.is_some_and(|errno| ours.contains(&errno)) { Phase::Local } else { phase };
    let failure = for_now(phase, io_text(error));
    match errno {
        Some(Errno::MFILE) => with_hint(failure, "raise the limit of open files with `ulimit -n`, or lower `--forks`"),
        _ => failure,
    }
}

/// An error of the operating system, without the number that Rust adds.
pub(crate) fn io_text(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text[..end].to_lowercase(),
        None => text,
    }
}

/// The deadline of a phase within the time that the whole connection has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    end: Instant,
    total: Duration,
}

impl Budget {
    pub(crate) fn starting_now(total: Duration) -> Self {
        Self { end: Instant::now() + total, total }
    }

    /// Waits for something until the phase's own limit or the end of everything, whichever is first. What did not come
    /// in time is told with the limit that it ran into.
    pub(crate) async fn wait<T>(
        &self,
        phase: Phase,
        limit: Duration,
        what: &str,
        future: impl Future<Output = T>,
    ) -> Result<T, Unreachable> {
        let deadline = (Instant::now() + limit).min(self.end);
        tokio::time::timeout_at(deadline, future).await.map_err(|_| self.ran_out(phase, limit, what))
    }

    /// The same with the time added that was spent on what is not the host's doing.
    pub(crate) fn later_by(self, waited: Duration) -> Self {
        Self { end: self.end + waited, ..self }
    }

    pub(crate) fn end(&self) -> Instant {
        self.end
    }

    /// Tells that something did not come in time.
    pub(crate) fn ran_out(&self, phase: Phase, limit: Duration, what: &str) -> Unreachable {
        if Instant::now() < self.end {
            return for_now(phase, format!("{what} within {limit:?}"));
        }
        with_hint(
            for_now(phase, format!("{what} within the {:?} that connecting may take", self.total)),
            "raise `connect_timeout` in its host group",
        )
    }
}
