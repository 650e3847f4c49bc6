//! What hosts say before anybody can log in.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use runsheet_hostile::wire::{
    DEBUG, DISCONNECT, EXT_INFO, IGNORE, KEX_ECDH_REPLY, KEXINIT, Message, NEWKEYS, UNIMPLEMENTED,
};
use runsheet_hostile::{HostileHost, Peer, Script};
use runsheet_model::Phase;

use super::stage::{Memory, Stage, is_safe};

fn script<F>(script: impl Fn(Peer) -> F + Send + Sync + 'static) -> Arc<Script>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    Arc::new(move |peer| -> Pin<Box<dyn Future<Output = io::Result<()>> + Send>> { Box::pin(script(peer)) })
}

/// Sends bytes instead of a first line, and waits.
fn greeting(bytes: Vec<u8>) -> Arc<Script> {
    script(move |mut peer| {
        let bytes = bytes.clone();
        async move {
            peer.send_raw(&bytes).await?;
            peer.hold().await;
            Ok(())
        }
    })
}

/// Greets, then sends bytes instead of packets, and waits.
fn after_greeting(bytes: Vec<u8>) -> Arc<Script> {
    script(move |mut peer| {
        let bytes = bytes.clone();
        async move {
            peer.greet().await?;
            peer.send_raw(&bytes).await?;
            peer.hold().await;
            Ok(())
        }
    })
}

/// Greets, then sends one message instead of what should come.
fn message(payload: Vec<u8>) -> Arc<Script> {
    script(move |mut peer| {
        let payload = payload.clone();
        async move {
            peer.greet().await?;
            peer.send(&payload).await?;
            peer.hold().await;
            Ok(())
        }
    })
}

/// A list of names in which there are too many.
fn endless_names() -> Vec<u8> {
    let names = "curve25519-sha256,".repeat(10_000);
    (0..10).fold(Message::new(KEXINIT).raw([0; 16]), |message, _| message.string(&names)).byte(0).number(0).done()
}

fn all() -> Vec<(&'static str, Arc<Script>)> {
    let line = b"to whom it may concern\r\n".repeat(20_000);
    let packet = |length: u32| [&length.to_be_bytes()[..], &[0; 64]].concat();
    vec![
        ("20,000 lines before the first one", greeting(line)),
        ("a first line of a MiB", greeting([&b"SSH-2.0-"[..], &vec![b'x'; 1024 * 1024]].concat())),
        ("a first line of zeros", greeting(vec![0; 1024 * 1024])),
        ("SSH 1", greeting(b"SSH-1.5-old\r\n".to_vec())),
        ("an escape in the first line", greeting(b"\x1b]0;owned\x07\x1b[2J\r\n".repeat(30))),
        ("a packet of 4 GiB", after_greeting(packet(u32::MAX))),
        ("a packet of 2 GiB", after_greeting(packet(i32::MAX.unsigned_abs()))),
        ("a packet of a MiB", after_greeting(packet(1024 * 1024))),
        ("a packet of no length", after_greeting(packet(0))),
        ("a packet of one byte", after_greeting(packet(1))),
        ("more padding than packet", after_greeting([&12_u32.to_be_bytes()[..], &[255; 64]].concat())),
        ("an empty message", message(Vec::new())),
        ("keys before they were agreed on", message(vec![NEWKEYS])),
        (
            "an answer before the question",
            message(Message::new(KEX_ECDH_REPLY).string("").string("").string("").done()),
        ),
        ("a list that says it has 4 GiB", message(Message::new(KEXINIT).raw([0; 16]).number(u32::MAX).done())),
        ("a list that ends too early", message(Message::new(KEXINIT).raw([0; 16]).string("curve25519-sha256").done())),
        ("lists of 2 MiB", message(endless_names())),
        ("messages that have no number", message(vec![0])),
        (
            "a goodbye with escapes",
            message(
                Message::new(DISCONNECT)
                    .number(2)
                    .string("\x1b[2J\x1b]52;c;aGk=\x07\u{202e}gone\r\nweb2: ok")
                    .string("")
                    .done(),
            ),
        ),
        (
            "a goodbye of 200 KiB",
            message(Message::new(DISCONNECT).number(2).string("x".repeat(200 * 1024)).string("").done()),
        ),
        (
            "an unknown goodbye",
            message(Message::new(DISCONNECT).number(u32::MAX).string([0xff, 0xfe]).string("").done()),
        ),
        (
            "a line now and then",
            script(|mut peer| async move {
                loop {
                    peer.send_raw(b"wait\r\n").await?;
                    tokio::time::sleep(Duration::from_millis(150)).await;
                }
            }),
        ),
        (
            "a byte of a packet now and then",
            script(|mut peer| async move {
                peer.greet().await?;
                loop {
                    peer.send_raw(&[0]).await?;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }),
        ),
        ("a shutdown at once", script(|_| async { Ok(()) })),
        (
            "no keys after they were agreed on",
            script(|mut peer| async move {
                peer.greet().await?;
                peer.agree_with(&[], &[vec![DEBUG]]).await
            }),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_host_says_first_is_a_clear_failure_within_the_deadline() {
    for (what, script) in all() {
        let stage = Stage::with(HostileHost::start_boxed(script).await.expect("a hostile host"));
        let memory = Memory::now();
        let started = Instant::now();
        let refused = stage.connect().await.err().unwrap_or_else(|| panic!("{what}: it was let in"));
        assert_eq!(refused.phase, Phase::Handshake, "{what}: {}", refused.reason);
        assert!(is_safe(&refused.reason), "{what}: {:?}", refused.reason);
        assert!(started.elapsed() < Duration::from_secs(5), "{what}: it took {:?}", started.elapsed());
        memory.has_grown_by_less_than(8, what);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_ends_before_the_keys_are_agreed_on_ends_at_the_deadline() {
    let ignored = Message::new(IGNORE).string(vec![0; 32 * 1024]).done();
    let debug = Message::new(DEBUG).byte(1).string("\x1b[2J".repeat(1000)).string("").done();
    let unimplemented = Message::new(UNIMPLEMENTED).number(0).done();
    let extensions = Message::new(EXT_INFO).number(0).done();
    for (what, payload) in
        [("IGNORE", ignored), ("DEBUG", debug), ("UNIMPLEMENTED", unimplemented), ("EXT_INFO", extensions)]
    {
        let stage = Stage::new(move |mut peer| {
            let payload = payload.clone();
            async move {
                peer.greet().await?;
                peer.send_for_ever(&payload).await
            }
        })
        .await;
        let memory = Memory::now();
        let started = Instant::now();
        let refused = stage.connect().await.err().unwrap_or_else(|| panic!("{what}: it was let in"));
        assert_eq!(refused.phase, Phase::Handshake, "{what}: {}", refused.reason);
        assert!(started.elapsed() < Duration::from_secs(5), "{what}: it took {:?}", started.elapsed());
        memory.has_grown_by_less_than(8, what);
    }
}

/// CVE-2023-48795: what is slipped in before there are keys shifts the count of what comes after.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_slipped_in_before_there_are_keys_ends_the_handshake() {
    let ignored = Message::new(IGNORE).string("").done();
    let extensions = Message::new(EXT_INFO).number(1).string("server-sig-algs").string("ssh-ed25519").done();
    for slipped in [ignored, extensions, Message::new(UNIMPLEMENTED).number(0).done()] {
        for before_keys in [false, true] {
            let stage = Stage::new({
                let slipped = slipped.clone();
                move |mut peer| {
                    let slipped = vec![slipped.clone()];
                    async move {
                        peer.greet().await?;
                        let (first, second) = if before_keys { (vec![], slipped) } else { (slipped, vec![]) };
                        peer.agree_with(&first, &second).await?;
                        peer.let_in().await?;
                        peer.hold().await;
                        Ok(())
                    }
                }
            })
            .await;
            let refused = stage.connect().await.err().expect("the strict order of messages was kept");
            assert_eq!(refused.phase, Phase::Handshake, "{slipped:?}, {before_keys}: {}", refused.reason);
        }
    }
    let honest = Stage::new(|mut peer| async move {
        peer.arrive().await?;
        peer.hold().await;
        Ok(())
    });
    assert!(honest.await.connect().await.is_ok(), "without it the same host lets us in");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_hosts_disturb_no_other() {
    let good = Stage::new(|mut peer| async move {
        peer.arrive().await?;
        let session = peer.session().await?;
        peer.send_all(&[session.out("fine\n"), session.exit_status(0), session.eof(), session.close()]).await?;
        peer.hold().await;
        Ok(())
    })
    .await;
    let connector = Arc::new(super::stage::impatient());
    let mut bad = Vec::new();
    for (_, script) in all() {
        let stage = Stage::with(HostileHost::start_boxed(script).await.expect("a hostile host"));
        let connector = Arc::clone(&connector);
        bad.push(tokio::spawn(async move { super::stage::run_at(&connector, &stage.endpoint()).await }));
    }
    for _ in 0..20 {
        let started = Instant::now();
        let (end, kept) = super::stage::run_at(&connector, &good.endpoint()).await;
        assert!(end.is_ok(), "{end:?}");
        assert_eq!(kept.out, b"fine\n");
        assert!(started.elapsed() < Duration::from_secs(5), "it took {:?}", started.elapsed());
    }
    for bad in bad {
        assert!(bad.await.expect("no panic").0.is_err());
    }
}
