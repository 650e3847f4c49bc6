use std::ffi::OsStr;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Command;
use tokio::time::sleep;

use crate::host_state::{HostState, USER};
use crate::session_channel::{Ended, Program, SessionChannel};
use crate::{Fault, Part, played, signal};

const SHELL: &str = "/bin/sh";

/// Where commands are looked for after the host's own `bin/` and the fleet's.
const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

/// A command that a client has asked for.
pub(crate) struct Exec {
    pub(crate) host: Arc<HostState>,
    pub(crate) peer: SocketAddr,
    /// `None`: the shell reads commands from stdin.
    pub(crate) command: Option<Vec<u8>>,
    pub(crate) environment: Vec<(String, String)>,
}

impl Exec {
    /// Runs the command and connects it to its channel. Returns when the command has ended and the client has its output.
    pub(crate) async fn run(self, channel: SessionChannel) {
        let processes = &self.host.fleet.processes;
        match channel.fault() {
            Some(Fault::Slow(pause)) => {
                tokio::select! {
                    () = sleep(*pause) => {}
                    () = self.host.fleet.stop.cancelled() => return,
                }
            }
            Some(Fault::FailCommands(text)) if self.contains(text) => {
                let message = format!("`{text}` fails here");
                return channel.answer(&message, 1).await;
            }
            _ => {}
        }
        if self.host.fleet.played {
            return played::play(&self.host, self.part(), channel).await;
        }
        if processes.stopped() {
            return;
        }
        let mut child = match self.shell().spawn() {
            Ok(child) => child,
            Err(error) => return channel.answer(&format!("cannot start {SHELL}: {error}"), 255).await,
        };
        // The group has the number of its first process, and nobody has waited for that one yet.
        let Some(group) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) else {
            return tracing::warn!(host = self.host.name, "command has no process number");
        };
        processes.add(group);

        let (Some(stdin), Some(stdout), stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
            return tracing::warn!(host = self.host.name, "command has no pipes");
        };
        let program = Program { stdin, stdout, stderr };
        let fault = channel.fault().cloned();
        let reaped = AtomicBool::new(false);
        let ended = async {
            let status = child.wait().await;
            reaped.store(true, Ordering::Relaxed);
            processes.leader_ended(group);
            match (fault, status) {
                (Some(Fault::ExitCode(code)), _) => Ended::Code(code),
                (Some(Fault::CloseWithoutStatus), _) | (_, Err(_)) => Ended::Untold,
                (_, Ok(status)) => told(status),
            }
        };
        let deliver = |signal: Signal| {
            // Once the first process is reaped the group's number may be somebody else's; sshd delivers nothing then either.
            if !reaped.load(Ordering::Relaxed) && kill_process_group(group, signal).is_err() {
                tracing::debug!(?signal, "signal came too late");
            }
        };
        channel.connect(program, ended, deliver).await;
    }

    /// What is played for it, where hosts only play.
    fn part(&self) -> Part {
        let text = String::from_utf8_lossy(self.command.as_deref().unwrap_or_default());
        text.parse().unwrap_or(Part::NOTHING)
    }

    fn contains(&self, text: &str) -> bool {
        self.command.as_deref().is_some_and(|command| String::from_utf8_lossy(command).contains(text))
    }

    fn shell(&self) -> Command {
        let host = &self.host;
        let mut shell = Command::new(SHELL);
        if let Some(command) = &self.command {
            shell.arg("-c").arg(OsStr::from_bytes(command));
        }
        let mut path = host.home.join("bin").into_os_string();
        path.push(":");
        path.push(&host.fleet.shared_bin);
        path.push(":");
        path.push(USUAL_PATH);
        let (peer, here) = (self.peer, host.address);
        let connection = format!("{} {} {} {}", peer.ip(), peer.port(), here.ip(), here.port());
        shell
            .env_clear()
            .env("HOME", &host.home)
            .env("PWD", &host.home)
            .env("USER", USER)
            .env("LOGNAME", USER)
            .env("SHELL", SHELL)
            .env("PATH", path)
            .env("HOSTNAME", &host.name)
            .env("SSH_CONNECTION", connection)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&host.home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        shell
    }
}

fn told(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        // Exit codes are 0 to 255.
        (Some(code), _) => Ended::Code(code.cast_unsigned()),
        (None, Some(number)) => Ended::Signal { number: signal::reported(number), core_dumped: status.core_dumped() },
        (None, None) => Ended::Untold,
    }
}
