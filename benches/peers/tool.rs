use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bare;
use crate::fleet::Fleet;
use crate::work::Work;

/// A program that does something on many hosts, as its own documentation says it is done fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Runsheet,
    /// runsheet's SSH client by itself.
    Bare,
    Bssh,
    Asyncssh,
    ParallelSsh,
    Pyinfra,
    Fabric,
    Pdsh {
        kex: Kex,
    },
    Pssh {
        kex: Kex,
    },
    Clush {
        kex: Kex,
    },
    AnsibleRaw {
        kex: Kex,
    },
}

/// Which key exchange the `ssh` that a tool starts takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kex {
    /// OpenSSH's own choice.
    Default,
    /// The one of all others.
    Same,
}

/// All of them, the fastest first, as a rule.
pub(crate) const ALL: [Tool; 15] = [
    Tool::Runsheet,
    Tool::Bare,
    Tool::Bssh,
    Tool::Asyncssh,
    Tool::ParallelSsh,
    Tool::Pyinfra,
    Tool::Fabric,
    Tool::Pdsh { kex: Kex::Same },
    Tool::Pssh { kex: Kex::Same },
    Tool::Clush { kex: Kex::Same },
    Tool::AnsibleRaw { kex: Kex::Same },
    Tool::Pdsh { kex: Kex::Default },
    Tool::Pssh { kex: Kex::Default },
    Tool::Clush { kex: Kex::Default },
    Tool::AnsibleRaw { kex: Kex::Default },
];

impl Tool {
    pub(crate) fn name(self) -> String {
        let (name, kex) = match self {
            Self::Runsheet => ("runsheet", None),
            Self::Bare => ("its SSH client alone", None),
            Self::Bssh => ("bssh", None),
            Self::Asyncssh => ("asyncssh", None),
            Self::ParallelSsh => ("parallel-ssh", None),
            Self::Pyinfra => ("pyinfra", None),
            Self::Fabric => ("Fabric", None),
            Self::Pdsh { kex } => ("pdsh", Some(kex)),
            Self::Pssh { kex } => ("pssh", Some(kex)),
            Self::Clush { kex } => ("clush", Some(kex)),
            Self::AnsibleRaw { kex } => ("Ansible `raw`", Some(kex)),
        };
        match kex {
            Some(Kex::Same) => format!("{name}, curve25519"),
            _ => name.to_owned(),
        }
    }

    /// Hosts at once; what its documentation recommends or was found fastest here. Nothing for the one that finds it out.
    pub(crate) fn fanout(self) -> &'static str {
        match self {
            Self::Runsheet => "–",
            Self::Bssh | Self::Asyncssh | Self::ParallelSsh | Self::Pyinfra => "100",
            Self::Fabric => "16",
            Self::Bare | Self::Pdsh { .. } | Self::Pssh { .. } | Self::Clush { .. } => "32",
            Self::AnsibleRaw { .. } => "50",
        }
    }

    /// Whether it is on this machine.
    pub(crate) fn is_there(self) -> bool {
        self.program().is_file()
    }

    /// Whether it starts a process for each host, which takes a minute for a thousand.
    pub(crate) fn is_slow(self) -> bool {
        matches!(self, Self::Pdsh { .. } | Self::Pssh { .. } | Self::Clush { .. } | Self::AnsibleRaw { .. })
    }

    /// The command that does some work on all hosts; nothing if the tool has none for it.
    pub(crate) fn command(self, fleet: &Fleet, work: Work) -> Option<Command> {
        let (source, target) = (fleet.text("artifact"), fleet.text("there"));
        let mut command = Command::new(self.program());
        let plain = fleet.text(match self {
            Self::Pdsh { kex } | Self::Pssh { kex } | Self::Clush { kex } | Self::AnsibleRaw { kex } => kex.config(),
            _ => Kex::Default.config(),
        });
        match self {
            Self::Runsheet => match work {
                Work::OneCommand => command.args(["exec", "-F", &plain, "-g", "all", "--", "true"]),
                Work::FiveSteps => command.args(["run", "-y", "-F", &plain, "five"]),
                Work::OneFile => command.args(["put", "-F", &plain, "-g", "all", &source, &target]),
            },
            Self::Bare => {
                if work != Work::OneCommand {
                    return None;
                }
                command.arg(bare::WORD).args(login(fleet)).arg(fleet.path("known_hosts"))
            }
            Self::Bssh => return bssh(fleet, work, &source, &target),
            Self::Asyncssh => {
                command.arg(script("asyncssh_run.py")).args(login(fleet)).arg(fleet.path("known_hosts"));
                command.args(work.words(&source, &target))
            }
            Self::ParallelSsh => {
                command.arg(script("parallel_ssh_run.py")).args(login(fleet)).args(work.words(&source, &target))
            }
            Self::Fabric => command.arg(script("fabric_run.py")).args(login(fleet)).args(work.words(&source, &target)),
            Self::Pyinfra => {
                command.args(["-y", "--parallel", "100", "inventory.py"]);
                match work {
                    Work::OneCommand => command.args(["exec", "--", "true"]),
                    Work::FiveSteps => command.arg(script("pyinfra_deploy.py")),
                    Work::OneFile => command.arg(script("pyinfra_put.py")),
                }
            }
            Self::Pdsh { .. } => {
                // It asks `sshd` for no file; and one call is one step.
                let call = format!("pdsh -S -R ssh -f 32 -w ^{} true", fleet.text("hosts"));
                command = shell(&calls(&call, work)?);
                command.env("PDSH_SSH_ARGS_APPEND", format!("-F {plain}"))
            }
            Self::Pssh { .. } => {
                let hosts = fleet.text("hosts");
                if work == Work::OneFile {
                    command = Command::new("/usr/bin/parallel-scp");
                    command.args(["-h", &hosts, "-p", "32", "-t", "0", "-x", &format!("-F {plain}"), &source, &target])
                } else {
                    command = shell(&calls(&format!("parallel-ssh -h {hosts} -p 32 -t 0 -x '-F {plain}' true"), work)?);
                    &mut command
                }
            }
            Self::Clush { .. } => {
                let call = format!("clush -S -q -f 32 --hostfile {} -o '-F {plain}'", fleet.text("hosts"));
                let call = match work {
                    Work::OneFile => format!("{call} --copy {source} --dest {target}"),
                    _ => calls(&format!("{call} true"), work)?,
                };
                command = shell(&call);
                &mut command
            }
            Self::AnsibleRaw { .. } => {
                let ssh = format!("-C -o ControlMaster=auto -o ControlPersist=60s -F {plain}");
                command.env("ANSIBLE_SSH_ARGS", ssh).env("ANSIBLE_SSH_CONTROL_PATH_DIR", fleet.path("masters"));
                let all = ["all", "-i", "ansible", "-f", "50"];
                match work {
                    Work::OneCommand => command.args(all).args(["-m", "raw", "-a", "true"]),
                    Work::OneFile => {
                        command.args(all).args(["-m", "copy", "-a", &format!("src={source} dest={target}")])
                    }
                    Work::FiveSteps => {
                        command = with_env(Command::new(python("ansible-playbook")), &command);
                        command.args(["-i", "ansible", "-f", "50"]).arg(script("ansible_five.yml"))
                    }
                }
            }
        };
        Some(command)
    }

    /// Ends what it leaves running: Ansible's `ssh` keeps its connections, and another round would find them.
    pub(crate) fn leave(self, fleet: &Fleet) {
        if let Self::AnsibleRaw { .. } = self {
            let ended = Command::new("pkill").args(["-f", &fleet.text("masters")]).status();
            ended.expect("pkill starts; it is in Debian's package `procps`");
        }
    }

    fn program(self) -> PathBuf {
        match self {
            Self::Runsheet => env!("CARGO_BIN_EXE_runsheet").into(),
            Self::Bare => std::env::current_exe().expect("this program"),
            Self::Bssh => tools().join("rust/bin/bssh"),
            Self::Asyncssh | Self::ParallelSsh | Self::Fabric => python("python"),
            Self::Pyinfra => python("pyinfra"),
            Self::Pdsh { .. } => "/usr/bin/pdsh".into(),
            Self::Pssh { .. } => "/usr/bin/parallel-ssh".into(),
            Self::Clush { .. } => "/usr/bin/clush".into(),
            Self::AnsibleRaw { .. } => python("ansible"),
        }
    }
}

impl Kex {
    fn config(self) -> &'static str {
        match self {
            Self::Default => "ssh_config",
            Self::Same => "ssh_config_same",
        }
    }
}

/// bssh takes the hosts as one argument, and one call is one step.
fn bssh(fleet: &Fleet, work: Work, source: &str, target: &str) -> Option<Command> {
    let hosts = std::fs::read_to_string(fleet.path("hosts")).expect("the hosts");
    let (user, port) = (fleet.sshd.user(), fleet.sshd.port());
    let hosts: Vec<_> = hosts.split_whitespace().map(|host| format!("{user}@{host}:{port}")).collect();
    let call = |rest: &str| {
        format!(
            "{} -H {} -i {} --parallel 100 --strict-host-key-checking yes {rest}",
            tools().join("rust/bin/bssh").display(),
            hosts.join(","),
            fleet.identity()
        )
    };
    Some(shell(&match work {
        Work::OneFile => call(&format!("upload {source} {target}")),
        _ => calls(&call("true"), work)?,
    }))
}

/// One call of a program for each step.
fn calls(call: &str, work: Work) -> Option<String> {
    match work {
        Work::OneCommand => Some(call.to_owned()),
        Work::FiveSteps => Some([call; 5].join(" && ")),
        Work::OneFile => None,
    }
}

fn shell(text: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", text]);
    command
}

fn with_env(mut command: Command, other: &Command) -> Command {
    for (name, value) in other.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command
}

/// What the scripts for Python's libraries are told first.
fn login(fleet: &Fleet) -> [String; 4] {
    [fleet.sshd.port().to_string(), fleet.sshd.user().to_owned(), fleet.identity(), fleet.text("hosts")]
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/scripts").join(name)
}

fn python(program: &str) -> PathBuf {
    tools().join("python/bin").join(program)
}

/// Where `scripts/bench` installs what the registries have.
fn tools() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench")
}
