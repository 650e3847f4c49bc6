//! Hosts that are far away: a channel is opened before it is needed.

use std::net::SocketAddr;
use std::time::Duration;

use runsheet_hostile::{Direction, Fault, Proxy};
use runsheet_task::{Connected, Connector, ExecEnd, Exit};

use crate::rig::{behind, connector, endpoint, hop, request, run, stdout};
use crate::sshd::Sshd;

/// How long everything takes that comes from a far host.
const DELAY: Duration = Duration::from_millis(20);

async fn far(sshd: &Sshd) -> (Connected, Proxy) {
    let proxy = Proxy::start(SocketAddr::from(([127, 0, 0, 1], sshd.port()))).await.expect("a proxy");
    proxy.set(Direction::ToClient, Fault::Delay(DELAY));
    let connected = connector().connect(&behind(sshd, proxy.address())).await.expect("connected");
    (connected, proxy)
}

/// How many sessions sshd was asked to open, in its own words.
fn opened(sshd: &Sshd) -> usize {
    sshd.log().matches("server_input_channel_open: ctype session").count()
}

#[tokio::test]
async fn the_next_channel_is_open_before_it_is_needed() {
    let sshd = Sshd::start("LogLevel DEBUG1");
    let (connected, _proxy) = far(&sshd).await;
    for commands in 1..=5 {
        // Long enough for the next channel to be there.
        assert_eq!(stdout(&*connected.remote, "sleep 0.3; echo done").await, "done\n");
        assert_eq!(opened(&sshd), commands + 1);
    }
}

#[tokio::test]
async fn a_host_that_is_near_is_asked_for_no_more_than_is_needed() {
    let sshd = Sshd::start("LogLevel DEBUG1");
    // Where much else goes on, one that is near may seem far: one of ten must not.
    for _ in 0..10 {
        let before = opened(&sshd);
        let connected = connector().connect(&endpoint(hop(&sshd, "127.0.0.1"))).await.expect("connected");
        for _ in 0..3 {
            stdout(&*connected.remote, "true").await;
        }
        if opened(&sshd) - before == 3 {
            return;
        }
    }
    panic!("more channels than commands, each time");
}

#[tokio::test]
async fn a_host_with_room_for_few_sessions_is_left_the_room_that_it_has() {
    for most in [1, 2, 3] {
        let sshd = Sshd::start(&format!("MaxSessions {most}"));
        let (connected, _proxy) = far(&sshd).await;
        for number in 0..4 {
            assert_eq!(stdout(&*connected.remote, &format!("echo {number}")).await, format!("{number}\n"));
        }
        // Commands at once, and files beside them, get what the channel that is kept ready would take.
        let commands: Vec<_> = (0..4).map(|number| request(&format!("sleep 0.2; echo {number}"))).collect();
        let ends = futures::future::join_all(commands.iter().map(|command| run(&*connected.remote, command))).await;
        for (end, _) in ends {
            assert!(matches!(end, Ok(ExecEnd { exit: Exit::Status(0), .. })), "{end:?} with MaxSessions {most}");
        }
    }
}
