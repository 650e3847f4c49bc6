use runsheet_reporters::Size;
use tokio::signal::unix::{SignalKind, signal};

/// Keeps a size up to date with the terminal of standard error, now and whenever its window changes.
pub(crate) fn follow(size: Size) {
    measure(&size);
    let Ok(mut changed) = signal(SignalKind::window_change()) else { return };
    tokio::spawn(async move {
        while changed.recv().await.is_some() {
            measure(&size);
        }
    });
}

fn measure(size: &Size) {
    if let Ok(now) = rustix::termios::tcgetwinsize(std::io::stderr())
        && now.ws_col > 0
    {
        size.set(now.ws_col, now.ws_row);
    }
}
