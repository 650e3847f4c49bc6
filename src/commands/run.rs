use std::path::PathBuf;

use clap::Args;
use runsheet_plan::StepChoice;
use runsheet_sheet::Sheet;

use crate::approved::Approved;
use crate::args::{InsteadArgs, NarrowArgs, ReachArgs, RunArgs, WaitArgs};
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::launch::launch;
use crate::rehearsing::{RehearseArgs, rehearse};
use crate::session::Session;

/// Run a deploy sheet
///
/// On a terminal the plan is shown first, with one question. A step is finished on all its hosts before the next one starts; a host that
/// fails ends the sheet after its step.
#[derive(Debug, Args)]
pub(crate) struct RunSheetArgs {
    #[command(flatten)]
    pub(crate) sheet: SheetArgs,
    /// Run only if the plan is this one: a file of `plan --out`, or at least 12 digits of a hash
    #[arg(long, value_name = "FILE|HASH", value_parser = Approved::parse, help_heading = "Sheet")]
    pub(crate) plan: Option<Approved>,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
    #[command(flatten)]
    pub(crate) rehearse: RehearseArgs,
}

/// Which sheet, and what of it.
#[derive(Debug, Args)]
pub(crate) struct SheetArgs {
    /// The sheet: a file, or the name of one in `sheets/`
    #[arg(value_name = "SHEET")]
    pub(crate) sheet: PathBuf,
    #[command(flatten)]
    pub(crate) part: SheetPartArgs,
    #[command(flatten)]
    pub(crate) narrow: NarrowArgs,
}

/// What of a sheet, and with which variables.
#[derive(Debug, Default, Args)]
pub(crate) struct SheetPartArgs {
    /// Give a variable of the sheet another value
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Sheet")]
    pub(crate) set: Vec<String>,
    /// Begin with this step (id or title)
    #[arg(long, value_name = "STEP", help_heading = "Sheet")]
    pub(crate) start_at: Option<String>,
    /// Only these steps
    #[arg(long, value_name = "STEP", help_heading = "Sheet")]
    pub(crate) only: Vec<String>,
    /// All but these steps
    #[arg(long, value_name = "STEP", help_heading = "Sheet")]
    pub(crate) skip: Vec<String>,
}

impl SheetPartArgs {
    /// Whether anything is said about a sheet.
    pub(crate) fn is_given(&self) -> bool {
        self.start_at.is_some() || [&self.set, &self.only, &self.skip].iter().any(|words| !words.is_empty())
    }

    pub(crate) fn choice(&self) -> StepChoice {
        StepChoice { start_at: self.start_at.clone(), only: self.only.clone(), skip: self.skip.clone() }
    }
}

impl InsteadArgs {
    /// Puts what the flags say in the place of what the sheet says.
    pub(crate) fn applied(&self, mut sheet: Sheet) -> Result<Sheet, CliError> {
        if let Some(forks) = self.forks {
            sheet = sheet.with_forks(usize::from(forks))?;
        }
        if let Some(timeout) = self.timeout {
            sheet = sheet.with_timeout(timeout)?;
        }
        if let Some(max_fail) = self.max_fail {
            sheet = sheet.with_max_fail(max_fail);
        }
        Ok(sheet)
    }
}

pub(crate) async fn exec(args: RunSheetArgs, session: &Session) -> Result<ExitStatus, CliError> {
    let sheet = args.run.instead.applied(session.sheet(&args.sheet.sheet, &args.sheet.part.set)?)?;
    let plan = session.plan(&sheet, &args.sheet.narrow, args.sheet.part.choice(), false)?;
    if let Some(approved) = &args.plan {
        approved.check(&plan, session)?;
    }
    if args.rehearse.rehearse {
        return rehearse(session, plan, &args.run, &args.rehearse).await;
    }
    let run = RunArgs { wait: args.wait.wait, ..args.run };
    launch(session, plan, &args.reach, &run, "run").await
}
