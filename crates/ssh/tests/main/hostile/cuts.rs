//! A session is cut or falsified at every byte, and what did not arrive is never made up.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt;
use runsheet_hostile::{Direction, Fault, Proxy};
use runsheet_model::Stream;
use runsheet_ssh::{Deadlines, SshConnector, SshSettings};
use runsheet_task::{Connector, ExecEnd, Exit, Output, RemoteError};
use tokio::sync::{Mutex, Notify};

use super::stage::{Kept, Stage, impatient, limits, request, run_at};
use crate::rig::behind;
use crate::sshd::Sshd;

/// Sessions at once.
const AT_ONCE: usize = 16;

/// How many cuts of a session with sshd are tried every day, evenly.
const EVERY_DAY: u64 = 40;

/// The last bytes, where the exit status is: each of them is tried.
const LAST: u64 = 150;

/// A session that always has the same length, and where in it the exit status ends.
struct Recorded {
    stage: Stage,
    status_ends: Arc<AtomicU64>,
}

impl Recorded {
    async fn new(status: u32) -> Self {
        let status_ends = Arc::new(AtomicU64::new(0));
        let ends = Arc::clone(&status_ends);
        let stage = Stage::new(move |mut peer| {
            let ends = Arc::clone(&ends);
            async move {
                peer.arrive().await?;
                let session = peer.session().await?;
                peer.send(&session.out("out\n")).await?;
                peer.send(&session.extended(1, "err\n")).await?;
                peer.send(&session.exit_status(status)).await?;
                ends.store(peer.sent(), Ordering::SeqCst);
                peer.send(&session.eof()).await?;
                peer.send(&session.close()).await?;
                peer.hold().await;
                Ok(())
            }
        })
        .await;
        Self { stage, status_ends }
    }

    /// How long a session is that nobody disturbs, and where its exit status ends.
    async fn lengths(&self) -> (u64, u64) {
        let proxy = Proxy::start(self.stage.host.address()).await.expect("a proxy");
        let (end, kept) = run_at(&impatient(), &self.stage.endpoint_at(proxy.address())).await;
        assert!(end.is_ok(), "{end:?}");
        assert_eq!((&kept.out[..], &kept.err[..]), (&b"out\n"[..], &b"err\n"[..]));
        let status = self.status_ends.load(Ordering::SeqCst);
        // The end of the channel may still be on its way.
        (proxy.carried(Direction::ToClient).max(status + 72), status)
    }
}

/// Does something with each offset, each time through a proxy that does `fault` to it, and gives what came of it.
async fn each<F>(
    server: SocketAddr,
    offsets: impl IntoIterator<Item = u64>,
    direction: Direction,
    fault: impl Fn(u64) -> Fault,
    through: impl Fn(SocketAddr) -> F,
) -> Vec<(u64, F::Output)>
where
    F: Future,
{
    let mut proxies = Vec::new();
    for _ in 0..AT_ONCE {
        proxies.push(Proxy::start(server).await.expect("a proxy"));
    }
    let free = Mutex::new(proxies);
    futures::stream::iter(offsets)
        .map(|offset| {
            let (free, fault, through) = (&free, &fault, &through);
            async move {
                let proxy = free.lock().await.pop().expect("as many proxies as sessions");
                proxy.set(direction, fault(offset));
                let outcome = through(proxy.address()).await;
                free.lock().await.push(proxy);
                (offset, outcome)
            }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

/// All offsets of a session with sshd if there is time, else some, evenly, and the last ones.
fn offsets(length: u64) -> impl Iterator<Item = u64> {
    let most = if std::env::var_os("RUNSHEET_LONG").is_some() { length + 1 } else { EVERY_DAY };
    let step = length.div_ceil(most).max(1);
    (0..=length).filter(move |offset| offset % step == 0 || offset + LAST > length)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cut_of_a_session_gives_an_end_that_did_not_arrive() {
    for (status, fault) in [(0, Fault::CutAfter as fn(u64) -> Fault), (3, Fault::CutAfter), (0, Fault::ResetAfter)] {
        let recorded = Recorded::new(status).await;
        let (length, status_ends) = recorded.lengths().await;

        let through = |proxy| {
            let endpoint = recorded.stage.endpoint_at(proxy);
            async move { run_at(&impatient(), &endpoint).await.0 }
        };
        let outcomes = each(recorded.stage.host.address(), 0..=length, Direction::ToClient, fault, through).await;
        let mut arrived = 0;
        for (offset, end) in outcomes {
            match end {
                Ok(end) => {
                    assert_eq!(end.exit, Exit::Status(status), "cut after {offset} of {length} bytes");
                    assert!(offset >= status_ends, "ok after {offset} bytes; the status ends at {status_ends}");
                    arrived += 1;
                }
                // A reset takes away what was on its way.
                Err(_) => assert!(
                    offset < status_ends || matches!(fault(0), Fault::ResetAfter(_)),
                    "the status ends at {status_ends}, and {offset} bytes gave {end:?}"
                ),
            }
        }
        assert!(arrived > 0, "the whole session was never carried");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cut_before_a_command_was_asked_for_says_that_it_may_have_started() {
    let recorded = Recorded::new(0).await;
    let (length, _) = recorded.lengths().await;
    let proxy = Proxy::start(recorded.stage.host.address()).await.expect("a proxy");
    let connected = impatient().connect(&recorded.stage.endpoint_at(proxy.address())).await.expect("connected");
    let logged_in = proxy.carried(Direction::ToClient);
    drop(connected);
    let through = |proxy| {
        let endpoint = recorded.stage.endpoint_at(proxy);
        async move { run_at(&impatient(), &endpoint).await.0 }
    };
    let host = recorded.stage.host.address();
    for (offset, end) in each(host, (0..=length).step_by(7), Direction::ToClient, Fault::CutAfter, through).await {
        if offset < logged_in {
            assert!(matches!(end, Err(RemoteError::NotStarted(_))), "{offset} of {logged_in}: {end:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_falsified_byte_gives_another_result() {
    for direction in [Direction::ToClient, Direction::ToServer] {
        let recorded = Recorded::new(0).await;
        let (length, _) = recorded.lengths().await;
        let through = |proxy| {
            let endpoint = recorded.stage.endpoint_at(proxy);
            async move { run_at(&impatient(), &endpoint).await }
        };
        let flip = |at| Fault::Flip { at, bits: 1 << (at % 8) };
        let host = recorded.stage.host.address();
        let mut refused = 0;
        for (offset, (end, kept)) in each(host, 0..length, direction, flip, through).await {
            assert!(b"out\n".starts_with(&kept.out), "{offset}: {:?}", kept.out);
            assert!(b"err\n".starts_with(&kept.err), "{offset}: {:?}", kept.err);
            match end {
                Ok(ExecEnd { exit, .. }) => assert_eq!(exit, Exit::Status(0), "byte {offset} was falsified"),
                Err(_) => refused += 1,
            }
        }
        assert!(refused > 300, "only {refused} falsified sessions were noticed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_network_changes_nothing_and_one_that_stands_still_is_found_out() {
    let recorded = Recorded::new(3).await;
    let (length, status_ends) = recorded.lengths().await;
    let proxy = Proxy::start(recorded.stage.host.address()).await.expect("a proxy");
    for direction in [Direction::ToClient, Direction::ToServer] {
        for (fault, arrives) in [
            (Fault::Delay(Duration::from_millis(20)), true),
            (Fault::Throttle(8_000), true),
            (Fault::StallAfter(length / 2), false),
            (Fault::HalfCloseAfter(length / 2), false),
        ] {
            proxy.set(direction, fault);
            let started = std::time::Instant::now();
            let (end, _) = run_at(&impatient(), &recorded.stage.endpoint_at(proxy.address())).await;
            assert_eq!(end.is_ok(), arrives, "{direction:?}, {fault:?}: {end:?}");
            if let Ok(end) = end {
                assert_eq!(end.exit, Exit::Status(3));
            }
            assert!(started.elapsed() < Duration::from_secs(8), "{fault:?}: it took {:?}", started.elapsed());
        }
    }
    // What has arrived counts, even if nothing ever follows.
    proxy.set(Direction::ToClient, Fault::StallAfter(status_ends));
    let (end, _) = run_at(&impatient(), &recorded.stage.endpoint_at(proxy.address())).await;
    assert_eq!(end.expect("its end was seen").exit, Exit::Status(3));
}

fn patient() -> SshConnector {
    let deadlines = Deadlines {
        term_grace: Duration::from_millis(100),
        kill_grace: Duration::from_millis(100),
        ..Deadlines::default()
    };
    SshConnector::new(SshSettings { deadlines, ..SshSettings::default() })
}

/// Tells that output has come.
struct Heard(Arc<Notify>);

impl Output for Heard {
    fn chunk(&mut self, _: Stream, _: &[u8]) {
        self.0.notify_one();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cut_of_a_session_with_sshd_gives_an_end_that_did_not_arrive() {
    let sshd = Sshd::start("MaxStartups 100");
    let server = SocketAddr::from(([127, 0, 0, 1], sshd.port()));

    // So much is sent before the end of a command that says something.
    let proxy = Proxy::start(server).await.expect("a proxy");
    let connected = patient().connect(&behind(&sshd, proxy.address())).await.expect("connected");
    let heard = Arc::new(Notify::new());
    let mut output = Heard(Arc::clone(&heard));
    let running = request("echo out; exec sleep 60");
    let before_its_end = tokio::select! {
        end = connected.remote.exec(&running, &mut output) => panic!("{end:?}"),
        () = heard.notified() => proxy.carried(Direction::ToClient),
    };
    drop(connected);

    for (command, status) in [("echo out", 0), ("echo out; exit 3", 3)] {
        let through = |proxy| {
            let endpoint = behind(&sshd, proxy);
            async move {
                let connected = patient().connect(&endpoint).await.map_err(RemoteError::NotStarted)?;
                let mut request = request(command);
                request.limits = limits(Duration::from_secs(30));
                connected.remote.exec(&request, &mut Kept::default()).await
            }
        };
        // A status, the end of output and of the channel follow.
        let length = before_its_end + 200;
        let outcomes = each(server, offsets(length), Direction::ToClient, Fault::CutAfter, through).await;
        let mut arrived = 0;
        for (offset, end) in outcomes {
            if let Ok(end) = end {
                assert_eq!(end.exit, Exit::Status(status), "cut after {offset} bytes");
                assert!(offset > before_its_end, "ok after {offset} bytes, before {before_its_end} were sent");
                arrived += 1;
            }
        }
        assert!(arrived > 0, "the whole session was never carried");
    }
}
