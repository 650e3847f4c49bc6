//! What hosts say to whoever logs in.

use std::time::{Duration, Instant};

use runsheet_hostile::wire::{
    DEBUG, EXT_INFO, GLOBAL_REQUEST, IGNORE, Message, USERAUTH_BANNER, USERAUTH_FAILURE, USERAUTH_PK_OK,
};
use runsheet_model::Phase;
use runsheet_ssh::{Deadlines, SshConnector, SshSettings};
use runsheet_task::Connector;

use super::stage::{Memory, Stage, impatience, is_safe};
use crate::rig::PATIENCE;

/// Titles of windows, clipboards, cleared screens, overwritten lines, writing that runs backwards.
const ESCAPES: &str = "\x1b]0;owned\x07\x1b[2J\x1b]52;c;aGk=\x07ok\rFAILED\u{9b}2J\u{202e}evil\n[web2] ok\n";

#[tokio::test(flavor = "multi_thread")]
async fn banners_of_forty_mib_with_escapes_are_one_short_line_that_drives_no_terminal() {
    let stage = Stage::new(|mut peer| async move {
        peer.greet().await?;
        peer.agree().await?;
        peer.begin_login().await?;
        for _ in 0..200 {
            let text = ESCAPES.repeat(3_000);
            peer.send(&Message::new(USERAUTH_BANNER).string(text).string("").done()).await?;
        }
        peer.send(&Message::new(USERAUTH_FAILURE).string("publickey").byte(0).done()).await?;
        peer.hold().await;
        Ok(())
    })
    .await;
    let memory = Memory::now();

    // That much takes its time on a busy machine, and is not what is looked at here.
    let deadlines = Deadlines { auth: PATIENCE, ..impatience().deadlines };
    let patient = SshConnector::new(SshSettings { deadlines, ..impatience() });
    let refused = patient.connect(&stage.endpoint()).await.err().expect("refused");

    assert_eq!((refused.phase, refused.transient), (Phase::Login, false), "{}", refused.reason);
    assert!(refused.reason.contains("\\x1b]0;owned"), "{}", refused.reason);
    assert!(is_safe(&refused.reason), "{:?}", refused.reason);
    // The server that sends them is in this process too.
    memory.has_grown_by_less_than(12, "banners");
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_that_drive_a_terminal_are_shown_and_drive_nothing() {
    for methods in [ESCAPES.to_owned(), "x,".repeat(100_000), "publickey,".repeat(20_000), String::new()] {
        let stage = Stage::new(move |mut peer| {
            let methods = methods.clone();
            async move {
                peer.greet().await?;
                peer.agree().await?;
                peer.begin_login().await?;
                peer.send(&Message::new(USERAUTH_FAILURE).string(methods).byte(1).done()).await?;
                peer.hold().await;
                Ok(())
            }
        })
        .await;
        let refused = stage.connect().await.err().expect("refused");
        assert_eq!(refused.phase, Phase::Login, "{}", refused.reason);
        assert!(is_safe(&refused.reason), "{:?}", refused.reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_ends_during_a_login_ends_at_the_deadline() {
    let text = "\x1b[2J".repeat(8_000);
    let floods = [
        ("IGNORE", Message::new(IGNORE).string(&text).done()),
        ("DEBUG", Message::new(DEBUG).byte(1).string(&text).string("").done()),
        ("EXT_INFO", Message::new(EXT_INFO).number(1).string("server-sig-algs").string(&text).done()),
        ("EXT_INFO with 4 G of them", Message::new(EXT_INFO).number(u32::MAX).string("x").string("y").done()),
        ("GLOBAL_REQUEST", Message::new(GLOBAL_REQUEST).string("x").byte(1).done()),
        ("a banner", Message::new(USERAUTH_BANNER).string(&text).string("").done()),
        ("an answer of 2^32 prompts", Message::new(USERAUTH_PK_OK).string("").string("").number(u32::MAX).done()),
        ("silence", Vec::new()),
    ];
    for (what, payload) in floods {
        for after_service in [false, true] {
            let stage = Stage::new({
                let payload = payload.clone();
                move |mut peer| {
                    let payload = payload.clone();
                    async move {
                        peer.greet().await?;
                        peer.agree().await?;
                        if after_service {
                            peer.begin_login().await?;
                        }
                        if payload.is_empty() {
                            peer.hold().await;
                            return Ok(());
                        }
                        peer.send_for_ever(&payload).await
                    }
                }
            })
            .await;
            let memory = Memory::now();
            let started = Instant::now();
            let refused = stage.connect().await.err().unwrap_or_else(|| panic!("{what}: it was let in"));
            assert_eq!(refused.phase, Phase::Login, "{what}: {}", refused.reason);
            assert!(is_safe(&refused.reason), "{what}: {:?}", refused.reason);
            assert!(started.elapsed() < Duration::from_secs(5), "{what}: it took {:?}", started.elapsed());
            memory.has_grown_by_less_than(8, what);
        }
    }
}
