use std::time::{Duration, SystemTime};

use runsheet_model::format_chosen_duration;

use crate::finding::{Amount, Check, Finding};
use crate::said::quoted;

const HINT: &str = "compare with a third clock (`timedatectl`): certificates, logs and locks go by it; here hosts' clocks are believed in nothing";

/// Judges a host's clock by what `date` said and by when it was asked and answered. It was read at some moment between the two, so that only
/// what no moment between them explains is wrong.
pub(crate) fn judge(said: &str, asked: SystemTime, answered: SystemTime, bound: Duration) -> Option<Finding> {
    let Some((from, to)) = read(said) else {
        let says = format!("its clock cannot be read: `date` says {}", quoted(said));
        return Some(Finding::wrong(Check::Clock, says));
    };
    let (asked, answered) = (since_1970(asked), since_1970(answered));
    let ahead = from.checked_sub(answered).filter(|ahead| *ahead > bound);
    let behind = asked.checked_sub(to).filter(|behind| *behind > bound);
    let (by, word) = match (ahead, behind) {
        (Some(by), _) => (by, "ahead of"),
        (None, Some(by)) => (by, "behind"),
        (None, None) => return None,
    };
    let says = format!("the clock is more than {} {word} ours", format_chosen_duration(bound));
    Some(Finding::wrong(Check::Clock, says).amount(Amount::Time(by)).hint(HINT))
}

/// The earliest and the latest time that can be meant: where `date` knows no parts of a second it is some moment within it.
fn read(said: &str) -> Option<(Duration, Duration)> {
    let said = said.trim();
    let (seconds, parts) = said.split_once('.').unwrap_or((said, ""));
    let seconds = Duration::from_secs(seconds.parse().ok()?);
    if parts.is_empty() || !parts.bytes().all(|digit| digit.is_ascii_digit()) || parts.len() > 9 {
        return Some((seconds, seconds.checked_add(Duration::from_secs(1))?));
    }
    let nanos: u64 = format!("{parts:0<9}").parse().ok()?;
    let time = seconds.checked_add(Duration::from_nanos(nanos))?;
    Some((time, time))
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: Duration = Duration::from_secs(5);

    fn at(seconds: f64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds)
    }

    /// By how much a clock is wrong that was read between 1000 and 1004.
    fn wrong(said: &str) -> Option<String> {
        let finding = judge(said, at(1_000.0), at(1_004.0), BOUND)?;
        let amount = match finding.amount {
            Some(Amount::Time(by)) => format!("{by:?}"),
            _ => String::new(),
        };
        Some(format!("{amount} {}", finding.says))
    }

    #[test]
    fn the_way_there_and_back_is_no_difference() {
        for fine in ["1002.000000000", "1000", "995.000000001", "1008.9", "994.N", "1009.000000000"] {
            assert_eq!(wrong(fine), None, "{fine}");
        }
    }

    #[test]
    fn a_clock_that_no_delay_explains_is_wrong() {
        assert_eq!(wrong("1010.5\n").as_deref(), Some("6.5s the clock is more than 5s ahead of ours"));
        assert_eq!(wrong("993.%N").as_deref(), Some("6s the clock is more than 5s behind ours"));
        assert_eq!(wrong("0").as_deref(), Some("999s the clock is more than 5s behind ours"));
    }

    #[test]
    fn what_is_no_time_is_told() {
        for bad in ["", "yesterday", "-5", "99999999999999999999999", "1.2.3 x\x1b[2J"] {
            let said = wrong(bad);
            assert!(said.is_none_or(|said| !said.contains('\x1b')), "{bad:?}");
        }
        assert_eq!(wrong("yesterday").as_deref(), Some(" its clock cannot be read: `date` says `yesterday`"));
        assert!(wrong("18446744073709551615").is_some());
    }
}
