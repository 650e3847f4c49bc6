//! Hosts that lie about the end of a command.

use std::fs;
use std::time::Duration;

use runsheet_hostile::wire::{CHANNEL_OPEN, CHANNEL_OPEN_CONFIRMATION, DISCONNECT, GLOBAL_REQUEST, Message};
use runsheet_hostile::{HostileHost, Session};
use runsheet_model::{HostKeyMode, HostKeys, LostReason, Secret};
use runsheet_task::{ExecEnd, ExecRequest, Exit, RemoteError};

use super::stage::{Kept, Stage, impatient, request, run};

/// Runs a command on a host that answers it with some messages.
async fn answered(
    answer: impl Fn(Session) -> Vec<Vec<u8>> + Send + Sync + 'static,
) -> (Result<ExecEnd, RemoteError>, Kept) {
    let answer = std::sync::Arc::new(answer);
    let stage = Stage::new(move |mut peer| {
        let answer = std::sync::Arc::clone(&answer);
        async move {
            peer.arrive().await?;
            let session = peer.open_session().await?;
            let session = peer.requested(session).await?;
            peer.send_all(&answer(session)).await?;
            peer.hold().await;
            Ok(())
        }
    })
    .await;
    stage.run().await
}

fn status(end: Result<ExecEnd, RemoteError>) -> Exit {
    end.expect("its end was seen").exit
}

#[tokio::test]
async fn the_first_end_of_a_command_is_the_one_that_counts() {
    for (first, second) in [(0, 3), (3, 0)] {
        let (end, _) = answered(move |s| {
            vec![
                s.success(),
                s.exit_status(first),
                s.exit_status(second),
                s.exit_signal("KILL", ""),
                s.eof(),
                s.close(),
            ]
        })
        .await;
        assert_eq!(status(end), Exit::Status(first));
    }
}

#[tokio::test]
async fn output_after_the_status_is_not_lost_and_a_status_after_the_close_is_none() {
    let (end, kept) =
        answered(|s| vec![s.success(), s.exit_status(0), s.out("late\n"), s.extended(1, "too\n"), s.eof(), s.close()])
            .await;
    assert_eq!(status(end), Exit::Status(0));
    assert_eq!((&kept.out[..], &kept.err[..]), (&b"late\n"[..], &b"too\n"[..]));

    let (end, _) = answered(|s| vec![s.success(), s.out("x"), s.eof(), s.close(), s.exit_status(0)]).await;
    let reason = LostReason::ClosedWithoutStatus;
    assert!(matches!(end, Err(RemoteError::Lost { reason: r }) if r == reason), "{end:?}");
}

#[tokio::test]
async fn a_status_is_believed_with_or_without_a_word_that_the_command_was_started() {
    let (end, _) = answered(|s| vec![s.exit_status(7), s.eof(), s.close()]).await;
    assert_eq!(status(end), Exit::Status(7));
    let (end, _) = answered(|s| {
        let refused = Message::new(runsheet_hostile::wire::CHANNEL_FAILURE).number(s.theirs).done();
        vec![s.success(), refused, s.exit_status(7), s.eof(), s.close()]
    })
    .await;
    assert_eq!(status(end), Exit::Status(7));
}

#[tokio::test]
async fn signals_with_hostile_names_are_short_and_drive_no_terminal() {
    for name in ["\x1b]0;owned\x07\x1b[2J", "", "\u{202e}", &"A".repeat(100_000), "KILL\nweb2: ok"] {
        let name = name.to_owned();
        let (end, _) =
            answered(move |s| vec![s.success(), s.exit_signal(&name, &"\x1b[2J".repeat(20_000)), s.eof(), s.close()])
                .await;
        let Exit::Signal(name) = status(end) else { panic!("no signal") };
        assert!(name.chars().count() <= 200, "{} characters", name.chars().count());
        assert!(name.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{name:?}");
    }
    // It is no text: whatever comes of it, it is no good end.
    let (end, _) = answered(|s| {
        vec![s.success(), s.request("exit-signal").string([0xff, 0xfe]).byte(0).string("").string("").done()]
    })
    .await;
    assert!(end.is_err(), "{end:?}");
}

#[tokio::test]
async fn half_a_status_is_none() {
    for rest in [vec![], vec![0], vec![0, 0, 0], vec![0; 5], vec![0; 400]] {
        let (end, _) =
            answered(move |s| vec![s.success(), s.request("exit-status").raw(&rest).done(), s.close()]).await;
        assert!(matches!(end, Err(RemoteError::Lost { .. })), "{end:?}");
    }
}

#[tokio::test]
async fn what_is_said_of_other_channels_changes_nothing() {
    let (end, kept) = answered(|s| {
        let other = Session { theirs: s.theirs.wrapping_add(1), ..s.clone() };
        let far = Session { theirs: u32::MAX, ..s.clone() };
        vec![
            other.success(),
            other.out("not ours"),
            other.exit_status(0),
            other.close(),
            far.out("not ours"),
            far.exit_status(0),
            far.close(),
            s.success(),
            s.out("ours"),
            s.exit_status(5),
            s.eof(),
            s.eof(),
            s.close(),
            s.close(),
            s.out("after"),
        ]
    })
    .await;
    assert_eq!(status(end), Exit::Status(5));
    assert_eq!(kept.out, b"ours");
}

#[tokio::test]
async fn a_channel_that_is_confirmed_but_was_not_asked_for_is_no_good_end() {
    let (end, _) = answered(|s| {
        let confirmed =
            Message::new(CHANNEL_OPEN_CONFIRMATION).number(s.theirs + 7).number(1).number(0).number(0).done();
        vec![confirmed, s.exit_status(0)]
    })
    .await;
    assert!(matches!(end, Err(RemoteError::Lost { .. })), "{end:?}");
}

#[tokio::test]
async fn a_goodbye_in_the_middle_of_a_command_is_no_end_of_it() {
    let (end, _) = answered(|s| {
        let goodbye = Message::new(DISCONNECT).number(11).string("\x1b[2Jexit 0").string("").done();
        vec![s.success(), s.out("done\n"), goodbye]
    })
    .await;
    let reason = LostReason::ConnectionClosed;
    assert!(matches!(end, Err(RemoteError::Lost { reason: r }) if r == reason), "{end:?}");
}

/// A window of nothing, packets of one byte, room for more than there can be.
#[tokio::test]
async fn a_host_that_takes_no_input_holds_up_nothing() {
    for (window, packet) in [(0, 32 * 1024), (1 << 20, 1), (u32::MAX, u32::MAX)] {
        let stage = Stage::new(move |mut peer| async move {
            peer.arrive().await?;
            let session = peer.open_session_with(window, packet).await?;
            let session = peer.started(session).await?;
            peer.send_all(&[session.room(u32::MAX), session.room(u32::MAX)][..if window == u32::MAX { 2 } else { 0 }])
                .await?;
            peer.send_all(&[session.exit_status(0), session.eof(), session.close()]).await?;
            peer.hold().await;
            Ok(())
        })
        .await;
        let connected = stage.connect().await.expect("connected");
        let fed = ExecRequest { stdin: Some(Secret::new(vec![b'x'; 64 * 1024])), ..request("cat") };
        let mut kept = Kept::default();
        let end =
            tokio::time::timeout(super::stage::ALL, connected.remote.exec(&fed, &mut kept)).await.expect("it ends");
        assert_eq!(status(end), Exit::Status(0), "a window of {window} in packets of {packet}");
    }
}

#[tokio::test]
async fn a_host_that_takes_packets_of_nothing_is_asked_for_nothing() {
    let stage = Stage::new(|mut peer| async move {
        peer.arrive().await?;
        let session = peer.open_session_with(1 << 20, 0).await?;
        let session = peer.started(session).await?;
        peer.send(&session.exit_status(0)).await
    })
    .await;
    let (end, _) = stage.run().await;
    assert!(matches!(end, Err(RemoteError::Disconnected)), "{end:?}");
}

#[tokio::test]
async fn a_host_that_never_opens_a_channel_costs_the_deadline() {
    let stage = Stage::new(|mut peer| async move {
        peer.arrive().await?;
        peer.hold().await;
        Ok(())
    })
    .await;
    let (end, _) = stage.run().await;
    assert!(matches!(end, Err(RemoteError::NotStarted(_))), "{end:?}");
}

/// OpenSSH's way to announce further host keys (its `PROTOCOL`, §2.5): an announcement proves nothing.
#[tokio::test]
async fn keys_that_a_host_announces_are_not_put_on_record() {
    let other = HostileHost::start(|_| async { Ok(()) }).await.expect("another host");
    let blob = {
        use base64::Engine as _;
        let line = other.known_hosts_line();
        base64::engine::general_purpose::STANDARD
            .decode(line.split_whitespace().nth(2).expect("a key"))
            .expect("base64")
    };
    for mode in [HostKeyMode::Strict, HostKeyMode::AcceptNew] {
        let blob = blob.clone();
        let stage = Stage::new(move |mut peer| {
            let announcement = Message::new(GLOBAL_REQUEST)
                .string("hostkeys-00@openssh.com")
                .byte(0)
                .string(&blob)
                .string("no key")
                .done();
            async move {
                peer.arrive().await?;
                peer.send(&announcement).await?;
                let session = peer.session().await?;
                peer.send_all(&[announcement, session.exit_status(0), session.eof(), session.close()]).await?;
                peer.hold().await;
                Ok(())
            }
        })
        .await;
        let before = fs::read(stage.known_hosts()).expect("known_hosts");
        let mut endpoint = stage.endpoint();
        let files = vec![stage.known_hosts()];
        endpoint.target.host_keys = HostKeys { mode, user_files: files, global_files: Vec::new() }.into();
        let (end, _) = super::stage::run_at(&impatient(), &endpoint).await;
        assert_eq!(status(end), Exit::Status(0));
        assert_eq!(fs::read(stage.known_hosts()).expect("known_hosts"), before);
    }
}

#[tokio::test]
async fn a_channel_that_was_opened_ahead_of_need_and_closed_by_the_host_is_not_used() {
    let stage = Stage::new(|mut peer| async move {
        peer.arrive().await?;
        // A host that answers so late is a far one, for which the next channel is opened ahead of need.
        let open = peer.expect(CHANNEL_OPEN).await?;
        tokio::time::sleep(Duration::from_millis(50)).await;
        let first = peer.opened(&open).await?;
        let ahead = peer.open_session().await?;
        peer.send(&ahead.close()).await?;
        peer.send_all(&[first.success(), first.exit_status(0), first.eof(), first.close()]).await?;
        // The second command comes on a channel of its own.
        let second = peer.open_session().await?;
        let second = peer.requested(second).await?;
        peer.send_all(&[second.success(), second.exit_status(9), second.eof(), second.close()]).await?;
        peer.hold().await;
        Ok(())
    })
    .await;
    let connected = stage.connect().await.expect("connected");
    for code in [0, 9] {
        assert_eq!(status(run(&*connected.remote).await.0), Exit::Status(code));
        // What the host has sent is here.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
