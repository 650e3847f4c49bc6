//! Accepts the connections of one host and hands each to an SSH session.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::Fault;
use crate::connection::Connection;
use crate::host_state::HostState;
use crate::wire::{Cutter, Wire};

/// How long a client may take to log in: the default of sshd's `LoginGraceTime`.
const LOGIN_GRACE: Duration = Duration::from_mins(2);

/// How long to wait when a connection could not be accepted, for example because there are too many open files.
const NO_ROOM: Duration = Duration::from_millis(50);

/// Serves a host until its fleet stops.
pub(crate) async fn serve(host: Arc<HostState>) {
    let stop = host.fleet.stop.clone();
    let mut conduct = host.watch();
    loop {
        let (refuses, listener) = {
            let now = conduct.borrow_and_update();
            (now.fault == Some(Fault::Refuse), Arc::clone(&now.listener))
        };
        tokio::select! {
            () = stop.cancelled() => return,
            // The sender lives as long as `host`.
            _ = conduct.changed() => {}
            accepted = listener.accept(), if !refuses => match accepted {
                Ok((stream, peer)) => {
                    host.count_connection();
                    host.fleet.tasks.spawn(attend(Arc::clone(&host), stream, peer));
                }
                // The socket was closed a moment ago, and the reason for it is about to be told.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => sleep(NO_ROOM).await,
                Err(error) => {
                    tracing::warn!(host = host.name, %error, "connection was not accepted");
                    sleep(NO_ROOM).await;
                }
            },
        }
    }
}

/// Serves one connection until it ends or the fleet stops.
async fn attend(host: Arc<HostState>, stream: TcpStream, peer: SocketAddr) {
    match host.fault() {
        Some(Fault::Refuse | Fault::Throttle) => return,
        Some(Fault::Silent) => return listen_only(&host, stream).await,
        _ => {}
    }
    let config = match host.config() {
        Ok(config) => config,
        Err(error) => return tracing::warn!(host = host.name, %error, "host has no key"),
    };
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(host = host.name, %error, "connection was gone at once");
        return;
    }
    let stop = host.fleet.stop.clone();
    let wire = Wire::new(stream);
    let cutter = wire.cutter();
    let logged_in = Arc::new(Notify::new());
    let connection = Connection::new(Arc::clone(&host), peer, cutter.clone(), Arc::clone(&logged_in));
    let session = async { russh::server::run_stream(config, wire, connection).await?.await };
    tokio::pin!(session);
    let ended = tokio::select! {
        ended = &mut session => ended,
        () = stop.cancelled() => cut(&cutter, session).await,
        () = grace_is_over(&logged_in) => {
            tracing::info!(host = host.name, "client did not log in within {LOGIN_GRACE:?}");
            cut(&cutter, session).await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(host = host.name, %error, "connection ended");
    }
}

/// Drops the connection and waits for its session to notice.
async fn cut<T>(cutter: &Cutter, session: impl Future<Output = T>) -> T {
    cutter.cut();
    session.await
}

/// Ends when the client has had its time to log in and has not; never, once it has.
async fn grace_is_over(logged_in: &Notify) {
    if timeout(LOGIN_GRACE, logged_in.notified()).await.is_ok() {
        pending::<()>().await;
    }
}

/// Takes what the client says and never answers, until the client gives up.
async fn listen_only(host: &HostState, mut stream: TcpStream) {
    let mut ignored = [0; 1024];
    tokio::select! {
        () = async { while stream.read(&mut ignored).await.is_ok_and(|count| count > 0) {} } => {}
        () = host.fleet.stop.cancelled() => {}
    }
}
