//! How many connections there can be, which are open files of this process.

use runsheet_practice::raise_open_files;
use rustix::process::{Resource, getrlimit};

/// Open files that are no connections: the record of the run, standard streams, what the runtime needs.
const OTHERS: u64 = 40;

/// Open files of a host at work: its connection, its output, and what is sent or fetched.
const EACH: u64 = 3;

/// Raises the limit on open files as far as it goes, and returns for how many hosts at once that is enough (`None`: for any
/// number).
pub(crate) fn connections() -> Option<usize> {
    let limit = match raise_open_files() {
        Ok(limit) => limit,
        Err(error) => {
            tracing::debug!(%error, "the limit on open files stays as it is");
            getrlimit(Resource::Nofile).current
        }
    };
    limit.map(|limit| usize::try_from((limit.saturating_sub(OTHERS) / EACH).max(1)).unwrap_or(usize::MAX))
}
