use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

/// How many times faster than real a run goes: 1, but for rehearsals.
///
/// A run's own times (limits, pauses, what is recorded and shown) are those that it would have in earnest. What is waited for, and
/// what a clock measured, is so many times shorter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace(f64);

/// A text is no pace.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a speed is a number from 1 to {}, such as 10", Pace::MOST)]
pub struct PaceError;

impl Pace {
    /// As fast as life.
    pub const REAL: Self = Self(1.0);

    /// The fastest: beyond it a clock measures mostly how long this machine itself takes.
    pub const MOST: u16 = 1_000;

    /// A pace from 1 to [`Pace::MOST`].
    pub fn new(speed: f64) -> Result<Self, PaceError> {
        if (1.0..=f64::from(Self::MOST)).contains(&speed) { Ok(Self(speed)) } else { Err(PaceError) }
    }

    /// Whether the run goes as fast as life.
    pub fn is_real(self) -> bool {
        self.0 <= 1.0
    }

    /// How long a clock measures what takes so long in the run.
    pub fn to_wait(self, time: Duration) -> Duration {
        if self.is_real() { time } else { scaled(time, 1.0 / self.0) }
    }

    /// How long something takes in the run for which a clock measured so long.
    pub fn to_tell(self, measured: Duration) -> Duration {
        if self.is_real() { measured } else { scaled(measured, self.0) }
    }
}

/// Exact for 1; a time too long to be held is the longest there is.
fn scaled(time: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

impl Default for Pace {
    fn default() -> Self {
        Self::REAL
    }
}

impl FromStr for Pace {
    type Err = PaceError;

    fn from_str(text: &str) -> Result<Self, PaceError> {
        Self::new(text.parse().map_err(|_| PaceError)?)
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_a_minute_is_waited_for_a_tenth_of_it_and_told_as_a_minute() {
        let pace = Pace::new(10.0).expect("a pace");
        let minute = Duration::from_mins(1);
        assert_eq!(pace.to_wait(minute), Duration::from_secs(6));
        assert_eq!(pace.to_tell(Duration::from_secs(6)), minute);
        assert_eq!(Pace::REAL.to_wait(minute), minute);
        assert_eq!(pace.to_tell(Duration::MAX), Duration::MAX);
    }

    #[test]
    fn only_numbers_from_one_to_a_thousand_are_a_pace() {
        for text in ["0", "0.5", "-3", "1001", "NaN", "inf", "fast", ""] {
            assert_eq!(text.parse::<Pace>(), Err(PaceError), "{text}");
        }
        assert_eq!("2.5".parse::<Pace>().map(|pace| pace.to_string()), Ok("2.5".to_owned()));
    }
}
