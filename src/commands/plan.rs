use std::path::PathBuf;

use clap::Args;

use crate::args::{Format, InsteadArgs};
use crate::commands::run::SheetArgs;
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::foresight::Foresight;
use crate::session::Session;
use crate::{foresee, plan_file, show_plan};

/// Show what a deploy sheet would do, and touch no host
///
/// Every task, argument, template and pattern is checked. `--format json` gives the whole plan, with every rendered argument, and
/// under `forecast` how long it will take.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    sheet: SheetArgs,
    #[command(flatten)]
    instead: InsteadArgs,
    /// Tell for each step what 1, 2 and 5 failures would lead to
    #[arg(long, conflicts_with = "format", help_heading = "Output")]
    explain: bool,
    /// Write the plan to this file as well, for `run --plan FILE`
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    out: Option<PathBuf>,
    /// Replace the file of `--out` if it is there
    #[arg(long, requires = "out", help_heading = "Output")]
    force: bool,
    /// What the output looks like
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    format: Format,
}

pub(crate) fn exec(args: &PlanArgs, session: &Session) -> Result<ExitStatus, CliError> {
    let sheet = args.instead.applied(session.sheet(&args.sheet.sheet, &args.sheet.part.set)?)?;
    let plan = session.plan(&sheet, &args.sheet.narrow, args.sheet.part.choice(), false)?;
    if let Some(path) = &args.out {
        plan_file::write(&plan, &session.environment.cwd.join(path), args.force)?;
    }
    if args.explain {
        session.printer.data(&foresee::foresee(&plan))?;
        return Ok(ExitStatus::Success);
    }
    let foresight = Foresight::of(session, &plan);
    show_plan::print(&plan, Some(&foresight), args.format, &session.printer)?;
    Ok(ExitStatus::Success)
}
