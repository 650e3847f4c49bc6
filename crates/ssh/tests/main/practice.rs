//! Hosts that misbehave in every way that a practice host can.

use std::sync::Arc;
use std::time::Duration;

use runsheet_model::{Hop, HostKeyMode, LostReason, Phase, Unreachable};
use runsheet_practice::{Fault, Fleet, PracticeHost};
use runsheet_task::{Connected, Connector, Content, Exit, RemoteError, Upload};
use tokio_util::sync::CancellationToken;

use crate::rig::{FireAtOutput, PATIENCE, connector, endpoint, host_keys, limits, request, run, stdout};

async fn fleet(names: &[&str]) -> Fleet {
    Fleet::builder().hosts(names.iter().copied()).start().await.expect("a fleet")
}

fn hop(fleet: &Fleet, host: &PracticeHost) -> Hop {
    Hop {
        address: host.address().ip().to_string(),
        port: host.address().port(),
        // The ladder of signals is another for the superuser: here it has to find out that this is no sshd.
        user: fleet.user().to_owned(),
        identities: Arc::from([fleet.identity().to_owned()]),
        identities_only: true,
        agent: None,
        host_keys: host_keys(HostKeyMode::Strict, fleet.known_hosts().to_owned()),
        host_key_alias: None,
        certificates: Arc::default(),
        proxy_command: None,
        options: Arc::default(),
    }
}

async fn attempt(fleet: &Fleet, fault: Option<Fault>) -> Result<Connected, Unreachable> {
    let host = &fleet.hosts()[0];
    host.set_fault(fault);
    connector().connect(&endpoint(hop(fleet, host))).await
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_is_said_to_be_so_and_whether_it_may_go_better() {
    let fleet = fleet(&["web1"]).await;
    for (fault, phase, transient) in [
        (Fault::Refuse, Phase::Tcp, true),
        (Fault::Throttle, Phase::Handshake, true),
        (Fault::WrongKey, Phase::HostKey, false),
        (Fault::DenyLogin, Phase::Login, false),
    ] {
        let refused = attempt(&fleet, Some(fault.clone())).await.err().expect("refused");
        assert_eq!((refused.phase, refused.transient), (phase, transient), "{fault:?}: {}", refused.reason);
    }
    fleet.shutdown().await;
}

#[tokio::test]
async fn an_end_that_was_not_seen_is_never_taken_for_a_good_one() {
    let fleet = fleet(&["web1"]).await;
    for (fault, expected) in [
        (Fault::CutAfterExec, LostReason::ConnectionClosed),
        (Fault::CutAfter(2), LostReason::ConnectionClosed),
        (Fault::CloseWithoutStatus, LostReason::ClosedWithoutStatus),
    ] {
        let connected = attempt(&fleet, Some(fault.clone())).await.expect("connected");
        let (end, _) = run(&*connected.remote, &request("echo working; sleep 0.2")).await;
        assert!(matches!(end, Err(RemoteError::Lost { reason }) if reason == expected), "{fault:?}: {end:?}");
    }
    fleet.shutdown().await;
}

#[tokio::test]
async fn a_large_exit_status_is_kept() {
    let fleet = fleet(&["web1"]).await;
    let connected = attempt(&fleet, Some(Fault::ExitCode(u32::MAX))).await.expect("connected");

    let (end, _) = run(&*connected.remote, &request("true")).await;

    assert_eq!(end.expect("its end is seen").exit, Exit::Status(u32::MAX));
    fleet.shutdown().await;
}

#[tokio::test]
async fn a_transfer_that_is_cut_leaves_the_target_as_it_was() {
    let fleet = fleet(&["web1"]).await;
    let target = fleet.hosts()[0].home().join("motd");
    std::fs::write(&target, "old").expect("written");
    let connected = attempt(&fleet, Some(Fault::CutAfterExec)).await.expect("connected");
    let upload = Upload {
        content: Content::Bytes(Arc::from(vec![b'x'; 1_000_000])),
        target: "motd".to_owned(),
        mode: None,
        sha256: None,
        folders: false,
        moved: Arc::default(),
    };

    let put = connected.remote.put(&upload, &limits(PATIENCE)).await;

    assert!(put.is_err(), "{put:?}");
    assert_eq!(std::fs::read(&target).expect("there"), b"old");
    fleet.shutdown().await;
}

#[tokio::test]
async fn a_relative_target_is_in_the_login_folder() {
    let fleet = fleet(&["web1"]).await;
    let connected = attempt(&fleet, None).await.expect("connected");
    for target in ["one", "~/two"] {
        let upload = Upload {
            content: Content::Bytes(Arc::from(&b"x"[..])),
            target: target.to_owned(),
            mode: Some(0o640),
            sha256: None,
            folders: false,
            moved: Arc::default(),
        };
        connected.remote.put(&upload, &limits(PATIENCE)).await.expect("sent");
    }
    assert_eq!(stdout(&*connected.remote, "cat one two").await, "xx");
    fleet.shutdown().await;
}

#[tokio::test]
async fn stopping_a_command_of_the_superuser_where_there_is_no_sshd_stops_nothing_else() {
    let fleet = fleet(&["web1", "web2"]).await;
    let all = connector();
    let mut links = Vec::new();
    for host in fleet.hosts() {
        let target = Hop { user: "root".to_owned(), ..hop(&fleet, host) };
        match all.connect(&endpoint(target)).await {
            Ok(connected) => links.push(connected.remote),
            // Fleets of other users do not let root in.
            Err(_) => return,
        }
    }
    let (first, second) = (request("echo on; sleep 63"), request("echo on; read line; echo $line"));
    let started = [CancellationToken::new(), CancellationToken::new()];
    let mut outputs = started.clone().map(FireAtOutput);
    let [one, two] = &mut outputs;
    let bystander = links[1].exec(&second, two);
    let stopped = async {
        let stop = first.limits.cancel.clone();
        let (end, ()) = tokio::join!(links[0].exec(&first, one), async {
            started[0].cancelled().await;
            started[1].cancelled().await;
            stop.cancel();
        });
        end
    };

    let (stopped, bystander) =
        tokio::time::timeout(Duration::from_secs(30), async { tokio::join!(stopped, bystander) })
            .await
            .expect("both end");

    assert!(matches!(stopped, Err(RemoteError::Stopped)), "{stopped:?}");
    // It ended by itself, at the end of its input.
    assert_eq!(bystander.expect("its end is seen").exit, Exit::Status(0));
    fleet.shutdown().await;
}
