use std::time::Duration;

use runsheet_model::{format_duration, shortened};
use runsheet_task::{Arg, ArgKind, Config, Host, TaskError, TaskSpec};

use super::target::Target;
use super::view::View;
use crate::on_host::HostScript;
use crate::patience::Patience;

const SCRIPT: HostScript = HostScript::new("nagios", &[include_str!("monitor.sh")]);

/// How many commands are handed over at once: they are arguments of one command, whose text may have 128 KiB (Linux).
const AT_ONCE: usize = 25;

/// The Nagios of a host: told by its command file, seen by its status file.
pub(crate) struct Nagios<'a> {
    host: &'a Host,
    command_file: &'a str,
    status_file: &'a str,
    objects_file: &'a str,
    target: Target,
    wait: Duration,
}

impl<'a> Nagios<'a> {
    /// Adds the arguments that all of its tasks take. The defaults are those of Debian's nagios4.
    pub(crate) fn args(spec: TaskSpec) -> TaskSpec {
        spec.arg(
            Arg::optional("wait", ArgKind::Duration, "How long it may take until Nagios' status file tells of it.")
                .default("1m"),
        )
        .arg(
            Arg::optional("command_file", ArgKind::Text, "The pipe from which Nagios reads external commands.")
                .default("/var/lib/nagios4/rw/nagios.cmd"),
        )
        .arg(
            Arg::optional("status_file", ArgKind::Text, "The file to which Nagios writes how everything is.")
                .default("/var/lib/nagios4/status.dat"),
        )
    }

    /// The argument that knows groups of hosts.
    pub(crate) fn objects_arg() -> Arg {
        Arg::optional(
            "objects_file",
            ArgKind::Text,
            "The file to which Nagios writes its configuration; for `hostgroup`.",
        )
        .default("/var/lib/nagios4/objects.cache")
    }

    pub(crate) fn on(config: &'a Config, host: &'a Host, target: Target) -> Result<Self, TaskError> {
        Ok(Self {
            host,
            command_file: config.text("command_file")?,
            status_file: config.text("status_file")?,
            objects_file: config.opt_text("objects_file").unwrap_or_default(),
            target,
            wait: config.duration("wait")?,
        })
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// How its target is. A Nagios that does not run and a target that it does not know are errors.
    pub(crate) async fn look(&self) -> Result<View, TaskError> {
        let [kind, name, what] = self.target.words();
        let said = self.host.run(SCRIPT.with(["look", self.status_file, self.objects_file, kind, name, what])).await?;
        if !said.ok() {
            return Err(TaskError::failed(said.complaint()));
        }
        let view = View::read(&said.stdout, &self.target).ok_or_else(|| {
            let beginning = shortened(said.stdout.trim(), 200);
            let file = self.status_file;
            TaskError::failed(format!(
                "`{file}` tells more than can be read, or is no status file of Nagios: {beginning}"
            ))
        })?;
        if !view.running {
            return Err(TaskError::failed(format!(
                "Nagios does not run: `{}` is of one that has ended",
                self.status_file
            )));
        }
        if view.objects.is_empty() {
            return Err(TaskError::failed(match &self.target {
                Target::Host { host, .. } => format!("Nagios knows no host `{host}`"),
                Target::Service { host, service } => format!("Nagios knows no service `{service}` of a host `{host}`"),
                Target::Hostgroup { group, .. } => format!("no host of the hostgroup `{group}` is in Nagios' status"),
            }));
        }
        Ok(view)
    }

    /// Hands commands to it. That it has taken them says not that it has understood them: see [`Nagios::wait_until`].
    pub(crate) async fn tell(&self, now: u64, commands: &[String]) -> Result<(), TaskError> {
        for part in commands.chunks(AT_ONCE) {
            let lines: Vec<_> = part.iter().map(|command| format!("[{now}] {command}")).collect();
            let words = ["tell", self.command_file].into_iter().chain(lines.iter().map(String::as_str));
            let said = self.host.run(SCRIPT.with(words)).await?;
            if !said.ok() {
                return Err(TaskError::failed(said.complaint()));
            }
        }
        Ok(())
    }

    /// Looks until its target is as wanted; if it is not when the time is over, says that `missing` is what is not there.
    pub(crate) async fn wait_until(
        &self,
        missing: &str,
        as_it_should: impl Fn(&View) -> bool,
    ) -> Result<Result<View, String>, TaskError> {
        let mut patience = Patience::new(self.host, self.wait);
        loop {
            let view = self.look().await?;
            if as_it_should(&view) {
                return Ok(Ok(view));
            }
            if !patience.pause().await {
                let waited = format_duration(patience.waited());
                return Ok(Err(format!(
                    "Nagios was told, but after {waited} `{}` shows that {missing}: see Nagios' own log",
                    self.status_file
                )));
            }
        }
    }
}
