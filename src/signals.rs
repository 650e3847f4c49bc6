use runsheet_runner::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::error::CliError;

/// Number of SIGXFSZ on Linux (signal(7)).
const SIGXFSZ: i32 = 25;

/// Listens for Ctrl-C and SIGTERM from now on. SIGHUP is ignored: a lost terminal must not kill a deploy that is half done.
pub(crate) fn listen() -> Result<mpsc::UnboundedReceiver<Signal>, CliError> {
    let failed = |source| CliError::Signals { source };
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(failed)?;
    // A file-size limit (`ulimit -f`) must reach the journal as an error of its write, not end the program.
    let mut file_size = signal(SignalKind::from_raw(SIGXFSZ)).map_err(failed)?;
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let seen = tokio::select! {
                _ = interrupt.recv() => Signal::Interrupt,
                _ = terminate.recv() => Signal::Terminate,
                _ = hangup.recv() => continue,
                _ = file_size.recv() => continue,
            };
            if sender.send(seen).is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

/// Waits until the program is told to end: by Ctrl-C, SIGTERM, or its terminal that goes away.
pub(crate) async fn told_to_end() -> Result<(), CliError> {
    let failed = |source| CliError::Signals { source };
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(failed)?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}
