use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use crate::commands::adhoc::{AdHoc, AdHocArgs};
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::session::Session;

/// Copy a file to some hosts
///
/// Each host gets it entirely or not at all; a host that has it already is left alone.
#[derive(Debug, Args)]
pub(crate) struct PutArgs {
    /// The file here
    source: PathBuf,
    /// Where to on the hosts; relative to the login folder
    target: String,
    /// File mode, in octal
    #[arg(long, value_name = "MODE", default_value = "0644")]
    mode: String,
    #[command(flatten)]
    adhoc: AdHocArgs,
}

pub(crate) async fn exec(args: PutArgs, session: &Session) -> Result<ExitStatus, CliError> {
    let source = session.environment.cwd.join(&args.source);
    let Some(source) = source.to_str() else {
        return Err(CliError::usage("the name of the file is not UTF-8", "rename it, or copy it first"));
    };
    let vars = [("source", source), ("target", &args.target), ("mode", &args.mode)];
    let task = AdHoc {
        command: "put",
        task: "file.put",
        title: format!("put {}", args.source.display()),
        args: vars
            .iter()
            .map(|(name, _)| ((*name).to_owned(), Value::from(format!("{{{{ vars.{name} }}}}"))))
            .collect(),
        vars: vars.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text))).collect::<BTreeMap<_, _>>(),
        sudo: None,
    };
    task.run(&args.adhoc, session).await
}
