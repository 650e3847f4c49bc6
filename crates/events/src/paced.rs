use runsheet_model::Pace;

use crate::{EventKind, HostResult};

impl EventKind {
    /// The same with the times that it carries as the run tells them, where they are as a clock measured them.
    pub fn at_pace(mut self, pace: Pace) -> Self {
        if pace.is_real() {
            return self;
        }
        match &mut self {
            Self::HostConnected { took, .. }
            | Self::StepFinished { took, .. }
            | Self::RunFinished { took, .. }
            | Self::HostFinished { result: HostResult { took, .. }, .. }
            | Self::RenewalFinished { result: HostResult { took, .. }, .. }
            | Self::PersonAnswered { waited: took, .. } => *took = pace.to_tell(*took),
            Self::AttemptFinished { result, commands, .. } => {
                result.took = pace.to_tell(result.took);
                for command in commands {
                    command.started = pace.to_tell(command.started);
                    command.took = pace.to_tell(command.took);
                }
            }
            Self::RunStarted(_)
            | Self::StepStarted { .. }
            | Self::WaveStarted { .. }
            | Self::HostStarted { .. }
            | Self::AttemptStarted(_)
            | Self::RenewalStarted(_)
            | Self::LostAnswered { .. }
            | Self::HostNoted { .. }
            | Self::PersonAsked { .. }
            | Self::FileMade { .. }
            | Self::RunCancelled { .. }
            | Self::Warned { .. }
            // It is made of times that were told.
            | Self::TookLonger(_) => {}
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use runsheet_model::{HostName, Outcome, State, StepId};

    use super::*;
    use crate::{AttemptKey, CommandRecord, StepTotals};

    #[test]
    fn every_time_of_an_event_is_told_in_the_time_of_the_run() {
        let pace = Pace::new(10.0).expect("a pace");
        let second = Duration::from_secs(1);
        let command = CommandRecord {
            command: "true".to_owned(),
            code: Some(0),
            started: second,
            took: second,
            output_bytes: 0,
            output_sha256: String::new(),
            leaked: false,
        };
        let key = AttemptKey {
            step: StepId::new("roll").expect("an id"),
            link: 0,
            host: HostName::new("web1").expect("a name"),
            attempt: 1,
        };
        let result =
            HostResult { state: State::Ok { changed: true }, outcome: Outcome::changed(""), hint: None, took: second };
        let finished = EventKind::AttemptFinished { key, started: true, result, commands: vec![command] };
        let EventKind::AttemptFinished { result, commands, .. } = finished.clone().at_pace(pace) else {
            panic!("another event");
        };
        assert_eq!([result.took, commands[0].started, commands[0].took], [second * 10; 3]);
        assert_eq!(finished.clone().at_pace(Pace::REAL), finished);
        let over = EventKind::RunFinished { totals: StepTotals::default(), took: second };
        assert_eq!(over.at_pace(pace), EventKind::RunFinished { totals: StepTotals::default(), took: second * 10 });
    }
}
