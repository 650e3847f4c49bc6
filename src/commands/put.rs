use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use crate::args::WaitArgs;
use crate::commands::adhoc::{AdHoc, AdHocArgs};
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::session::Session;

/// From how many bytes on a file is not read before it is sent, only seen: 64 MiB, which take as long to hash as a host takes to log in.
const SEEN_FROM: u64 = 64 << 20;

/// Copy a file or a folder to some hosts
///
/// Each host gets a file entirely or not at all; one that a host has already is left alone. The content of a folder goes into the
/// target, which is made if it is missing.
#[derive(Debug, Args)]
pub(crate) struct PutArgs {
    /// The file or folder here
    source: PathBuf,
    /// Where to on the hosts; relative to the login folder
    target: String,
    /// File mode, in octal; without it 0755 for a file that its owner may execute, else 0644
    #[arg(long, value_name = "MODE")]
    mode: Option<String>,
    /// Of a folder: remove what else is in the target
    #[arg(long, conflicts_with = "mode")]
    delete: bool,
    #[command(flatten)]
    pub(crate) adhoc: AdHocArgs,
    #[command(flatten)]
    wait: WaitArgs,
}

pub(crate) async fn exec(args: PutArgs, session: &Session) -> Result<ExitStatus, CliError> {
    let source = session.environment.cwd.join(&args.source);
    let Some(source) = source.to_str() else {
        return Err(CliError::usage("the name of the file is not UTF-8", "rename it, or copy it first"));
    };
    let is_folder = Path::new(source).is_dir();
    if is_folder && args.mode.is_some() {
        return Err(CliError::usage("a folder has no `--mode`", "its files keep theirs: 0755 or 0644"));
    }
    if !is_folder && args.delete {
        return Err(CliError::usage("`--delete` is for folders", "leave it out"));
    }
    let text = |name: &str| (name.to_owned(), Value::from(format!("{{{{ vars.{name} }}}}")));
    let mut values = BTreeMap::from([text("source"), text("target")]);
    if args.delete {
        values.insert("delete".to_owned(), Value::from(true));
    }
    if let Some(mode) = args.mode {
        values.insert("mode".to_owned(), Value::from(mode));
    }
    let task = AdHoc {
        command: "put",
        task: if is_folder { "file.sync" } else { "file.put" },
        title: format!("put {}", args.source.display()),
        args: values,
        vars: BTreeMap::from([
            ("source".to_owned(), Value::from(source)),
            ("target".to_owned(), Value::from(args.target)),
        ]),
        seen_from: SEEN_FROM,
        as_user: None,
        pty: false,
        wait: args.wait.wait,
    };
    task.run(&args.adhoc, session).await
}
