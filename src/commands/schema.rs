use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::args::GlobalArgs;
use crate::environment::Environment;
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::printer::Printer;
use crate::project;

/// Print the JSON Schema of a file format, for editors
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Which format
    of: Schema,
}

/// A file format.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Schema {
    /// Host groups: hostgroups/*.yaml
    Hostgroups,
    /// Deploy sheets: sheets/*.yaml
    Sheet,
    /// The project: runsheet.yaml
    Project,
    /// Reports: `runsheet report --format json`
    Report,
}

impl Schema {
    pub(crate) fn value(self) -> Value {
        match self {
            Self::Hostgroups => runsheet_inventory::schema(),
            Self::Sheet => runsheet_sheet::schema(),
            Self::Project => project::schema(),
            Self::Report => runsheet_report::schema(),
        }
    }
}

pub(crate) fn exec(args: &SchemaArgs, environment: &Environment, global: &GlobalArgs) -> Result<ExitStatus, CliError> {
    Printer::new(global, environment).json(&args.of.value())?;
    Ok(ExitStatus::Success)
}
