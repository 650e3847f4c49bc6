use runsheet_runner::Signal;
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use tokio::sync::mpsc;

use crate::args::HangUp;
use crate::error::CliError;

/// Number of SIGXFSZ on Linux (signal(7)).
const SIGXFSZ: i32 = 25;

/// Listens for Ctrl-C, SIGTERM and SIGHUP from now on. A lost terminal must not kill a deploy that is half done, unless somebody wants
/// that.
pub(crate) fn listen(on_hangup: HangUp) -> Result<mpsc::UnboundedReceiver<Signal>, CliError> {
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
                _ = hangup.recv() => match on_hangup {
                    HangUp::GoOn => Signal::HangUp,
                    HangUp::Stop => Signal::Terminate,
                },
                _ = file_size.recv() => continue,
            };
            if sender.send(seen).is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

/// What tells the program to end: Ctrl-C, SIGTERM, or its terminal that goes away. Counts from when it is made.
pub(crate) struct ToldToEnd {
    interrupt: Signals,
    terminate: Signals,
    hangup: Signals,
}

impl ToldToEnd {
    pub(crate) fn listen() -> Result<Self, CliError> {
        let failed = |source| CliError::Signals { source };
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            hangup: signal(SignalKind::hangup()).map_err(failed)?,
        })
    }

    pub(crate) async fn wait(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}
