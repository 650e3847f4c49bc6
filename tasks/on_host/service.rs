use std::time::Duration;

use runsheet_task::{Host, Outcome, TaskError};

use super::{DETACHED, HostScript};
use crate::patience::Patience;

const SCRIPT: HostScript = HostScript::new("service", &[DETACHED, include_str!("service.sh")]);

/// How long a service may take to be seen running after its manager has said that it was started.
const SETTLE: Duration = Duration::from_secs(10);

/// A service of a host: of systemd where systemd runs the host, else an init script.
pub(crate) struct Service<'a> {
    host: &'a Host,
    name: &'a str,
}

/// How a service is, in its manager's view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServiceState {
    /// It runs.
    Running,
    /// It is about to run, or to be tried again after it has ended.
    Starting,
    /// It does not run.
    Stopped,
    /// It does not run and is not meant to: a oneshot unit that has done its work, or is still to do it.
    Idle,
    /// It ended badly.
    Failed,
    /// There is no such service.
    Missing,
    /// Its init script does not tell.
    Unknown,
}

/// Its state, and the words in which its manager said so.
#[derive(Clone, Debug)]
pub(crate) struct ServiceReport {
    pub(crate) state: ServiceState,
    pub(crate) words: String,
}

impl<'a> Service<'a> {
    /// A service by its name. What a manager would take for an option or for a pattern is no name.
    pub(crate) fn on(host: &'a Host, name: &'a str) -> Result<Self, TaskError> {
        let special = |c: char| c.is_control() || "*?[".contains(c);
        if name.trim().is_empty() || name.starts_with('-') || name.contains(special) {
            return Err(TaskError::failed(format!("`{}` is not the name of one service", name.escape_default())));
        }
        Ok(Self { host, name })
    }

    pub(crate) fn name(&self) -> &str {
        self.name
    }

    /// Asks its manager for `start`, `stop`, `restart` or `reload`.
    pub(crate) async fn ask(&self, action: &str) -> Result<Outcome, TaskError> {
        self.host.would(format!("{action} service `{}`", self.name))?;
        self.host.log_run(SCRIPT.with([action, self.name])).await
    }

    /// Asks how it is. A service that is not there is a state too.
    pub(crate) async fn report(&self) -> Result<ServiceReport, TaskError> {
        let said = self.host.run(SCRIPT.with(["state", self.name])).await?;
        let report = match said.stdout.split_once('\n') {
            Some(("systemd", words)) if said.ok() => ServiceReport::of_systemd(words),
            Some(("script", words)) => Some(ServiceReport::of_script(said.code(), words)),
            _ => None,
        };
        report.ok_or_else(|| {
            TaskError::failed(format!("cannot tell how service `{}` is: {}", self.name, said.complaint()))
        })
    }

    /// Asks how it is before something is done to it; one that is not there is an error.
    pub(crate) async fn existing(&self) -> Result<ServiceReport, TaskError> {
        let report = self.report().await?;
        match report.state {
            ServiceState::Missing => Err(TaskError::failed(format!("there is no service `{}`", self.name))),
            _ => Ok(report),
        }
    }

    /// Asks for `start` or `restart` and waits until it is seen running; tells what kept it from it otherwise.
    pub(crate) async fn bring_up(&self, action: &str) -> Result<Result<String, Outcome>, TaskError> {
        let asked = self.ask(action).await?;
        if !asked.is_ok() {
            return Ok(Err(asked));
        }
        let mut patience = Patience::new(self.host, SETTLE);
        loop {
            let report = self.report().await?;
            let done = match report.state {
                ServiceState::Running => format!("service `{}` is running", self.name),
                ServiceState::Idle => format!("service `{}` has done its work", self.name),
                ServiceState::Unknown => {
                    format!("service `{}`: `{action}` succeeded; its init script tells no state", self.name)
                }
                ServiceState::Starting | ServiceState::Stopped if patience.pause().await => continue,
                ServiceState::Starting | ServiceState::Stopped | ServiceState::Failed | ServiceState::Missing => {
                    let message = format!("service `{}` does not run after `{action}`: {}", self.name, report.words);
                    return Ok(Err(Outcome::failed(message, 1)));
                }
            };
            return Ok(Ok(done));
        }
    }
}

impl ServiceReport {
    /// Whether there is nothing to stop. One whose script does not tell has to be stopped to be sure.
    pub(crate) fn is_down(&self) -> bool {
        matches!(self.state, ServiceState::Stopped | ServiceState::Idle | ServiceState::Failed)
    }

    /// Reads what `systemctl show` says (systemctl(1); the states are those of systemd's D-Bus interface).
    fn of_systemd(text: &str) -> Option<Self> {
        let property =
            |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).map(str::trim);
        let load = property("LoadState")?;
        let active = property("ActiveState")?;
        let state = match (load, active) {
            ("not-found", _) => ServiceState::Missing,
            (_, "active" | "reloading" | "refreshing") => ServiceState::Running,
            (_, "activating") => ServiceState::Starting,
            (_, "failed") => ServiceState::Failed,
            _ if property("Type") == Some("oneshot") => ServiceState::Idle,
            _ => ServiceState::Stopped,
        };
        let words = if state == ServiceState::Missing { load } else { active };
        Some(Self { state, words: words.to_owned() })
    }

    /// Reads how an init script's `status` ended (LSB Core, "Init Script Actions": 0 is running, 1, 2 and 3 are not).
    fn of_script(code: i32, text: &str) -> Self {
        let lower = text.to_lowercase();
        let state = if lower.contains("unrecognized service") || lower.contains("does not exist") {
            ServiceState::Missing
        } else if code == 0 {
            ServiceState::Running
        } else if lower.contains("usage:") {
            // Scripts without `status` end with anything from 1 to 3 here.
            ServiceState::Unknown
        } else if (1..=3).contains(&code) {
            ServiceState::Stopped
        } else {
            ServiceState::Unknown
        };
        let words = match text.trim() {
            "" => format!("its status is {code}"),
            words => words.to_owned(),
        };
        Self { state, words }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_states_of_systemd_are_told_apart() {
        let state = |load: &str, active: &str, kind: &str| {
            let text = format!("Type={kind}\nLoadState={load}\nActiveState={active}\n");
            ServiceReport::of_systemd(&text).map(|report| report.state)
        };
        assert_eq!(state("loaded", "active", "notify"), Some(ServiceState::Running));
        assert_eq!(state("loaded", "reloading", "notify"), Some(ServiceState::Running));
        assert_eq!(state("loaded", "activating", "simple"), Some(ServiceState::Starting));
        assert_eq!(state("loaded", "inactive", "simple"), Some(ServiceState::Stopped));
        assert_eq!(state("loaded", "inactive", "oneshot"), Some(ServiceState::Idle));
        assert_eq!(state("loaded", "failed", "oneshot"), Some(ServiceState::Failed));
        assert_eq!(state("not-found", "inactive", ""), Some(ServiceState::Missing));
        assert!(ServiceReport::of_systemd("nonsense").is_none());
    }

    #[test]
    fn the_states_of_init_scripts_are_told_apart() {
        let state = |code, text| ServiceReport::of_script(code, text).state;
        assert_eq!(state(0, "nginx is running."), ServiceState::Running);
        assert_eq!(state(3, "nginx is not running ... failed!"), ServiceState::Stopped);
        assert_eq!(state(1, ""), ServiceState::Stopped);
        assert_eq!(state(3, "Usage: /etc/init.d/old {start|stop}"), ServiceState::Unknown);
        assert_eq!(state(1, "nosuch: unrecognized service"), ServiceState::Missing);
        assert_eq!(state(4, "?"), ServiceState::Unknown);
    }
}
