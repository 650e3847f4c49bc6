use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::{EnvFilter, fmt};

use crate::error::CliError;

/// Sets up diagnostics: nothing by default, our own crates at `debug` with `-v` and at `trace` with `-vv`.
///
/// Libraries stay at `warn` whatever `-v` says, because they would print what they send, credentials among it. The SSH libraries say
/// nothing at all: they have a line for every odd packet, and a host can send millions of those. `RUNSHEET_LOG`
/// is taken as it is, for those who know; but packets of the SSH library, which can hold passwords, are never printed.
pub(crate) fn start(verbose: u8, wanted: Option<&str>, file: Option<&Path>) -> Result<(), CliError> {
    let level = match verbose {
        0 if file.is_some() => "debug",
        0 => "error",
        1 => "debug",
        _ => "trace",
    };
    let own = CRATES.map(|name| format!("{name}={level}")).join(",");
    let directives = match wanted {
        Some(wanted) => format!("warn,{own},{wanted},russh=warn,russh_sftp=warn,ureq=warn"),
        None => format!("{},{own},russh=off,russh_sftp=off", if level == "error" { "error" } else { "warn" }),
    };
    let filter = EnvFilter::try_new(&directives).map_err(|source| CliError::LogFilter { source })?;
    let builder = fmt().with_env_filter(filter).with_target(true).with_span_events(FmtSpan::CLOSE);
    match file {
        Some(path) => {
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .mode(0o600)
                .open(path)
                .map_err(|source| CliError::LogFile { path: path.to_owned(), source })?;
            builder.with_ansi(false).with_writer(Mutex::new(file)).init();
        }
        None => builder.with_ansi(false).with_writer(std::io::stderr).init(),
    }
    Ok(())
}

const CRATES: [&str; 9] = [
    "runsheet",
    "runsheet_inventory",
    "runsheet_journal",
    "runsheet_local",
    "runsheet_plan",
    "runsheet_reporters",
    "runsheet_runner",
    "runsheet_ssh",
    "runsheet_task",
];
