//! Hosts that never stop: what they can make us hold is bounded, and a command ends at its limit.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use runsheet_hostile::wire::{
    CHANNEL_OPEN, CHANNEL_OPEN_FAILURE, DEBUG, EXT_INFO, Fields, GLOBAL_REQUEST, IGNORE, KEXINIT, Message,
    UNIMPLEMENTED,
};
use runsheet_hostile::{Peer, Session};
use runsheet_model::Endpoint;
use runsheet_task::{Connector, ExecRequest, RemoteError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

use super::stage::{ALL, Kept, LIMIT, Memory, Stage, impatient, limits, request};

/// Runs a command on a host that sends something for ever once it was asked for. Memory is measured from the moment on at
/// which the connection stands.
async fn flood<F>(what: &str, with: impl Fn(Peer, Session) -> F + Send + Sync + Clone + 'static)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let stage = Stage::new(move |mut peer| {
        let with = with.clone();
        async move {
            peer.arrive().await?;
            let session = peer.session().await?;
            with(peer, session).await
        }
    })
    .await;
    let connected = stage.connect().await.expect("connected");
    let memory = Memory::now();
    let started = Instant::now();
    let (end, _) = super::stage::run(&*connected.remote).await;
    assert!(end.is_err(), "{what}: {end:?}");
    assert!(started.elapsed() < LIMIT + Duration::from_secs(5), "{what}: it took {:?}", started.elapsed());
    memory.has_grown_by_less_than(8, what);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_never_end_hold_no_memory_and_no_command_past_its_limit() {
    let text = "x".repeat(30_000);
    for (what, payload) in [
        ("IGNORE", Message::new(IGNORE).string(&text).done()),
        ("DEBUG", Message::new(DEBUG).byte(1).string(&text).string("").done()),
        ("UNIMPLEMENTED", Message::new(UNIMPLEMENTED).number(7).done()),
        ("EXT_INFO", Message::new(EXT_INFO).number(1).string("x").string(&text).done()),
        ("a message that has no name", Message::new(199).string(&text).done()),
        ("a request that wants no answer", Message::new(GLOBAL_REQUEST).string("y").byte(0).string(&text).done()),
        ("keepalives that nobody takes an answer to", keepalive()),
        ("requests that nobody takes an answer to", Message::new(GLOBAL_REQUEST).string("y").byte(1).done()),
    ] {
        flood(what, move |mut peer, _| {
            let payload = payload.clone();
            async move { peer.send_for_ever(&payload).await }
        })
        .await;
    }
}

fn keepalive() -> Vec<u8> {
    Message::new(GLOBAL_REQUEST).string("keepalive@openssh.com").byte(1).done()
}

#[tokio::test(flavor = "multi_thread")]
async fn output_beyond_its_window_holds_no_memory_and_no_command_past_its_limit() {
    for size in [1, 32 * 1024, 250 * 1024] {
        for stderr in [false, true] {
            flood("output", move |mut peer, session| async move {
                let bytes = vec![b'x'; size];
                let payload = if stderr { session.extended(1, bytes) } else { session.out(bytes) };
                peer.send_for_ever(&payload).await
            })
            .await;
        }
    }
    flood("extended data of an unknown kind", |mut peer, session| async move {
        peer.send_for_ever(&session.extended(77, vec![0; 32 * 1024])).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_that_a_host_goes_on_about_hold_no_memory() {
    flood("output of a channel that is not there", |mut peer, session| async move {
        let other = Session { theirs: 4_711, ..session };
        peer.send_for_ever(&other.out([0; 1024])).await
    })
    .await;
    flood("room", |mut peer, session| async move { peer.send_for_ever(&session.room(u32::MAX)).await }).await;
    flood("ends of output", |mut peer, session| async move { peer.send_for_ever(&session.eof()).await }).await;
    flood("successes", |mut peer, session| async move { peer.send_for_ever(&session.success()).await }).await;
    flood("requests", |mut peer, session| async move {
        peer.send_for_ever(&session.request(&"\x1b[2J".repeat(1_000)).done()).await
    })
    .await;
    flood("keys that are never agreed on", |mut peer, _| async move {
        peer.send(&Message::new(KEXINIT).raw([0; 16]).string("curve25519-sha256").done()).await?;
        peer.hold().await;
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_statuses_that_never_end_end_the_command_once() {
    let stage = Stage::new(|mut peer| async move {
        peer.arrive().await?;
        let session = peer.session().await?;
        peer.send_for_ever(&session.exit_status(3)).await
    })
    .await;
    let memory = Memory::now();
    let (end, _) = stage.run().await;
    assert_eq!(end.expect("its end was seen").exit, runsheet_task::Exit::Status(3));
    memory.has_grown_by_less_than(16, "exit statuses");
}

/// How a host asks for a channel of each kind.
fn kinds() -> Vec<Vec<u8>> {
    let open = |kind: &str| Message::new(CHANNEL_OPEN).string(kind).number(9).number(1 << 20).number(32 * 1024);
    vec![
        open("auth-agent@openssh.com").done(),
        open("x11").string("127.0.0.1").number(6000).done(),
        open("forwarded-tcpip").string("127.0.0.1").number(22).string("127.0.0.1").number(1).done(),
        open("forwarded-streamlocal@openssh.com").string("/run/docker.sock").string("").done(),
        open("direct-tcpip").string("127.0.0.1").number(22).string("127.0.0.1").number(1).done(),
        open("direct-streamlocal@openssh.com").string("/run/docker.sock").string("").number(0).done(),
        open("session").done(),
        open("tun@openssh.com").number(1).number(1).done(),
        open(&"\x1b[2J".repeat(1_000)).done(),
    ]
}

/// An agent that has no key and counts who comes.
fn agent(path: &std::path::Path) -> Arc<AtomicUsize> {
    let listener = UnixListener::bind(path).expect("a socket");
    let callers = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&callers);
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut request = [0; 1024];
                while caller.read(&mut request).await.is_ok_and(|count| count > 0) {
                    // SSH2_AGENT_IDENTITIES_ANSWER, none.
                    if caller.write_all(&[0, 0, 0, 5, 12, 0, 0, 0, 0]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    callers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_channels_of_each_kind_that_a_host_opens_are_refused() {
    let refused = Arc::new(AtomicUsize::new(0));
    let stage = Stage::new({
        let refused = Arc::clone(&refused);
        move |mut peer| {
            let refused = Arc::clone(&refused);
            async move {
                peer.arrive().await?;
                let session = peer.session().await?;
                for kind in kinds() {
                    for _ in 0..1_000 {
                        peer.send(&kind).await?;
                    }
                    for _ in 0..1_000 {
                        let answer = peer.expect(CHANNEL_OPEN_FAILURE).await?;
                        let mut fields = Fields::of(&answer);
                        fields.byte()?;
                        if fields.number()? == 9 {
                            refused.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                }
                peer.send_all(&[session.exit_status(0), session.eof(), session.close()]).await?;
                peer.hold().await;
                Ok(())
            }
        }
    })
    .await;
    let socket = stage.folder().join("agent");
    let callers = agent(&socket);
    let mut endpoint: Endpoint = stage.endpoint();
    endpoint.target.agent = Some(socket);
    let connected = impatient().connect(&endpoint).await.expect("connected");
    let before = callers.load(Ordering::SeqCst);
    let memory = Memory::now();
    let long = ExecRequest { limits: limits(ALL), ..request("work") };
    let mut kept = Kept::default();

    let end = tokio::time::timeout(ALL, connected.remote.exec(&long, &mut kept)).await.expect("it ends");

    assert!(!matches!(end, Err(RemoteError::NotStarted(_))), "{end:?}");
    assert_eq!(refused.load(Ordering::SeqCst), kinds().len() * 1_000, "{end:?}");
    assert!(end.is_ok(), "{end:?}");
    assert_eq!(callers.load(Ordering::SeqCst), before, "a host got through to the agent");
    memory.has_grown_by_less_than(8, "channels");
}
