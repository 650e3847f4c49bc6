use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use runsheet_inventory::Selection;
use runsheet_model::{HostName, Mask, plural};
use runsheet_preflight::{Bounds, Preflight, Subject};
use runsheet_runner::Settings;
use runsheet_task::Secrets;

use crate::args::{Format, NarrowArgs, ReachArgs, TargetArgs, time};
use crate::commands::run::SheetPartArgs;
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::project::parse_size;
use crate::session::Session;
use crate::unknown_keys::UnknownKeys;
use crate::{logins, open_files, show_preflight};

/// On how many hosts commands run at once, as in a step that does not say.
const FORKS: u16 = 64;

/// Check hosts before anything is run on them
///
/// For all hosts of a pattern, or of a sheet's steps: name, connection, host key, login, shell, sudo, free space and clock. Nothing is changed
/// on a host, and no run is recorded. Host keys that are not on record are shown together, with one question: put them on record?
#[derive(Debug, Args)]
pub(crate) struct PreflightArgs {
    /// A pattern of hosts, or a sheet: a file, or the name of one in `sheets/`
    #[arg(value_name = "PATTERN|SHEET", conflicts_with_all = ["hosts", "groups"])]
    what: Option<String>,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    part: SheetPartArgs,
    #[command(flatten)]
    narrow: NarrowArgs,
    #[command(flatten)]
    reach: ReachArgs,
    /// Check as well that the login user becomes this one by sudo; root if none is named
    #[arg(long, value_name = "USER", num_args = 0..=1, default_missing_value = "root", help_heading = "Run")]
    sudo: Option<String>,
    /// How much has to be free in /, in /tmp and in the login folder
    #[arg(long, value_name = "SIZE", default_value = "100MiB", value_parser = size, help_heading = "Checks")]
    free: u64,
    /// How far a host's clock may be from this machine's
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = time, help_heading = "Checks")]
    clock: Duration,
    /// How long a host that is connected may take for its answers
    #[arg(short = 'T', long, value_name = "TIME", default_value = "30s", value_parser = time, help_heading = "Checks")]
    timeout: Duration,
    /// On how many hosts commands run at once
    #[arg(short, long, alias = "fanout", value_name = "N", default_value_t = FORKS, value_parser = clap::value_parser!(u16).range(1..=10_000), help_heading = "Run")]
    forks: u16,
    /// Put unknown host keys on record without asking; never one that is changed or revoked
    #[arg(long, help_heading = "Run")]
    learn: bool,
    /// Never ask: unknown host keys stay unknown
    #[arg(long, conflicts_with = "learn", help_heading = "Run")]
    no_input: bool,
    /// What the output looks like
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    format: Format,
}

/// A host, and the users that commands on it become.
type Wanted = (HostName, Vec<String>);

pub(crate) async fn exec(args: PreflightArgs, session: &Session) -> Result<ExitStatus, CliError> {
    let wanted = args.wanted(session)?;
    session.printer.note(&format!("looking at {}\n", plural(wanted.len(), "host")));
    let endpoints = session.endpoints_of(&wanted.iter().map(|(host, _)| host).collect::<Vec<_>>(), &args.reach)?;
    let may_ask = session.environment.stdin_terminal && !args.no_input;
    let secrets = Secrets::default();
    let uses_sudo = wanted.iter().any(|(_, users)| !users.is_empty());
    let password = logins::password(session, &args.reach, &secrets, may_ask)?;
    let sudo_password = logins::sudo_password(session, uses_sudo, &args.reach, &secrets, may_ask)?;
    let sudo_by_password = sudo_password.is_some();
    let asked = password.iter().chain(&sudo_password).map(|(name, value)| (name, value));
    let mask = Mask::new(asked)?;
    let mut connector = logins::connector(session, &endpoints, password, may_ask).await?;
    if let Some((_, password)) = sudo_password {
        connector = connector.with_sudo_password(password);
    }
    let usual = Settings::default();
    let connections = open_files::connections().map_or(usual.connections, |most| most.min(usual.connections));
    let preflight = Preflight {
        connector: Arc::new(connector),
        sudo_by_password,
        mask,
        bounds: Bounds { free: args.free, clock: args.clock, answers: args.timeout },
        forks: usize::from(args.forks),
        settings: Settings { connections, ..usual },
    };
    let subjects = endpoints.into_iter().zip(wanted).map(|(endpoint, (_, sudo))| Subject { endpoint, sudo }).collect();
    let asks = may_ask && session.environment.stderr_terminal && args.format != Format::Json;
    let unknown_keys = UnknownKeys { learn: args.learn, asks, printer: &session.printer };
    let report = preflight.run(subjects, &unknown_keys).await;
    show_preflight::print(&report, args.format, &session.printer)?;
    Ok(if report.is_fine() { ExitStatus::Success } else { ExitStatus::Unreachable })
}

impl PreflightArgs {
    /// The hosts that are looked at. All of a pattern become the same user, those of a sheet become whom its steps say.
    fn wanted(&self, session: &Session) -> Result<Vec<Wanted>, CliError> {
        let sudo = self.sudo.as_deref();
        let Some(what) = &self.what else {
            if let (Some(user), true) = (sudo, self.target.is_empty()) {
                return Err(CliError::usage(
                    format!("`--sudo {user}` says whom to become, and no hosts are given"),
                    format!("write the hosts before it: `runsheet preflight {user} --sudo`"),
                ));
            }
            return self.of_pattern(&self.target.pattern()?, sudo, session);
        };
        let is_sheet = session.project.sheet(Path::new(what), &session.environment).is_ok();
        let looks_like_one = Path::new(what).extension().is_some_and(|ending| ending == "yaml");
        if !is_sheet && !looks_like_one {
            return self.of_pattern(what, sudo, session);
        }
        if is_sheet && !looks_like_one && self.of_pattern(what, sudo, session).is_ok_and(|_| !session.is_empty()) {
            return Err(CliError::usage(
                format!("`{what}` is a sheet, and selects hosts as well"),
                format!("say which: `sheets/{what}.yaml`, or `-H {what}`"),
            ));
        }
        let sheet = session.sheet(Path::new(what), &self.part.set)?;
        let plan = session.plan(&sheet, &self.narrow, self.part.choice(), self.target.unlisted)?;
        let needed = plan.hosts.iter().zip(plan.needs()).filter(|(host, _)| !host.local).filter_map(|(host, users)| {
            let users = users?.into_iter().chain(sudo).map(ToOwned::to_owned);
            Some((host.name.clone(), users.collect::<BTreeSet<_>>().into_iter().collect()))
        });
        Ok(needed.collect())
    }

    fn of_pattern(&self, pattern: &str, sudo: Option<&str>, session: &Session) -> Result<Vec<Wanted>, CliError> {
        if self.part.is_given() {
            return Err(CliError::usage(
                format!(
                    "`{pattern}` is a pattern of hosts, and `--set`, `--start-at`, `--only` and `--skip` are for sheets"
                ),
                "a sheet is a file, or the name of one in `sheets/`",
            ));
        }
        let selection = Selection {
            pattern: pattern.to_owned(),
            exclude: self.narrow.exclude.clone(),
            limit: self.narrow.limit.clone(),
            unlisted: self.target.unlisted || session.is_empty(),
        };
        let read = |path: &Path| std::fs::read_to_string(session.environment.cwd.join(path));
        let hosts = session.inventory.select_reading(&selection, &read)?;
        let users: Vec<String> = sudo.map(ToOwned::to_owned).into_iter().collect();
        Ok(hosts.into_iter().map(|host| (host, users.clone())).collect())
    }
}

fn size(text: &str) -> Result<u64, String> {
    parse_size(text).ok_or_else(|| format!("`{text}` is not a size (such as `500MiB` or `2GiB`)"))
}
