//! Dates, times and spans of time as numbers of days.

use std::time::Duration;

use jiff::civil::{Date, DateTime, Time, date};
use jiff::{SignedDuration, ToSpan};

use crate::Value;
use crate::number_format::Shown;

const MILLISECONDS_A_DAY: i64 = 86_400_000;
/// The last day, 9999-12-31.
const LAST_DAY: f64 = 2_958_466.0;

/// Where days are counted from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Epoch {
    /// Day 1 is 1900-01-01, and day 60 is a 29 February that never was.
    #[default]
    Year1900,
    /// Day 0 is 1904-01-01, as old Macs had it.
    Year1904,
}

impl Epoch {
    fn day(self, days: i64) -> Option<Date> {
        let zero = match self {
            Self::Year1900 if days < 60 => date(1899, 12, 31),
            Self::Year1900 => date(1899, 12, 30),
            Self::Year1904 => date(1904, 1, 1),
        };
        zero.checked_add(days.days()).ok()
    }

    fn days(self, day: Date) -> f64 {
        let since = |zero: Date| f64::from((day - zero).get_days());
        match self {
            Self::Year1900 if day < date(1900, 3, 1) => since(date(1899, 12, 31)),
            Self::Year1900 => since(date(1899, 12, 30)),
            Self::Year1904 => since(date(1904, 1, 1)),
        }
    }

    /// What a person sees of a number of days that is shown so; a number where it is no date.
    pub(crate) fn value(self, number: f64, shown: Shown) -> Value {
        if !(0.0..LAST_DAY).contains(&number) {
            return Value::Number(number);
        }
        if shown == Shown::Duration {
            return Value::Duration(Duration::from_millis(milliseconds(number).unsigned_abs()));
        }
        self.civil(number, shown).map_or(Value::Number(number), Value::DateTime)
    }

    fn civil(self, number: f64, shown: Shown) -> Option<String> {
        // Seconds are all that such formats show, and all that sums of them are good for.
        let seconds = (milliseconds(number) + 500) / 1_000;
        let (days, seconds) = (seconds / 86_400, seconds % 86_400);
        let time = Time::midnight().checked_add(SignedDuration::from_secs(seconds)).ok()?;
        match shown {
            Shown::Date => Some(self.day(days)?.to_string()),
            Shown::Time => Some(time.to_string()),
            Shown::DateTime => Some(self.day(days)?.to_datetime(time).to_string()),
            Shown::Number | Shown::Text | Shown::Duration => None,
        }
    }

    /// The number of days that stands for an ISO date, time of day, or both, and what it has to be shown as.
    pub(crate) fn number(self, iso: &str) -> Option<(f64, Shown)> {
        let part =
            |time: Time| (time - Time::midnight()).total(jiff::Unit::Second).map(|seconds| seconds / 86_400.0).ok();
        if let Ok(time) = iso.parse::<Time>().or_else(|_| iso.trim_start_matches('T').parse::<Time>())
            && !iso.contains('-')
        {
            return Some((part(time)?, Shown::Time));
        }
        let moment: DateTime = iso.parse().ok()?;
        (moment.date() >= date(1900, 1, 1)).then_some(())?;
        let days = self.days(moment.date());
        if iso.contains(':') { Some((days + part(moment.time())?, Shown::DateTime)) } else { Some((days, Shown::Date)) }
    }
}

/// The number of days that stands for a span of time.
pub(crate) fn of_duration(span: Duration) -> f64 {
    span.as_secs_f64() / 86_400.0
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "at most 2.6e14, and rounded on purpose"
)]
fn milliseconds(days: f64) -> i64 {
    (days * MILLISECONDS_A_DAY as f64).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_days_are_dates_and_back() {
        let cases = [
            (Epoch::Year1900, 1.0, Shown::Date, "1900-01-01"),
            (Epoch::Year1900, 59.0, Shown::Date, "1900-02-28"),
            (Epoch::Year1900, 61.0, Shown::Date, "1900-03-01"),
            (Epoch::Year1900, 46_352.0, Shown::Date, "2026-11-26"),
            (Epoch::Year1904, 0.0, Shown::Date, "1904-01-01"),
            (Epoch::Year1904, 44_890.0, Shown::Date, "2026-11-26"),
            (Epoch::Year1900, 46_352.145_833_333_3, Shown::DateTime, "2026-11-26T03:30:00"),
            (Epoch::Year1900, 0.999_988_425_9, Shown::Time, "23:59:59"),
        ];
        for (epoch, number, shown, iso) in cases {
            assert_eq!(epoch.value(number, shown), Value::DateTime(iso.to_owned()));
            let (back, as_shown) = epoch.number(iso).expect("a date");
            assert!((back - number).abs() < 1e-9 && as_shown == shown, "{iso}: {back} {as_shown:?}");
        }
        assert_eq!(Epoch::Year1900.value(1.5, Shown::Duration), Value::Duration(Duration::from_hours(36)));
        assert_eq!(Epoch::Year1900.value(-1.0, Shown::Date), Value::Number(-1.0));
        assert_eq!(Epoch::Year1900.value(46_352.9, Shown::Time), Value::DateTime("21:36:00".to_owned()));
        assert_eq!(Epoch::Year1900.number("tomorrow"), None);
    }
}
