use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use crate::commands::adhoc::{AdHoc, AdHocArgs};
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::session::Session;

/// Fetch a file or a folder from some hosts
///
/// That of each host lands in a folder with the host's name: `TARGET/HOST/NAME`.
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// The file or folder on the hosts; relative to the login folder
    source: String,
    /// The folder here
    #[arg(default_value = ".")]
    target: PathBuf,
    #[command(flatten)]
    pub(crate) adhoc: AdHocArgs,
}

pub(crate) async fn exec(args: GetArgs, session: &Session) -> Result<ExitStatus, CliError> {
    let target = session.environment.cwd.join(&args.target);
    let Some(target) = target.to_str() else {
        return Err(CliError::usage("the name of the folder is not UTF-8", "name another one"));
    };
    let vars = [("source", args.source.as_str()), ("target", target)];
    let task = AdHoc {
        command: "get",
        task: "file.get",
        title: format!("get {}", args.source),
        args: vars
            .iter()
            .map(|(name, _)| ((*name).to_owned(), Value::from(format!("{{{{ vars.{name} }}}}"))))
            .collect(),
        vars: vars.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text))).collect::<BTreeMap<_, _>>(),
        seen_from: u64::MAX,
        as_user: None,
        pty: false,
        wait: None,
    };
    task.run(&args.adhoc, session).await
}
