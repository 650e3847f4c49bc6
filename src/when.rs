use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A moment as people of this place write it: `2026-11-23 03:12:45`.
pub(crate) fn local(at: SystemTime) -> String {
    match Timestamp::try_from(at) {
        Ok(at) => at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => "at an unknown time".to_owned(),
    }
}
