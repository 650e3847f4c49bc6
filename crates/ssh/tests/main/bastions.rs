//! A jump host that has much to do is waited for, and one that does not let us through says so.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use runsheet_model::{Endpoint, Phase, Unreachable};
use runsheet_task::{Connected, Connector};
use tokio::net::TcpStream;

use crate::rig::{PATIENCE, connector, endpoint, hop, stdout};
use crate::sshd::Sshd;
use crate::sshd_config::SshdConfig;

/// How sshd logs that it turned somebody away.
const TURNED_AWAY: &str = "drop connection #";

/// Takes nobody while a single one is logging in.
const BUSY: &str = "MaxStartups 1:100:1\nLoginGraceTime 60";

fn behind(bastion: &Sshd, inner: &Sshd, count: usize) -> Vec<Endpoint> {
    let target = |n| endpoint(hop(inner, &format!("127.0.3.{n}")));
    (1..=count).map(|n| Endpoint { jumps: vec![hop(bastion, "127.0.0.1")], ..target(n) }).collect()
}

fn inner() -> Sshd {
    Sshd::start_with(&SshdConfig { address: "0.0.0.0", extra: "MaxStartups 100", ..SshdConfig::default() })
}

/// Somebody who connects and does not log in, so that nobody else may.
async fn occupy(bastion: &Sshd) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", bastion.port())).await.expect("sshd listens");
    until(bastion, "Connection from", 1).await;
    stream
}

/// Waits until sshd has logged something so often.
async fn until(sshd: &Sshd, text: &str, times: usize) {
    let logged = async {
        while sshd.log().matches(text).count() < times {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, logged).await.unwrap_or_else(|_| panic!("no `{text}`: {}", sshd.log()));
}

fn connect_all(endpoints: Vec<Endpoint>) -> Vec<tokio::task::JoinHandle<Result<Connected, Unreachable>>> {
    let connector = Arc::new(connector());
    let connect = |endpoint: Endpoint| {
        let connector = Arc::clone(&connector);
        tokio::spawn(async move { connector.connect(&endpoint).await })
    };
    endpoints.into_iter().map(connect).collect()
}

#[tokio::test]
async fn a_bastion_with_no_room_is_asked_again_and_all_thirty_hosts_behind_it_are_reached() {
    let (bastion, inner) = (Sshd::start(BUSY), inner());
    let occupied = occupy(&bastion).await;

    let connecting = connect_all(behind(&bastion, &inner, 30));
    until(&bastion, TURNED_AWAY, 2).await;
    drop(occupied);

    for connected in join_all(connecting).await {
        let connected = connected.expect("no panic").unwrap_or_else(|failure| panic!("{failure:?}"));
        assert_eq!(stdout(&*connected.remote, "echo in").await, "in\n");
    }
    assert_eq!(bastion.log().matches(TURNED_AWAY).count(), 2, "{}", bastion.log());
    assert_eq!(bastion.log().matches("Accepted publickey").count(), 1, "{}", bastion.log());
}

#[tokio::test]
async fn a_bastion_that_never_has_room_is_asked_four_times_ever_later_and_the_hint_says_max_startups() {
    let (bastion, inner) = (Sshd::start(BUSY), inner());
    let _occupied = occupy(&bastion).await;
    let started = Instant::now();

    let answers = join_all(connect_all(behind(&bastion, &inner, 30))).await;

    for answer in answers {
        let failure = answer.expect("no panic").err().expect("not reached");
        assert_eq!((failure.phase, failure.transient), (Phase::Handshake, true), "{}", failure.reason);
        assert!(failure.reason.contains("jump host `127.0.0.1`"), "{}", failure.reason);
        assert!(failure.hint.as_ref().is_some_and(|hint| hint.contains("MaxStartups")), "{failure:?}");
    }
    assert!(started.elapsed() >= Duration::from_secs(7), "{:?}", started.elapsed());
    assert_eq!(bastion.log().matches(TURNED_AWAY).count(), 4, "{}", bastion.log());
}

#[tokio::test]
async fn a_bastion_that_forbids_the_way_through_is_told_with_the_word_of_its_settings() {
    let inner = inner();
    for extra in
        ["AllowTcpForwarding no", "DisableForwarding yes", "PermitOpen 192.0.2.1:22", "AllowTcpForwarding remote"]
    {
        let bastion = Sshd::start(extra);

        let refused = connector().connect(&behind(&bastion, &inner, 1)[0]).await.err().expect("refused");

        assert_eq!((refused.phase, refused.transient), (Phase::Tcp, false), "{extra}: {}", refused.reason);
        assert!(refused.reason.contains("forbids connections through it"), "{extra}: {}", refused.reason);
        assert!(refused.hint.expect("a hint").contains("AllowTcpForwarding"), "{extra}");
    }
}
