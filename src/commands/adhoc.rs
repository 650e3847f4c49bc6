use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use runsheet_model::Vars;
use runsheet_plan::StepChoice;
use runsheet_sheet::{Sheet, Sudo};
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
pub(crate) struct SudoArgs {
    /// Run as another user with `sudo -n`; root if none is named
    #[arg(long, value_name = "USER", num_args = 0..=1, default_missing_value = "root", help_heading = "Run")]
    sudo: Option<String>,
}

impl SudoArgs {
    /// Whom to become.
    pub(crate) fn user(&self) -> Option<&str> {
        self.sudo.as_deref()
    }

    pub(crate) fn as_sheet(&self) -> Option<Sudo> {
        match self.sudo.as_deref() {
            None => None,
            Some("root") => Some(Sudo::Root),
            Some(user) => Some(Sudo::User(user.to_owned())),
        }
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
    pub(crate) sudo: Option<Sudo>,
    /// How long to wait for other runs on the same hosts.
    pub(crate) wait: Option<Duration>,
}

impl AdHoc<'_> {
    /// Runs it through the same plan, runner and journal as a sheet.
    pub(crate) async fn run(self, args: &AdHocArgs, session: &Session) -> Result<ExitStatus, CliError> {
        let mut sheet = Sheet::single(self.task, self.args, &args.target.pattern()?)?;
        sheet.name = self.title;
        sheet.vars = self.vars;
        if let Some(sudo) = &self.sudo {
            sheet = sheet.with_sudo(sudo);
        }
        let run = RunArgs { wait: self.wait, ..args.run.clone() };
        let sheet = run.instead.applied(sheet)?;
        let plan = session.plan(&sheet, &args.narrow, StepChoice::default(), args.target.unlisted)?;
        launch(session, plan, &args.reach, &run, self.command).await
    }
}
