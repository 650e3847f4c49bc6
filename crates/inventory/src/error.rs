use std::path::PathBuf;

use runsheet_diagnostics::{Hint, Hints, Place};
use runsheet_model::{HostName, plural};
use runsheet_yaml::YamlError;
use thiserror::Error;

use crate::file_mistake::FileMistake;
use crate::jump::JumpMistake;
use crate::pattern::PatternMistake;
use crate::ssh_config::SshMistake;

/// Why hosts cannot be listed, selected or reached.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InventoryError {
    /// A file is not readable as YAML, or not the YAML of host groups.
    #[error(transparent)]
    Yaml(#[from] YamlError),

    /// A folder could not be listed.
    #[error("cannot list folder `{}`", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },

    /// A folder without host groups.
    #[error("folder `{}` holds no host groups", path.display())]
    EmptyFolder {
        /// The folder.
        path: PathBuf,
    },

    /// Something in a file of host groups is wrong.
    #[error("{place}: {mistake}")]
    File {
        /// Where.
        place: Place,
        /// What.
        mistake: FileMistake,
    },

    /// Two equally near places say different things about a host.
    #[error("host `{host}`: `{setting}` is one thing in {first} and another in {second}")]
    Disagree {
        /// The host.
        host: HostName,
        /// The setting or variable.
        setting: String,
        /// One place.
        first: String,
        /// The other place.
        second: String,
    },

    /// A pattern is wrong. It is pointed at by its column, in characters, from 1.
    #[error("{}pattern `{pattern}`, column {column}: {mistake}", at(line.as_ref()))]
    Pattern {
        /// The pattern.
        pattern: String,
        /// The column.
        column: usize,
        /// The line of a file of hosts in which it stands.
        line: Option<Place>,
        /// What is wrong.
        mistake: PatternMistake,
    },

    /// Nobody is left.
    #[error("no host is selected by `{pattern}`")]
    Nobody {
        /// The pattern.
        pattern: String,
    },

    /// Protected hosts are among the selected ones.
    #[error("{} protected and must not be a target: `{hosts}`", if *count == 1 { "1 host is".to_owned() } else { format!("{} are", plural(*count, "host")) })]
    Protected {
        /// Their names, folded.
        hosts: String,
        /// How many they are.
        count: usize,
    },

    /// A host would be reached through itself.
    #[error("host `{host}` would be reached through itself: {}", way.join(" <- "))]
    JumpLoop {
        /// The host.
        host: HostName,
        /// From the host over its jump hosts to the one that comes again.
        way: Vec<String>,
    },

    /// More jump hosts than anybody needs.
    #[error("host `{host}` has more than {limit} servers on its way")]
    TooManyJumps {
        /// The host.
        host: HostName,
        /// The most that is taken.
        limit: usize,
    },

    /// A flag is wrong.
    #[error("`{flag} {value}` is not usable: {reason}")]
    Flag {
        /// The flag.
        flag: &'static str,
        /// Its value.
        value: String,
        /// Why not.
        reason: JumpMistake,
    },

    /// Something that is not honoured changes how the host is reached: going on would reach another machine, or none.
    #[error("host `{host}` cannot be reached: {place}: {setting} is not honoured")]
    Unhonoured {
        /// The host.
        host: HostName,
        /// Where it is said.
        place: Place,
        /// What is said.
        setting: String,
    },

    /// The OpenSSH client, which was to be asked, said nothing useful.
    #[error("`ssh -G {host}`: {reason}")]
    OpenSsh {
        /// The host.
        host: String,
        /// What happened.
        reason: String,
    },

    /// Something in an ssh_config file is wrong.
    #[error("{place}: {mistake}")]
    SshConfig {
        /// Where.
        place: Place,
        /// What.
        mistake: SshMistake,
    },
}

fn at(line: Option<&Place>) -> String {
    line.map(|line| format!("{line}: ")).unwrap_or_default()
}

impl Hint for InventoryError {
    fn hints(&self) -> Hints {
        match self {
            Self::Yaml(error) => error.hint().map_or_else(Hints::none, Hints::from),
            Self::EmptyFolder { .. } => Hints::from("host groups are files that end in `.yaml` or `.yml`"),
            Self::File { mistake, .. } => mistake.hints(),
            Self::Disagree { host, .. } => {
                Hints::from(format!("say it at host `{host}` itself, or in one of them only"))
            }
            Self::Pattern { mistake, .. } => mistake.hints(),
            Self::Protected { hosts, count } => {
                let them = if *count == 1 { "it" } else { "them" };
                Hints::from(format!("leave {them} out with `-x '{hosts}'`"))
            }
            Self::JumpLoop { way, .. } => match way.last() {
                Some(jump) => Hints::from(format!(
                    "say `jump: none` at `{jump}` in its host group, or `ProxyJump none` in ssh_config"
                )),
                None => Hints::none(),
            },
            Self::Unhonoured { .. } => {
                Hints::from("name jump hosts by `jump:` in the host group, by `ProxyJump`, or by `-J`")
            }
            Self::SshConfig { mistake, .. } => mistake.hints(),
            Self::OpenSsh { .. }
            | Self::Folder { .. }
            | Self::Nobody { .. }
            | Self::TooManyJumps { .. }
            | Self::Flag { .. } => Hints::none(),
        }
    }
}
