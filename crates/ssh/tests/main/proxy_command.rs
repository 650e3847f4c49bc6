//! A `ProxyCommand` is the connection, says why there is none, and is gone with it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use runsheet_model::{Hop, Phase, Unreachable};
use runsheet_ssh::{Deadlines, SshConnector, SshSettings};
use runsheet_task::Connector;
use tokio::time::Instant;

use crate::rig::{PATIENCE, connector, endpoint, hop, stdout};
use crate::sshd::Sshd;

fn by_way_of(sshd: &Sshd, command: &str) -> Hop {
    Hop { proxy_command: Some(command.to_owned()), ..hop(sshd, "127.0.0.1") }
}

/// What the real ssh is started with to go by way of a gate.
fn ssh(gate: &Sshd, target: &Sshd) -> String {
    format!(
        "ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes -o IdentityAgent=none \
         -o UserKnownHostsFile={} -i {} -p {} -W 127.0.0.1:{} {}@127.0.0.1",
        gate.known_hosts().display(),
        gate.identity().display(),
        gate.port(),
        target.port(),
        gate.user()
    )
}

async fn refused(connector: &SshConnector, hop: Hop) -> Unreachable {
    match connector.connect(&endpoint(hop)).await {
        Ok(_) => panic!("it was let in"),
        Err(unreachable) => unreachable,
    }
}

/// Waits until the processes whose ids stand in a file, one a line, have ended.
async fn all_ended(file: &Path) {
    let ids = fs::read_to_string(file).expect("it was started");
    assert!(!ids.trim().is_empty());
    let deadline = Instant::now() + PATIENCE;
    for id in ids.lines() {
        let stat = format!("/proc/{id}/stat");
        // One that nobody has waited for yet has ended all the same.
        while fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            assert!(Instant::now() < deadline, "{id} is still there");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn the_real_ssh_as_a_proxy_command_carries_a_connection_and_goes_with_it() {
    let (gate, target) = (Sshd::start(""), Sshd::start(""));
    let folder = tempfile::tempdir().expect("a folder");
    let ids = folder.path().join("ids");
    let command = format!("sh -c 'echo $$ > {}; exec {}'", ids.display(), ssh(&gate, &target));

    let connected = connector().connect(&endpoint(by_way_of(&target, &command))).await.expect("let in");

    assert_eq!(stdout(&*connected.remote, "echo in").await, "in\n");
    let large = stdout(&*connected.remote, "head -c 3000000 /dev/zero | tr '\\0' x").await;
    assert_eq!(large.len(), 3_000_000);
    assert_eq!(connected.address, format!("127.0.0.1:{}", target.port()));
    assert!(gate.log().contains("Accepted publickey"), "{}", gate.log());
    drop(connected);
    all_ended(&ids).await;
}

#[tokio::test]
async fn a_host_key_is_checked_behind_a_proxy_command_as_well() {
    let (gate, target) = (Sshd::start(""), Sshd::start(""));
    // On record is the key of the gate, under the target's name.
    let known_hosts = fs::read_to_string(gate.known_hosts()).expect("read");
    fs::write(target.known_hosts(), known_hosts.replace(&gate.port().to_string(), &target.port().to_string()))
        .expect("written");

    let refused = refused(&connector(), by_way_of(&target, &ssh(&gate, &target))).await;

    assert_eq!(refused.phase, Phase::HostKey, "{}", refused.reason);
    assert!(!target.log().contains("Accepted"), "{}", target.log());
}

#[tokio::test]
async fn a_proxy_command_that_fails_says_why_and_no_other_way_is_gone() {
    let sshd = Sshd::start("");
    let connector = connector();
    let failing = "sh -c 'printf \"no way \\033[2J\\n\" >&2; exit 7'";
    let failed = refused(&connector, by_way_of(&sshd, failing)).await;
    assert_eq!(failed.phase, Phase::Handshake);
    let said = "`ProxyCommand` ended with exit status: 7 and says: no way \\x1b[2J";
    assert!(failed.reason.ends_with(said), "{}", failed.reason);
    assert_eq!(failed.hint, None);

    let missing = refused(&connector, by_way_of(&sshd, "/does/not/exist")).await;
    assert!(missing.reason.contains("exit status: 127 and says: "), "{}", missing.reason);
    assert!(missing.reason.contains("/does/not/exist"), "{}", missing.reason);

    let talkative = "sh -c 'head -c 1000000 /dev/zero | tr \"\\0\" x >&2; echo the end >&2; exit 1'";
    let failed = refused(&connector, by_way_of(&sshd, talkative)).await;
    assert!(failed.reason.ends_with("xxxthe end"), "{}", failed.reason);
    assert!(failed.reason.len() < 1000, "{}", failed.reason);
    assert!(!sshd.log().contains("Connection from"), "{}", sshd.log());
}

#[tokio::test]
async fn a_proxy_command_that_prints_garbage_is_no_ssh_server() {
    let sshd = Sshd::start("");
    for garbage in ["yes", "echo HTTP/1.1 400 Bad Request", "head -c 5000000 /dev/urandom"] {
        let settings = SshSettings {
            deadlines: Deadlines { banner: Duration::from_secs(2), ..Deadlines::default() },
            ..SshSettings::default()
        };
        let failed = refused(&SshConnector::new(settings), by_way_of(&sshd, garbage)).await;
        assert_eq!(failed.phase, Phase::Handshake, "{garbage}: {}", failed.reason);
    }
}

#[tokio::test]
async fn a_proxy_command_that_hangs_is_given_up_and_killed_with_all_that_it_started() {
    let sshd = Sshd::start("");
    let folder = tempfile::tempdir().expect("a folder");
    let settings = SshSettings {
        deadlines: Deadlines { banner: Duration::from_millis(500), ..Deadlines::default() },
        ..SshSettings::default()
    };
    let connector = SshConnector::new(settings);
    for (name, before) in [("mild", ""), ("stubborn", "trap \"\" TERM HUP; ")] {
        let ids = folder.path().join(name);
        let command =
            format!("sh -c '{before}sleep 600 & echo \"$$\\n$!\" > {}; echo trying >&2; wait'", ids.display());

        let failed = refused(&connector, by_way_of(&sshd, &command)).await;

        assert_eq!((failed.phase, failed.transient), (Phase::Handshake, true));
        let said = "it did not say that it speaks SSH within 500ms; `ProxyCommand` says: trying";
        assert_eq!(failed.reason, said);
        all_ended(&ids).await;
    }
}
