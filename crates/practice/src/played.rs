//! Commands of a fleet that only plays: they take their time and end, and nothing is started.

use std::sync::Mutex;
use std::sync::PoisonError;

use rustix::process::Signal;
use tokio::io::{Empty, empty, sink};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::host_state::HostState;
use crate::session_channel::{Ended, Program, SessionChannel};
use crate::{Part, PartEnd, signal};

/// Plays a part to its end, or until the client stops it by a signal, goes away, or the fleet stops.
pub(crate) async fn play(host: &HostState, part: Part, channel: SessionChannel) {
    let code = match part.end {
        PartEnd::Exit(code) => code,
        PartEnd::Cut => {
            tokio::select! {
                () = sleep(part.takes) => channel.cut(),
                () = host.fleet.stop.cancelled() => {}
            }
            return;
        }
    };
    let told = Notify::new();
    let last = Mutex::new(None);
    let ended = async {
        tokio::select! {
            () = sleep(part.takes) => Ended::Code(code),
            () = host.fleet.stop.cancelled() => Ended::Untold,
            () = told.notified() => {
                let signal = last.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or(Signal::TERM);
                Ended::Signal { number: signal::reported(signal.as_raw()), core_dumped: false }
            }
        }
    };
    let deliver = |signal: Signal| {
        *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(signal);
        told.notify_one();
    };
    let program = Program { stdin: sink(), stdout: empty(), stderr: None::<Empty> };
    channel.connect(program, ended, deliver).await;
}
