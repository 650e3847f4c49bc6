//! A host that bars whoever it has refused, as sshd does from OpenSSH 9.8 on (`PerSourcePenalties`). It is played: Debian 12 has 9.2. Its
//! words are those of OpenSSH's `sshd.c`, which has the same ones for `MaxStartups`.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use runsheet_hostile::wire::{Message, USERAUTH_FAILURE};
use runsheet_hostile::{HostileHost, Peer, Script};
use runsheet_model::{Endpoint, Phase, Unreachable};
use runsheet_ssh::SshConnector;
use runsheet_task::Connector;

use super::stage::{Stage, impatient, is_safe};

/// A host that refuses the first logins, and says to all who come later nothing but this.
async fn barring(words: &'static [u8], logins: usize) -> Stage {
    let clients = Arc::new(AtomicUsize::new(0));
    let script = move |mut peer: Peer| {
        let is_refused = clients.fetch_add(1, Ordering::AcqRel) < logins;
        async move {
            if !is_refused {
                return peer.send_raw(words).await;
            }
            peer.greet().await?;
            peer.agree().await?;
            peer.begin_login().await?;
            peer.send(&Message::new(USERAUTH_FAILURE).string("publickey").byte(0).done()).await?;
            peer.hold().await;
            Ok(())
        }
    };
    Stage::new(script).await
}

/// A host that turns everybody away.
async fn away(words: &'static [u8]) -> Stage {
    let script: Arc<Script> = Arc::new(move |mut peer: Peer| -> Pin<Box<dyn Future<Output = io::Result<()>> + Send>> {
        Box::pin(async move { peer.send_raw(words).await })
    });
    Stage::with(HostileHost::start_boxed(script).await.expect("a host"))
}

async fn refused(connector: &SshConnector, endpoint: &Endpoint) -> Unreachable {
    let failure = connector.connect(endpoint).await.err().expect("not reached");
    assert!(is_safe(&failure.reason), "{}", failure.reason);
    failure
}

fn hint(failure: &Unreachable) -> &str {
    failure.hint.as_deref().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_bars_whoever_it_refused_is_told_as_that_and_not_tried_again() {
    for (words, said) in [(&b"Not allowed at this time\r\n"[..], "; it says: Not allowed at this time"), (b"", "")] {
        let stage = barring(words, 1).await;
        let connector = impatient();

        let first = refused(&connector, &stage.endpoint()).await;
        assert_eq!((first.phase, first.transient), (Phase::Login, false), "{}", first.reason);
        let second = refused(&connector, &stage.endpoint()).await;

        assert_eq!((second.phase, second.transient), (Phase::Handshake, false), "{}", second.reason);
        assert_eq!(second.reason, format!("the host closed the connection before its first line{said}"));
        assert!(hint(&second).contains("PerSourcePenalties"), "{}", hint(&second));
        assert!(!hint(&second).contains("MaxStartups"), "{}", hint(&second));
        assert_eq!(stage.host.connections(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_host_that_bars_us_after_it_refused_a_login_is_not_asked_again() {
    let stage = barring(b"Not allowed at this time\r\n", 1).await;
    let connector = impatient();
    let jumps = vec![stage.endpoint().target];
    refused(&connector, &stage.endpoint()).await;
    for _ in 0..3 {
        let failure = refused(&connector, &Endpoint { jumps: jumps.clone(), ..stage.endpoint() }).await;
        assert_eq!((failure.phase, failure.transient), (Phase::Handshake, false), "{}", failure.reason);
        assert!(failure.reason.starts_with("jump host `127.0.0.1`: "), "{}", failure.reason);
        assert!(hint(&failure).contains("PerSourcePenalties"), "{}", hint(&failure));
    }
    assert_eq!(stage.host.connections(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_turns_us_away_is_told_with_what_may_be_behind_it() {
    let barring = barring(b"", usize::MAX).await;
    for (words, before, after) in [
        (&b""[..], false, true),
        (b"Exceeded MaxStartups\r\n", false, false),
        (b"Not allowed at this time\r\n", true, true),
    ] {
        let (connector, busy) = (impatient(), away(words).await);
        for (refused_before, barred) in [(false, before), (true, after)] {
            if refused_before {
                refused(&connector, &barring.endpoint()).await;
            }
            let failure = refused(&connector, &busy.endpoint()).await;
            assert_eq!((failure.phase, failure.transient), (Phase::Handshake, true), "{}", failure.reason);
            assert!(failure.reason.contains(String::from_utf8_lossy(words).trim()), "{}", failure.reason);
            assert!(hint(&failure).contains("MaxStartups"), "{}", hint(&failure));
            assert_eq!(hint(&failure).contains("PerSourcePenalties"), barred, "{}", hint(&failure));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_host_says_before_its_first_line_is_one_short_line() {
    let stage = away(b"\x1b[2J\x1b]0;owned\x07 \r\n[web2] ok\n\xff\xfe").await;
    let failure = refused(&impatient(), &stage.endpoint()).await;
    assert!(failure.reason.contains("\\x1b]0;owned"), "{}", failure.reason);
    let stage = away(&[b'x'; 8_000]).await;
    let failure = refused(&impatient(), &stage.endpoint()).await;
    assert!(failure.reason.len() < 1_000, "{}", failure.reason);
}
