use std::collections::BTreeSet;
use std::time::Duration;

use runsheet_model::format_duration;
use runsheet_task::{CommandResult, Host, Outcome, TaskError};

use crate::on_host::{DETACHED, HostScript};
use crate::patience::Patience;

/// Its output goes to a file while it is started. Apache lets go of it when it becomes a daemon, but the log writers that it has
/// started before that (`CustomLog "|…"`) keep it until they end.
const SCRIPT: HostScript = HostScript::new("apache", &[DETACHED, CONTROL, include_str!("server.sh")]);

/// Finds the control program, for every script that calls it.
pub(super) const CONTROL: &str = include_str!("control.sh");

/// The apache of a host.
pub(crate) struct Apache<'a> {
    host: &'a Host,
}

/// Whether apache runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ApacheState {
    /// It does.
    Running(ApacheProcesses),
    /// It does not.
    Stopped,
}

/// The processes of a running apache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApacheProcesses {
    /// Process id of the master.
    pub(crate) master: u32,
    /// Another word each time it has read its configuration; `-` where the host does not tell.
    written: String,
    /// Process ids of the master's children; none where the host does not tell.
    children: BTreeSet<u32>,
}

/// What was seen when a wait was over.
pub(crate) struct LastLook {
    pub(crate) state: ApacheState,
    /// Whether it is as it should be.
    pub(crate) as_wanted: bool,
    /// How long that took, for people.
    pub(crate) waited: String,
}

impl<'a> Apache<'a> {
    pub(crate) fn on(host: &'a Host) -> Self {
        Self { host }
    }

    /// Runs `configtest`.
    pub(crate) async fn configtest(&self) -> Result<CommandResult, TaskError> {
        self.host.run(SCRIPT.with(["configtest"])).await
    }

    /// Runs one of apache's own actions: `start`, `stop`, `restart` or `graceful`. Its success says that it was asked for, not that
    /// it is done.
    pub(crate) async fn ask(&self, action: &str) -> Result<Outcome, TaskError> {
        self.host.would(match action {
            "graceful" => "restart apache gracefully".to_owned(),
            action => format!("{action} apache"),
        })?;
        self.host.log_run(SCRIPT.with([action])).await
    }

    /// Looks whether it runs. It is an error if the host does not let us know.
    pub(crate) async fn state(&self) -> Result<ApacheState, TaskError> {
        let said = self.host.run(SCRIPT.with(["state"])).await?;
        let state = if said.ok() { ApacheState::read(&said.stdout) } else { None };
        state.ok_or_else(|| TaskError::failed(format!("cannot tell whether apache runs: {}", said.complaint())))
    }

    /// Looks until its state is as wanted or `wait` has passed.
    pub(crate) async fn wait_until(
        &self,
        wait: Duration,
        mut wanted: impl FnMut(&ApacheState) -> bool,
    ) -> Result<LastLook, TaskError> {
        let mut patience = Patience::new(self.host, wait);
        loop {
            let state = self.state().await?;
            let as_wanted = wanted(&state);
            if as_wanted || !patience.pause().await {
                return Ok(LastLook { state, as_wanted, waited: format_duration(patience.waited()) });
            }
        }
    }

    /// Checks the configuration, runs `restart` or `graceful`, and waits until it is done.
    pub(crate) async fn renew(&self, action: &str, wait: Duration) -> Result<Outcome, TaskError> {
        let checked = self.configtest().await?;
        if !checked.ok() {
            return Ok(checked.outcome());
        }
        let before = self.state().await?;
        let asked = self.ask(action).await?;
        if !asked.is_ok() {
            return Ok(asked);
        }
        let mut last = before.clone();
        let renewed = |now: &ApacheState| {
            let renewed = now.is_renewed(&last, &before);
            last = now.clone();
            renewed
        };
        let LastLook { state, as_wanted: renewed, waited } = self.wait_until(wait, renewed).await?;
        Ok(match (before, state) {
            (ApacheState::Stopped, ApacheState::Running(now)) => {
                Outcome::changed(format!("apache was not running and was started (process {})", now.master))
            }
            (_, ApacheState::Running(now)) if renewed => Outcome::changed(format!(
                "apache has read its configuration and has new processes (master {})",
                now.master
            )),
            (_, ApacheState::Running(now)) => Outcome::failed(
                format!(
                    "apache (process {}) is as it was before `{action}` after {waited}: see its error log",
                    now.master
                ),
                1,
            ),
            (_, ApacheState::Stopped) => {
                Outcome::failed(format!("apache does not run {waited} after `{action}`: see its error log"), 1)
            }
        })
    }
}

impl ApacheState {
    /// Reads `running MASTER WRITTEN CHILD…` or `stopped`.
    fn read(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        match words.next()? {
            "running" => Some(Self::Running(ApacheProcesses {
                master: words.next()?.parse().ok()?,
                written: words.next()?.to_owned(),
                children: words.map(str::parse).collect::<Result<_, _>>().ok()?,
            })),
            "stopped" => Some(Self::Stopped),
            _ => None,
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(self, Self::Running(_))
    }

    /// Whether it runs and is not the one from before; `last` is how it was at the last look.
    fn is_renewed(&self, last: &Self, before: &Self) -> bool {
        match (self, last, before) {
            (Self::Running(now), Self::Running(last), Self::Running(before)) => now.are_renewed(last, Some(before)),
            (Self::Running(now), Self::Running(last), Self::Stopped) => now.are_renewed(last, None),
            _ => false,
        }
    }
}

impl ApacheProcesses {
    /// Whether apache has read its configuration since, and has a child that was not there before and was there at the last look.
    ///
    /// A new child alone proves nothing: apache starts and ends children as requests come and go. Nor does one that was seen once:
    /// apache 2.4 can end what it has just started (seen with 2.4.71), and is then a second without any child. What the host does
    /// not tell is not asked for.
    fn are_renewed(&self, last: &Self, before: Option<&Self>) -> bool {
        let read_again = before.is_none_or(|before| {
            self.master != before.master || before.written == "-" || self.written != before.written
        });
        let same_as_last = self.master == last.master && self.written == last.written;
        let old = before.map(|before| &before.children);
        let is_new = |child: &u32| old.is_none_or(|old| !old.contains(child));
        let untold = [Some(&self.children), Some(&last.children), old].into_iter().flatten().all(BTreeSet::is_empty);
        let new_child = untold || self.children.intersection(&last.children).any(is_new);
        read_again && same_as_last && new_child
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(text: &str) -> ApacheState {
        ApacheState::read(text).expect("a state")
    }

    #[test]
    fn only_a_new_reading_with_a_new_process_that_lasts_proves_a_restart() {
        let before = "running 10 a 11 12";
        for (before, last, now, renewed) in [
            (before, "running 10 b 13", "running 10 b 13", true),
            (before, "running 10 b 11 13", "running 10 b 11 13 14", true),
            (before, "running 20 b 21", "running 20 b 21", true),
            ("stopped", "running 10 a 11", "running 10 a 11", true),
            // It is as it was, or has lost a child, or, as a busy one, has started one more.
            (before, before, before, false),
            (before, before, "running 10 a 12", false),
            (before, "running 10 a 12 13", "running 10 a 12 13", false),
            // Nobody is there to answer yet, or nobody who lasts.
            (before, "running 10 b", "running 10 b", false),
            (before, "running 10 b 11 12", "running 10 b 11 12", false),
            (before, "running 10 b 13", "running 10 b", false),
            (before, "running 10 b 13", "running 10 b 14", false),
            ("stopped", "stopped", "running 10 a 11", false),
            (before, "running 10 b 13", "stopped", false),
            // The host does not tell of everything.
            ("running 10 -  11", "running 10 - 13", "running 10 - 13", true),
            ("running 10 a", "running 10 b", "running 10 b", true),
        ] {
            let seen = state(now).is_renewed(&state(last), &state(before));
            assert_eq!(seen, renewed, "{before}, then {last}, then {now}");
        }
    }

    #[test]
    fn what_is_no_state_is_not_taken_for_one() {
        for text in ["", "running", "running x", "running 10", "running 10 a more", "maybe"] {
            assert_eq!(ApacheState::read(text), None, "{text:?}");
        }
    }
}
