use std::fmt;
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::Outputs;

/// How a list of hosts is written, such as `web[1-3]`.
pub type Fold = fn(&[&str]) -> String;

/// What a report needs to know beside the run itself.
#[derive(Clone)]
pub struct Context<'a> {
    /// In which zone moments are written, for people. Programs get UTC.
    pub zone: TimeZone,
    /// How lists of hosts are written.
    pub fold: Fold,
    /// The output of hosts.
    pub outputs: &'a dyn Outputs,
}

impl Context<'_> {
    /// A moment as people of this place write it: `2026-11-23 03:12:45 +01:00`.
    pub(crate) fn local(&self, at: SystemTime) -> String {
        match Timestamp::try_from(at) {
            Ok(at) => at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string(),
            Err(_) => "at an unknown time".to_owned(),
        }
    }

    /// Hosts as one text of at most so many characters.
    pub(crate) fn folded(&self, hosts: &[&str], longest: usize) -> String {
        runsheet_model::shortened(&(self.fold)(hosts), longest)
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("zone", &self.zone).finish_non_exhaustive()
    }
}

/// A moment for programs: RFC 3339, UTC, milliseconds. Empty if it is beyond all calendars.
pub(crate) fn utc(at: SystemTime) -> String {
    Timestamp::try_from(at).map(|at| format!("{at:.3}")).unwrap_or_default()
}
