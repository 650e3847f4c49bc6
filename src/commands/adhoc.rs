use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use runsheet_model::{Switch, Vars};
use runsheet_plan::StepChoice;
use runsheet_sheet::{AsUser, Sheet};
use serde_json::Value;

use crate::args::{NarrowArgs, ReachArgs, RunArgs, TargetArgs};
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::launch::launch;
use crate::session::Session;

/// What every command without a sheet takes.
#[derive(Debug, Args)]
pub(crate) struct AdHocArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    narrow: NarrowArgs,
    #[command(flatten)]
    reach: ReachArgs,
    #[command(flatten)]
    run: RunArgs,
}

impl AdHocArgs {
    pub(crate) fn run_args(&mut self) -> (&mut ReachArgs, &mut RunArgs) {
        (&mut self.reach, &mut self.run)
    }
}

/// Becoming another user.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct AsUserArgs {
    /// Run as another user by sudo; root if none is named
    #[arg(long, value_name = "USER", num_args = 0..=1, default_missing_value = "root", help_heading = "Run")]
    sudo: Option<String>,
    /// Run as another user by doas; root if none is named
    #[arg(long, value_name = "USER", num_args = 0..=1, default_missing_value = "root", help_heading = "Run")]
    doas: Option<String>,
    /// Run as another user by su; root if none is named
    #[arg(long, value_name = "USER", num_args = 0..=1, default_missing_value = "root", help_heading = "Run")]
    su: Option<String>,
}

impl AsUserArgs {
    pub(crate) fn as_sheet(&self) -> Option<AsUser> {
        let words = [(Switch::Sudo, &self.sudo), (Switch::Doas, &self.doas), (Switch::Su, &self.su)];
        let said = words.into_iter().find_map(|(by, user)| Some((by, user.clone()?)));
        said.map(|(by, user)| AsUser::User { user, by })
    }
}

/// One task to be run without a sheet.
pub(crate) struct AdHoc<'a> {
    /// The command's name: `do`, `exec`, `put`, `get`.
    pub(crate) command: &'static str,
    /// The task.
    pub(crate) task: &'a str,
    /// What history calls the run.
    pub(crate) title: String,
    /// The task's arguments, templates as in a sheet.
    pub(crate) args: BTreeMap<String, Value>,
    /// Texts that arguments speak of as `vars.NAME`, so that they are taken as they are, whatever stands in them.
    pub(crate) vars: Vars,
    pub(crate) as_user: Option<AsUser>,
    /// From how many bytes on a file is not read before it is sent; never for a task that wants its hash.
    pub(crate) seen_from: u64,
    /// Whether its commands have a terminal.
    pub(crate) pty: bool,
    /// How long to wait for other runs on the same hosts.
    pub(crate) wait: Option<Duration>,
}

impl AdHoc<'_> {
    /// Runs it through the same plan, runner and journal as a sheet.
    pub(crate) async fn run(self, args: &AdHocArgs, session: &Session) -> Result<ExitStatus, CliError> {
        let mut sheet = Sheet::single(self.task, self.args, &args.target.pattern()?)?;
        sheet.name = self.title;
        sheet.vars = self.vars;
        if let Some(as_user) = &self.as_user {
            sheet = sheet.with_user(as_user);
        }
        if self.pty {
            sheet = sheet.with_pty();
        }
        let run = RunArgs { wait: self.wait, ..args.run.clone() };
        let sheet = run.instead.applied(sheet)?;
        let files = session.files().seen_from(self.seen_from);
        let plan = session.plan_with(&files, &sheet, &args.narrow, StepChoice::default(), args.target.unlisted)?;
        launch(session, plan, &args.reach, &run, self.command).await
    }
}
