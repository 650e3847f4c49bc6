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

/// A moment of today or soon as a clock shows it: `03:12`; with its day if that is another: `2026-11-23 03:12`.
pub(crate) fn clock(at: SystemTime) -> String {
    let Ok(at) = Timestamp::try_from(at).map(|at| at.to_zoned(TimeZone::system())) else {
        return "an unknown time".to_owned();
    };
    let is_today = Timestamp::now().to_zoned(TimeZone::system()).date() == at.date();
    at.strftime(if is_today { "%H:%M" } else { "%Y-%m-%d %H:%M" }).to_string()
}
