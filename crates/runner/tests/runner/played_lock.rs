//! The lock on a host, played: it answers as the script on a real host does.

use std::time::Duration;

use runsheet_model::LostReason;
use runsheet_task::RemoteError;

/// Who holds the lock on a host, and what will happen to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PlayedLock {
    /// The run that holds it.
    pub(crate) run: Option<String>,
    /// What it was asked, in order, and when: seconds since the run's start.
    pub(crate) asked: Vec<(String, u64)>,
    /// When somebody else takes it away.
    pub(crate) taken_away: Option<Duration>,
    /// When whoever holds it ends.
    pub(crate) ends: Option<Duration>,
    /// From when to when nothing is heard of the host.
    pub(crate) silent: Option<(Duration, Duration)>,
}

impl PlayedLock {
    /// One that another run holds.
    pub(crate) fn of_others() -> Self {
        Self { run: Some("another".to_owned()), ..Self::default() }
    }

    pub(crate) fn answer(&mut self, command: &str, now: Duration) -> Result<String, RemoteError> {
        let words: Vec<&str> = command.split_whitespace().map(|word| word.trim_matches('\'')).collect();
        let (act, run) = (words[3], words[4].to_owned());
        self.asked.push((act.to_owned(), now.as_secs()));
        if self.silent.is_some_and(|(from, to)| from <= now && now < to) {
            return Err(RemoteError::Lost { reason: LostReason::PeerSilent });
        }
        if self.taken_away.is_some_and(|at| at <= now) {
            self.run = Some("another".to_owned());
        }
        if self.ends.is_some_and(|at| at <= now) {
            self.run = None;
        }
        let mine = self.run.as_ref() == Some(&run);
        Ok(match (act, &self.run) {
            ("take", None) => {
                self.run = Some(run);
                "runsheet-lock mine\n".to_owned()
            }
            ("take" | "keep", Some(_)) if mine => "runsheet-lock mine\n".to_owned(),
            ("end", Some(_)) if mine => {
                self.run = None;
                "runsheet-lock ended\n".to_owned()
            }
            (_, None) => "runsheet-lock gone\n".to_owned(),
            _ => "runsheet-lock held\n{\"run\":\"0199f6a0-0000-7000-8000-000000000007\",\"command\":\"run\",\"sheet\":\"Other\",\
                  \"user\":\"sam\",\"machine\":\"laptop\",\"pid\":7,\"since_ms\":1000}\n"
                .to_owned(),
        })
    }
}
