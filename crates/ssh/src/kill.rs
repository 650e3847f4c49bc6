use std::sync::Arc;
use std::time::Duration;

use russh::client::Msg;
use russh::{Channel, ChannelMsg};

use crate::link::{CHANNELS, Link};

/// How long a host may take to send a signal from beside. After that the protocol's own way is tried.
const LIMIT: Duration = Duration::from_secs(3);

/// Sends a signal to the process group of the one command that runs on a connection, by a command beside it. Returns
/// whether that was done.
///
/// sshd ignores signals for those who log in as root ("session signalling requires privilege separation" in its
/// `session.c`), so for them the protocol's own way leads nowhere. A command has no number here, but it is a child of the
/// sshd that serves the connection, and leads a group. It is done only where that tells which one is meant: the caller holds
/// the command's place, all others are taken here, and whoever serves the connection has to be sshd.
pub(crate) async fn kill_beside(link: &Arc<Link>, signal: &str) -> bool {
    let others = u32::try_from(CHANNELS - 1).unwrap_or(u32::MAX);
    let Ok(_nobody_else) = Arc::clone(link.slots()).try_acquire_many_owned(others) else {
        return false;
    };
    let script = script(signal);
    let killing = async {
        let mut channel = link.open_session().await.ok()?;
        let status = run(&mut channel, &script).await;
        // A channel that is only dropped stays open; it fails when the connection is down.
        let _ = channel.close().await;
        status
    };
    matches!(tokio::time::timeout(LIMIT, killing).await, Ok(Some(0)))
}

/// `exec`, so that the parent of the script is sshd itself, whatever the login shell is.
fn script(signal: &str) -> String {
    format!(
        "exec sh -c 'read -r name </proc/$PPID/comm; case $name in sshd*) ;; *) exit 2;; esac; found=1; \
         for stat in /proc/[0-9]*/stat; do read -r line <$stat || continue; pid=${{line%% *}}; set -- ${{line##*) }}; \
         if [ \"$2\" = $PPID ] && [ $pid != $$ ]; then kill -s {signal} -- -$pid && found=0; fi; done 2>/dev/null; \
         exit $found'"
    )
}

async fn run(channel: &mut Channel<Msg>, command: &str) -> Option<u32> {
    channel.exec(false, command).await.ok()?;
    loop {
        match channel.wait().await? {
            ChannelMsg::ExitStatus { exit_status } => return Some(exit_status),
            ChannelMsg::Close => return None,
            _ => {}
        }
    }
}
