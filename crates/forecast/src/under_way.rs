use std::time::Duration;

use crate::usual::scaled;
use crate::{Shape, remaining};

/// A step that is being worked on, as far as what is left of it matters. Machine time only: waiting for people is left out.
#[derive(Clone, Copy, Debug)]
pub struct UnderWay<'a> {
    /// How long it was forecast to take; nothing if nobody knows.
    pub forecast: Option<Duration>,
    /// How it goes through its hosts.
    pub shape: &'a Shape,
    /// Since its start.
    pub elapsed: Duration,
    /// How many of its turns are over ([`Shape::turns_over`]).
    pub turns: usize,
    /// From its start to the end of the last of these turns; zero if none is over.
    pub turned: Duration,
}

impl UnderWay<'_> {
    /// How long it will still take; nothing if nobody knows and no turn is over yet.
    ///
    /// What is to come goes on as this run went so far. The forecast counts as one turn more: a first turn that was odd changes little,
    /// and a run that is slower throughout is soon believed.
    #[expect(clippy::cast_precision_loss, reason = "nobody has so many hosts")]
    pub fn left(&self) -> Option<Duration> {
        let all = self.shape.turns().max(1);
        let over = self.turns.min(all);
        let known = over + usize::from(self.forecast.is_some());
        if known == 0 {
            return None;
        }
        let forecast = scaled(self.forecast.unwrap_or_default(), 1.0 / all as f64);
        let turn = scaled(self.turned.saturating_add(forecast), 1.0 / known as f64);
        let to_come = scaled(turn, (all - over) as f64);
        Some(remaining(to_come, self.elapsed.saturating_sub(self.turned)))
    }
}
