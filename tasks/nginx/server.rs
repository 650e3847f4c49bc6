use std::collections::BTreeSet;
use std::time::Duration;

use runsheet_model::format_duration;
use runsheet_task::{CommandResult, Host, Outcome, TaskError};

use crate::on_host::{DETACHED, HostScript};
use crate::patience::Patience;

const SCRIPT: HostScript = HostScript::new("nginx", &[DETACHED, include_str!("server.sh")]);

/// The nginx of a host.
pub(crate) struct Nginx<'a> {
    host: &'a Host,
}

/// Whether nginx runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NginxState {
    /// It does.
    Running(NginxProcesses),
    /// It does not.
    Stopped,
}

/// The processes of a running nginx.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NginxProcesses {
    /// Process id of the master.
    pub(crate) master: u32,
    /// How long its error log is, in bytes.
    log_bytes: u64,
    /// Workers that take requests.
    workers: BTreeSet<u32>,
    /// Workers that end their last requests.
    leaving: BTreeSet<u32>,
}

/// What was seen when a wait was over.
pub(crate) struct LastLook {
    pub(crate) state: NginxState,
    /// How long that took, for people.
    pub(crate) waited: String,
}

impl<'a> Nginx<'a> {
    pub(crate) fn on(host: &'a Host) -> Self {
        Self { host }
    }

    /// Checks the configuration.
    pub(crate) async fn configtest(&self) -> Result<CommandResult, TaskError> {
        self.host.run(SCRIPT.with(["configtest"])).await
    }

    /// Asks it to `start`, `stop` or `reload`. Its success says that it was asked for, not that it is done.
    pub(crate) async fn ask(&self, action: &str) -> Result<Outcome, TaskError> {
        self.host.would(format!("{action} nginx"))?;
        self.host.log_run(SCRIPT.with([action])).await
    }

    /// Looks whether it runs. It is an error if the host does not let us know.
    pub(crate) async fn state(&self) -> Result<NginxState, TaskError> {
        let said = self.host.run(SCRIPT.with(["state"])).await?;
        let state = if said.ok() { NginxState::read(&said.stdout) } else { None };
        state.ok_or_else(|| TaskError::failed(format!("cannot tell whether nginx runs: {}", said.complaint())))
    }

    /// Looks until its state is as wanted or `wait` has passed.
    async fn wait_until(&self, wait: Duration, wanted: impl Fn(&NginxState) -> bool) -> Result<LastLook, TaskError> {
        let mut patience = Patience::new(self.host, wait);
        loop {
            let state = self.state().await?;
            if wanted(&state) || !patience.pause().await {
                return Ok(LastLook { state, waited: format_duration(patience.waited()) });
            }
        }
    }

    /// Starts it and waits until it has workers.
    pub(crate) async fn start(&self, wait: Duration) -> Result<Outcome, TaskError> {
        let started = self.ask("start").await?;
        if !started.is_ok() {
            return Ok(started);
        }
        let serving = |state: &NginxState| matches!(state, NginxState::Running(now) if !now.workers.is_empty());
        let look = self.wait_until(wait, serving).await?;
        Ok(match look.state {
            NginxState::Running(now) if !now.workers.is_empty() => {
                Outcome::changed(format!("nginx is running (process {})", now.master))
            }
            _ => Outcome::failed(format!("nginx has no workers {} after its start: see its error log", look.waited), 1),
        })
    }

    /// Stops it and waits until its master is gone.
    pub(crate) async fn stop(&self, wait: Duration) -> Result<Outcome, TaskError> {
        let stopped = self.ask("stop").await?;
        if !stopped.is_ok() {
            return Ok(stopped);
        }
        let look = self.wait_until(wait, |state| *state == NginxState::Stopped).await?;
        Ok(match look.state {
            NginxState::Stopped => Outcome::changed("nginx has stopped"),
            NginxState::Running(now) => {
                Outcome::failed(format!("nginx (process {}) still runs {} after its stop", now.master, look.waited), 1)
            }
        })
    }

    /// Has it read its configuration again, and waits until new workers run with it, or it has refused it in its error log.
    ///
    /// The configuration was checked, and it runs.
    pub(crate) async fn reload(&self, before: &NginxProcesses, wait: Duration) -> Result<Outcome, TaskError> {
        let asked = self.ask("reload").await?;
        if !asked.is_ok() {
            return Ok(asked);
        }
        let mut patience = Patience::new(self.host, wait);
        loop {
            let state = self.state().await?;
            let NginxState::Running(now) = &state else {
                return Ok(Outcome::failed("nginx does not run any more after `reload`: see its error log", 1));
            };
            if now.are_renewed(before) {
                return Ok(Outcome::changed(format!(
                    "nginx has read its configuration and has new workers (master {})",
                    now.master
                )));
            }
            let complaint = if now.log_bytes > before.log_bytes { self.refused(before).await? } else { None };
            if let Some(complaint) = complaint.as_deref().filter(|complaint| is_final(complaint)) {
                return Ok(Outcome::failed(format!("nginx has refused to reload: {complaint}"), 1));
            }
            if !patience.pause().await {
                let waited = format_duration(patience.waited());
                let why = complaint.unwrap_or_else(|| "see its error log".to_owned());
                let message =
                    format!("nginx (process {}) has no new workers {waited} after `reload`: {why}", now.master);
                return Ok(Outcome::failed(message, 1));
            }
        }
    }

    /// What its master has complained of in the error log since; the last line.
    async fn refused(&self, before: &NginxProcesses) -> Result<Option<String>, TaskError> {
        let (master, from) = (before.master.to_string(), before.log_bytes.to_string());
        let said = self.host.run(SCRIPT.with(["refused", &master, &from])).await?;
        Ok(said.stdout.lines().map(str::trim).rfind(|line| !line.is_empty()).map(str::to_owned))
    }
}

/// Whether nginx has given up with this line. An address that is in use it tries five times.
fn is_final(complaint: &str) -> bool {
    !complaint.contains(": bind() to ")
}

impl NginxState {
    /// Reads `running MASTER LOG WORKER… - WORKER…` or `stopped`.
    fn read(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        match words.next()? {
            "running" => {
                let (master, log_bytes) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
                let rest: Vec<_> = words.collect();
                let at = rest.iter().position(|word| *word == "-")?;
                let numbers = |words: &[&str]| words.iter().map(|word| word.parse().ok()).collect::<Option<_>>();
                let (workers, leaving) = (numbers(&rest[..at])?, numbers(&rest[at + 1..])?);
                Some(Self::Running(NginxProcesses { master, log_bytes, workers, leaving }))
            }
            "stopped" if words.next().is_none() => Some(Self::Stopped),
            _ => None,
        }
    }
}

impl NginxProcesses {
    /// Whether none of the workers from before takes requests any more, and another does.
    ///
    /// A new worker alone proves nothing: nginx replaces one that has crashed.
    fn are_renewed(&self, before: &Self) -> bool {
        !self.workers.is_empty() && self.workers.is_disjoint(&before.workers)
    }

    /// How many workers still end their last requests.
    pub(crate) fn leaving(&self) -> usize {
        self.leaving.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn processes(text: &str) -> NginxProcesses {
        match NginxState::read(text) {
            Some(NginxState::Running(now)) => now,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn only_new_workers_without_old_ones_prove_a_reload() {
        let before = processes("running 10 0 11 12 -");
        for (now, renewed) in [
            ("running 10 0 13 14 -", true),
            ("running 10 0 13 - 11 12", true),
            ("running 10 0 11 12 -", false),
            ("running 10 0 11 12 13 -", false),
            ("running 10 0 12 13 - 11", false),
            ("running 10 0 - 11 12", false),
        ] {
            assert_eq!(processes(now).are_renewed(&before), renewed, "{now}");
        }
    }

    #[test]
    fn an_address_in_use_is_tried_again_by_nginx() {
        assert!(!is_final("[emerg] 10#10: bind() to 0.0.0.0:80 failed (98: Address already in use)"));
        assert!(is_final("[emerg] 10#10: still could not bind()"));
    }

    #[test]
    fn what_is_no_state_is_not_taken_for_one() {
        for text in ["", "running", "running 1 2", "running 1 2 3", "running x 2 -", "running 1 2 x -", "stopped now"] {
            assert_eq!(NginxState::read(text), None, "{text:?}");
        }
        assert_eq!(NginxState::read("stopped\n"), Some(NginxState::Stopped));
    }
}
