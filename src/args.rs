use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, ValueEnum};
use runsheet_model::{Share, parse_duration};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::commands::Command;

/// Run deploy sheets: ordered steps, each a task on a group of hosts, over SSH
///
/// Host groups are YAML files in `hostgroups/`, deploy sheets YAML files in `sheets/`. Try `runsheet demo` first: it starts practice
/// hosts on this machine and deploys to them.
#[derive(Debug, Parser)]
#[command(name = "runsheet", version = crate::version::LONG, propagate_version = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What holds for every command.
#[derive(Clone, Debug, Args)]
pub(crate) struct GlobalArgs {
    /// Colours: `auto` means on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    pub(crate) color: Color,
    /// Say more about what runsheet itself does; twice for even more
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Output")]
    pub(crate) verbose: u8,
    /// Say less: no headings and no live lines, only output, failures and the recap
    #[arg(short, long, global = true, help_heading = "Output")]
    pub(crate) quiet: bool,
    /// Write diagnostics to this file instead of standard error
    #[arg(long, global = true, value_name = "FILE", help_heading = "Output")]
    pub(crate) log_file: Option<PathBuf>,
    /// Files or folders with host groups, instead of the project's
    #[arg(long, global = true, value_name = "PATH", help_heading = "Hosts")]
    pub(crate) hostgroups: Vec<PathBuf>,
}

/// When there are colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, as NO_COLOR and CLICOLOR say.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What the output looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: colours and live lines where there is a terminal.
    Human,
    /// Text without colours and live lines.
    Plain,
    /// For programs: events, one a line, in the journal's own form; or one document.
    Json,
}

/// Which hosts a command without a sheet works on.
#[derive(Clone, Debug, Args)]
pub(crate) struct TargetArgs {
    /// Hosts: a pattern such as `web[01-20],@solr,!solr03`
    #[arg(short = 'H', long = "hosts", value_name = "PATTERN", help_heading = "Hosts")]
    pub(crate) hosts: Vec<String>,
    /// A host group; the same as `-H @GROUP`
    #[arg(short = 'g', long = "group", value_name = "GROUP", help_heading = "Hosts")]
    pub(crate) groups: Vec<String>,
    /// Take names that stand in no host group as they are
    #[arg(long, help_heading = "Hosts")]
    pub(crate) unlisted: bool,
}

/// Which of the selected hosts are left.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct NarrowArgs {
    /// Leave these hosts out
    #[arg(short = 'x', long, value_name = "PATTERN", help_heading = "Hosts")]
    pub(crate) exclude: Vec<String>,
    /// Only hosts that this pattern selects as well; part of the plan's hash
    #[arg(long, value_name = "PATTERN", help_heading = "Hosts")]
    pub(crate) limit: Option<String>,
}

/// How hosts are reached.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ReachArgs {
    /// Login name
    #[arg(short, long, value_name = "NAME", help_heading = "SSH")]
    pub(crate) user: Option<String>,
    /// TCP port
    #[arg(long, value_name = "PORT", help_heading = "SSH")]
    pub(crate) port: Option<u16>,
    /// Private key file
    #[arg(short, long, value_name = "FILE", help_heading = "SSH")]
    pub(crate) identity: Vec<PathBuf>,
    /// Ask for the login password of the hosts once, before anything runs; keys are tried first
    #[arg(short = 'k', long, help_heading = "SSH")]
    pub(crate) ask_pass: bool,
    /// Ask for sudo's password once, before anything runs; it is said only where sudo asks for it
    #[arg(short = 'K', long, help_heading = "SSH")]
    pub(crate) ask_sudo_pass: bool,
    /// ssh_config to read instead of ~/.ssh/config and /etc/ssh/ssh_config; `none` for no file
    #[arg(short = 'F', value_name = "FILE", help_heading = "SSH")]
    pub(crate) ssh_config: Option<PathBuf>,
    /// Who reads ssh_config
    #[arg(long, value_name = "READER", help_heading = "SSH")]
    pub(crate) ssh_config_reader: Option<ConfigReader>,
    /// Jump hosts, `user@host:port` with commas between them; `none` for a direct connection
    #[arg(short = 'J', value_name = "HOSTS", help_heading = "SSH")]
    pub(crate) jump: Option<String>,
    /// How long connecting may take, login included
    #[arg(short = 't', long, value_name = "TIME", value_parser = time, help_heading = "SSH")]
    pub(crate) connect_timeout: Option<Duration>,
    /// What happens to a host whose key is not on record
    #[arg(long, value_name = "MODE", help_heading = "SSH")]
    pub(crate) host_keys: Option<HostKeyArg>,
}

impl ReachArgs {
    /// The same, with what was said another time where nothing is said now.
    pub(crate) fn or(self, other: &Self) -> Self {
        let identity = if self.identity.is_empty() { other.identity.clone() } else { self.identity };
        Self {
            user: self.user.or_else(|| other.user.clone()),
            port: self.port.or(other.port),
            identity,
            ask_pass: self.ask_pass || other.ask_pass,
            ask_sudo_pass: self.ask_sudo_pass || other.ask_sudo_pass,
            ssh_config: self.ssh_config.or_else(|| other.ssh_config.clone()),
            ssh_config_reader: self.ssh_config_reader.or(other.ssh_config_reader),
            jump: self.jump.or_else(|| other.jump.clone()),
            connect_timeout: self.connect_timeout.or(other.connect_timeout),
            host_keys: self.host_keys.or(other.host_keys),
        }
    }
}

/// What happens to a host whose key is not on record.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum HostKeyArg {
    /// It is refused.
    Strict,
    /// Its key is put on record.
    AcceptNew,
}

/// What becomes of a run whose terminal is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum HangUp {
    /// It goes on.
    GoOn,
    /// It is stopped, as by SIGTERM.
    Stop,
}

/// Who reads ssh_config.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ConfigReader {
    /// Runsheet itself.
    Runsheet,
    /// The OpenSSH client on this machine, which is asked for each host (`ssh -G`).
    Openssh,
}

/// What flags say instead of the sheet. It is part of the plan.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct InsteadArgs {
    /// On how many hosts it is worked at once; overrides the sheet
    #[arg(short, long, alias = "fanout", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000), help_heading = "Run")]
    pub(crate) forks: Option<u16>,
    /// How long one task may take on one host; overrides the sheet
    #[arg(short = 'T', long, alias = "command-timeout", value_name = "TIME", value_parser = time, help_heading = "Run")]
    pub(crate) timeout: Option<Duration>,
    /// How many hosts of a step may fail, such as 3 or 5%; overrides the sheet
    #[arg(long, value_name = "N|%", value_parser = share, help_heading = "Run")]
    pub(crate) max_fail: Option<Share>,
}

/// How a run goes.
#[derive(Clone, Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) instead: InsteadArgs,
    /// Start nothing new after the first host that fails
    #[arg(long, help_heading = "Run")]
    pub(crate) fail_fast: bool,
    /// How long to wait for other runs on the same hosts, of the commands that have [`WaitArgs`].
    #[arg(skip)]
    pub(crate) wait: Option<Duration>,
    /// Answer every question with yes
    #[arg(short, long, help_heading = "Run")]
    pub(crate) yes: bool,
    /// Never ask: a question is answered with no
    #[arg(long, conflicts_with = "yes", help_heading = "Run")]
    pub(crate) no_input: bool,
    /// Look what would be done: ask the hosts, and change nothing. `exec` and `get` show their plan
    #[arg(long, help_heading = "Run")]
    pub(crate) dry_run: bool,
    /// What becomes of the run if its terminal is lost (SIGHUP)
    #[arg(long, value_name = "ACTION", default_value = "go-on", help_heading = "Run")]
    pub(crate) hup: HangUp,
    /// Fold identical output of hosts under one header
    #[arg(short = 'b', long, help_heading = "Output")]
    pub(crate) gather: bool,
    /// What the output looks like
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub(crate) format: Format,
}

/// What commands take that lock their hosts.
#[derive(Clone, Debug, Args)]
pub(crate) struct WaitArgs {
    /// Wait for other runs on the same hosts, at most so long; 1h if no time is said. Default: end at once with 7
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "1h", value_parser = time, help_heading = "Run")]
    pub(crate) wait: Option<Duration>,
}

/// Reads a length of time such as `90s`.
pub(crate) fn share(text: &str) -> Result<Share, String> {
    Share::parse(text).map_err(|error| error.to_string())
}

pub(crate) fn time(text: &str) -> Result<Duration, String> {
    let time = parse_duration(text).map_err(|error| error.to_string())?;
    if time.is_zero() { Err("it must be longer than nothing".to_owned()) } else { Ok(time) }
}
