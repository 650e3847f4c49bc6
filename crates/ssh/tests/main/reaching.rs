//! A host that cannot be reached costs its deadline and not more, and a jump host is reached once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use runsheet_model::{Endpoint, Hop, Phase, Unreachable};
use runsheet_ssh::{Deadlines, Keepalive, SshConnector, SshSettings};
use runsheet_task::{Connector, RemoteError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::rig::{FireAtOutput, connector, endpoint, hop, request, run, stdout};
use crate::sshd::Sshd;
use crate::sshd_config::SshdConfig;

fn impatient() -> SshConnector {
    SshConnector::new(SshSettings {
        deadlines: Deadlines {
            banner: Duration::from_millis(400),
            kex: Duration::from_millis(600),
            auth: Duration::from_millis(800),
            ..Deadlines::default()
        },
        ..SshSettings::default()
    })
}

/// A hop to a host that the test plays itself.
fn to(sshd: &Sshd, listener: &TcpListener) -> Hop {
    Hop { port: listener.local_addr().expect("bound").port(), ..hop(sshd, "127.0.0.1") }
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port")
}

async fn refusal(connector: &SshConnector, hop: Hop) -> (Unreachable, Duration) {
    let started = Instant::now();
    match connector.connect(&endpoint(hop)).await {
        Ok(_) => panic!("it was let in"),
        Err(unreachable) => (unreachable, started.elapsed()),
    }
}

#[tokio::test]
async fn a_silent_host_costs_its_deadline() {
    let sshd = Sshd::start("");
    let silent = listener().await;

    let (refused, took) = refusal(&impatient(), to(&sshd, &silent)).await;

    assert_eq!((refused.phase, refused.transient), (Phase::Handshake, true));
    assert!(refused.reason.contains("400ms"), "{}", refused.reason);
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn a_host_that_trickles_gains_nothing() {
    let sshd = Sshd::start("");
    let slow = listener().await;
    let target = to(&sshd, &slow);
    tokio::spawn(async move {
        let (mut stream, _) = slow.accept().await.expect("somebody comes");
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });

    let (refused, took) = refusal(&impatient(), target).await;

    assert_eq!(refused.phase, Phase::Handshake, "{refused:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn a_host_that_stops_after_its_first_line_costs_the_key_exchange() {
    let sshd = Sshd::start("");
    let half = listener().await;
    let target = to(&sshd, &half);
    tokio::spawn(async move {
        let (mut stream, _) = half.accept().await.expect("somebody comes");
        stream.write_all(b"SSH-2.0-half\r\n").await.expect("it listens");
        // The end tells that the connection was given up.
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    });

    let (refused, took) = refusal(&impatient(), target).await;

    assert_eq!((refused.phase, refused.transient), (Phase::Handshake, true));
    assert!(refused.reason.contains("600ms"), "{}", refused.reason);
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn a_handshake_that_is_given_up_ends_its_connection() {
    let sshd = Sshd::start("");
    let half = listener().await;
    let target = to(&sshd, &half);
    let host = tokio::spawn(async move {
        let (mut stream, _) = half.accept().await.expect("somebody comes");
        stream.write_all(b"SSH-2.0-half\r\n").await.expect("it listens");
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await
    });

    let _ = refusal(&impatient(), target).await;

    let ended = tokio::time::timeout(Duration::from_secs(10), host).await;
    assert!(ended.expect("the connection ends").expect("no panic").is_ok());
}

#[tokio::test]
async fn what_is_no_ssh_server_is_told_from_one_that_is_busy() {
    let sshd = Sshd::start("");
    for (greeting, transient) in [(&b""[..], true), (&[b'x'; 300][..], false)] {
        let other = listener().await;
        let target = to(&sshd, &other);
        tokio::spawn(async move {
            let (mut stream, _) = other.accept().await.expect("somebody comes");
            // Not before it was greeted, so that the end is an end and no reset.
            let mut hello = [0; 64];
            let _ = stream.read(&mut hello).await;
            let _ = stream.write_all(greeting).await;
            let _ = stream.shutdown().await;
            let _ = stream.read(&mut hello).await;
        });
        let (refused, _) = refusal(&connector(), target).await;
        assert_eq!((refused.phase, refused.transient), (Phase::Handshake, transient), "{}", refused.reason);
    }
}

#[tokio::test]
async fn a_closed_port_and_an_unknown_name_are_told_apart_at_once() {
    let sshd = Sshd::start("");
    let closed = listener().await;
    let target = to(&sshd, &closed);
    drop(closed);
    let (refused, _) = refusal(&connector(), target).await;
    assert_eq!((refused.phase, refused.transient), (Phase::Tcp, true));
    assert!(refused.reason.contains("refused"), "{}", refused.reason);

    let nameless = Hop { address: "no-such-host.invalid".to_owned(), ..hop(&sshd, "127.0.0.1") };
    let (refused, _) = refusal(&connector(), nameless).await;
    assert_eq!(refused.phase, Phase::Name, "{}", refused.reason);
}

#[tokio::test]
async fn all_of_connecting_is_within_the_time_of_the_endpoint() {
    let sshd = Sshd::start("");
    let silent = listener().await;
    let mut target = endpoint(to(&sshd, &silent));
    target.connect_timeout = Duration::from_millis(300);

    let refused = connector().connect(&target).await.err().expect("refused");

    assert!(refused.hint.expect("a hint").contains("connect_timeout"));
}

fn through(jumps: Vec<Hop>, target: Hop) -> Endpoint {
    Endpoint { jumps, ..endpoint(target) }
}

#[tokio::test]
async fn all_hosts_behind_a_jump_host_share_one_connection_to_it() {
    let bastion = Sshd::start("");
    let inner = Sshd::start_with(&SshdConfig { address: "0.0.0.0", extra: "MaxStartups 100", ..SshdConfig::default() });
    let connector = Arc::new(connector());

    let all = (1..=20).map(|n| {
        let connector = Arc::clone(&connector);
        let endpoint = through(vec![hop(&bastion, "127.0.0.1")], hop(&inner, &format!("127.0.2.{n}")));
        tokio::spawn(async move {
            let connected = connector.connect(&endpoint).await.expect("connected");
            stdout(&*connected.remote, "echo $SSH_CONNECTION").await
        })
    });
    let all = futures::future::join_all(all.collect::<Vec<_>>()).await;

    for (n, seen) in (1..=20).zip(all) {
        let seen = seen.expect("no panic");
        assert!(seen.contains(&format!("127.0.2.{n} ")), "{seen}");
    }
    assert_eq!(bastion.log().matches("Accepted publickey").count(), 1, "{}", bastion.log());
}

#[tokio::test]
async fn a_way_of_two_jump_hosts_is_gone_and_every_key_on_it_is_checked() {
    let (first, second, last) = (Sshd::start(""), Sshd::start(""), Sshd::start(""));
    let jumps = vec![hop(&first, "127.0.0.1"), hop(&second, "127.0.0.1")];

    let connected = connector().connect(&through(jumps.clone(), hop(&last, "127.0.0.1"))).await.expect("connected");
    assert_eq!(stdout(&*connected.remote, "echo there").await, "there\n");

    let mut unknown = jumps;
    unknown[1].host_keys = Arc::clone(&hop(&first, "127.0.0.1").host_keys);
    let refused = connector().connect(&through(unknown, hop(&last, "127.0.0.1"))).await;
    let refused = refused.err().expect("refused");
    assert_eq!(refused.phase, Phase::HostKey);
    assert!(refused.reason.contains("jump host `127.0.0.1`"), "{}", refused.reason);
}

#[tokio::test]
async fn a_jump_host_that_lets_nobody_in_is_asked_once() {
    let bastion = Sshd::start("");
    let last = Sshd::start("");
    std::fs::write(bastion.folder().join("authorized_keys"), "").expect("written");
    let connector = connector();
    let endpoint = through(vec![hop(&bastion, "127.0.0.1")], hop(&last, "127.0.0.1"));

    for _ in 0..5 {
        let refused = connector.connect(&endpoint).await.err().expect("refused");
        assert_eq!((refused.phase, refused.transient), (Phase::Login, false));
    }

    assert_eq!(bastion.log().matches("Connection from").count(), 1, "{}", bastion.log());
}

#[tokio::test]
async fn a_jump_host_that_was_lost_is_reached_again() {
    let bastion = Sshd::start("");
    let last = Sshd::start("");
    let connector = connector();
    let endpoint = through(vec![hop(&bastion, "127.0.0.1")], hop(&last, "127.0.0.1"));
    let first = connector.connect(&endpoint).await.expect("connected");
    let direct = crate::rig::connect(&bastion).await;
    let command = "pgrep -P $(cat $RUNSHEET_TEST_SSHD/sshd.pid) | grep -vx $PPID | xargs kill -9";
    stdout(&*direct.remote, command).await;
    let (end, _) = run(&*first.remote, &request("true")).await;
    assert!(end.is_err(), "{end:?}");

    let again = connector.connect(&endpoint).await.expect("connected again");

    assert_eq!(stdout(&*again.remote, "echo on").await, "on\n");
}

#[tokio::test]
async fn a_port_that_a_jump_host_cannot_reach_is_a_failure_of_the_host_behind_it() {
    let bastion = Sshd::start("");
    let closed = listener().await;
    let target = to(&bastion, &closed);
    drop(closed);

    let refused = connector().connect(&through(vec![hop(&bastion, "127.0.0.1")], target)).await.err().expect("refused");

    assert_eq!((refused.phase, refused.transient), (Phase::Tcp, true), "{}", refused.reason);
}

/// Passes bytes on until it is told to hold everything, without closing anything.
pub(crate) async fn stalling_proxy(to: u16) -> (u16, Arc<tokio::sync::watch::Sender<bool>>) {
    let listener = listener().await;
    let port = listener.local_addr().expect("bound").port();
    let (stall, stalled) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.expect("somebody comes");
        let mut far = TcpStream::connect(("127.0.0.1", to)).await.expect("sshd listens");
        let mut told = stalled.clone();
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
            _ = told.wait_for(|stall| *stall) => {}
        }
        std::future::pending::<()>().await;
    });
    (port, Arc::new(stall))
}

#[tokio::test]
async fn a_host_that_falls_silent_under_a_command_is_found_out() {
    let sshd = Sshd::start("");
    let (port, stall) = stalling_proxy(sshd.port()).await;
    let settings = SshSettings {
        keepalive: Keepalive { interval: Duration::from_millis(300), unanswered: 2 },
        ..SshSettings::default()
    };
    let target = Hop { port, host_key_alias: Some(format!("[127.0.0.1]:{}", sshd.port())), ..hop(&sshd, "127.0.0.1") };
    let connected = SshConnector::new(settings).connect(&endpoint(target)).await.expect("connected");

    // Longer than the keepalive, and silent: that alone is no reason.
    stdout(&*connected.remote, "sleep 2").await;
    let running = request("echo started; sleep 61.9");
    let started = CancellationToken::new();
    let mut output = FireAtOutput(started.clone());
    let (end, ()) = tokio::join!(connected.remote.exec(&running, &mut output), async {
        started.cancelled().await;
        stall.send(true).expect("the proxy runs");
    });

    let reason = runsheet_model::LostReason::PeerSilent;
    assert!(matches!(end, Err(RemoteError::Lost { reason: r }) if r == reason), "{end:?}");
}
