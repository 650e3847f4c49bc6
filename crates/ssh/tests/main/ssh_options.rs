//! What ssh_config says about a connection takes effect: sshd's log and the host's own environment tell.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use runsheet_model::{AddressFamily, AlgorithmChoice, Hop, LostReason, Phase, SshOptions, Unreachable};
use runsheet_task::{Connected, Connector, RemoteError};
use tokio_util::sync::CancellationToken;

use crate::reaching::stalling_proxy;
use crate::rig::{FireAtOutput, connector, endpoint, hop, request, stdout};
use crate::sshd::Sshd;
use crate::sshd_config::{HostKey, SshdConfig};

fn with(sshd: &Sshd, address: &str, options: SshOptions) -> Hop {
    Hop { options: Arc::new(options), ..hop(sshd, address) }
}

async fn connected(hop: Hop) -> Connected {
    connector().connect(&endpoint(hop)).await.unwrap_or_else(|failure| panic!("{failure:?}"))
}

async fn refused(hop: Hop) -> Unreachable {
    match connector().connect(&endpoint(hop)).await {
        Ok(_) => panic!("it was let in"),
        Err(unreachable) => unreachable,
    }
}

fn chosen(algorithms: AlgorithmChoice) -> SshOptions {
    SshOptions { algorithms, ..SshOptions::default() }
}

#[tokio::test]
async fn chosen_algorithms_are_the_ones_that_the_host_sees() {
    let config = SshdConfig {
        host_keys: &[HostKey::Ed25519, HostKey::Rsa],
        extra: "LogLevel DEBUG1\n",
        ..SshdConfig::default()
    };
    let sshd = Sshd::start_with(&config);
    let options = chosen(AlgorithmChoice {
        key_exchanges: Some(vec!["ecdh-sha2-nistp521", "curve25519-sha256"]),
        host_keys: Some(vec!["rsa-sha2-256"]),
        ciphers: Some(vec!["aes192-ctr", "aes128-ctr"]),
        macs: Some(vec!["hmac-sha2-256"]),
        ..AlgorithmChoice::default()
    });
    let usual = connected(hop(&sshd, "127.0.0.1")).await;
    assert!(sshd.log().contains("kex: host key algorithm: ssh-ed25519"), "{}", sshd.log());

    let other = connected(with(&sshd, "127.0.0.1", options)).await;

    assert_ne!(usual.host_key, other.host_key, "another key of the host was asked for");
    let log = sshd.log();
    for line in [
        "kex: algorithm: ecdh-sha2-nistp521",
        "kex: host key algorithm: rsa-sha2-256",
        "kex: client->server cipher: aes192-ctr MAC: hmac-sha2-256",
        "kex: server->client cipher: aes192-ctr MAC: hmac-sha2-256",
    ] {
        assert!(log.contains(line), "{line} is not in {log}");
    }
}

#[tokio::test]
async fn a_host_without_a_chosen_algorithm_is_not_reached_by_another() {
    let sshd = Sshd::start("Ciphers aes256-ctr\nMACs hmac-sha2-512\nKexAlgorithms curve25519-sha256\n");
    let algorithms = AlgorithmChoice::default;
    let only = AlgorithmChoice { ciphers: Some(vec!["aes256-ctr"]), ..algorithms() };
    connected(with(&sshd, "127.0.0.1", chosen(only))).await;
    for wrong in [
        AlgorithmChoice { ciphers: Some(vec!["aes128-ctr"]), ..algorithms() },
        AlgorithmChoice { macs: Some(vec!["hmac-sha2-256"]), ..algorithms() },
        AlgorithmChoice { key_exchanges: Some(vec!["diffie-hellman-group14-sha256"]), ..algorithms() },
        AlgorithmChoice { host_keys: Some(vec!["rsa-sha2-512"]), ..algorithms() },
    ] {
        let refused = refused(with(&sshd, "127.0.0.1", chosen(wrong.clone()))).await;
        assert_eq!((refused.phase, refused.transient), (Phase::Handshake, false), "{wrong:?}: {refused:?}");
        assert!(refused.reason.contains("algorithm that is safe is offered"), "{}", refused.reason);
        assert!(refused.hint.is_some_and(|hint| hint.contains("--explain")), "ssh_config is to blame");
    }
}

#[tokio::test]
async fn only_addresses_of_the_wanted_family_are_tried() {
    let family = |address_family| SshOptions { address_family, ..SshOptions::default() };
    let sshd = Sshd::start("");
    connected(with(&sshd, "127.0.0.1", family(AddressFamily::Inet))).await;
    let none = refused(with(&sshd, "127.0.0.1", family(AddressFamily::Inet6))).await;
    assert_eq!((none.phase, none.reason.as_str()), (Phase::Name, "`127.0.0.1` has no IPv6 address"));
    if TcpListener::bind("[::1]:0").is_err() {
        return eprintln!("left out: this machine has no IPv6");
    }
    let sshd = Sshd::start_with(&SshdConfig { address: "::1", ..SshdConfig::default() });
    let reached = connected(with(&sshd, "::1", family(AddressFamily::Inet6))).await;
    assert_eq!(reached.address, format!("[::1]:{}", sshd.port()));
    let none = refused(with(&sshd, "::1", family(AddressFamily::Inet))).await;
    assert_eq!(none.reason, "`::1` has no IPv4 address");
}

#[tokio::test]
async fn the_host_sees_the_address_that_is_bound() {
    let sshd = Sshd::start("");
    let bound = |address: &str| SshOptions { bind_address: Some(address.to_owned()), ..SshOptions::default() };

    let reached = connected(with(&sshd, "127.0.0.1", bound("127.0.0.9"))).await;

    assert!(stdout(&*reached.remote, "echo $SSH_CLIENT").await.starts_with("127.0.0.9 "));
    assert!(sshd.log().contains("Connection from 127.0.0.9 port "), "{}", sshd.log());
    let other = refused(with(&sshd, "127.0.0.1", bound("::1"))).await;
    assert_eq!((other.phase, other.transient), (Phase::Local, false), "{other:?}");
    // An address of documentation (RFC 5737), which no machine has.
    let foreign = refused(with(&sshd, "127.0.0.1", bound("192.0.2.1"))).await;
    assert_eq!(foreign.phase, Phase::Local, "{foreign:?}");
    assert!(foreign.reason.contains("from 192.0.2.1"), "{}", foreign.reason);
}

#[tokio::test]
async fn a_host_that_refuses_is_tried_as_often_as_is_said_a_second_apart() {
    let sshd = Sshd::start("");
    let closed = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("its port").port();
    let tried = async |attempts| {
        let options = SshOptions { attempts, ..SshOptions::default() };
        let started = Instant::now();
        let refused = refused(Hop { port: closed, ..with(&sshd, "127.0.0.1", options) }).await;
        assert_eq!(refused.phase, Phase::Tcp, "{refused:?}");
        started.elapsed()
    };
    assert!(tried(3).await >= Duration::from_secs(2));
    assert!(tried(1).await < Duration::from_secs(1));
}

#[tokio::test]
async fn variables_reach_commands_whether_the_host_takes_them_or_not() {
    let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let set_env = vec![text("TAKEN_A", "1"), text("LEFT_B", "it's $HOME\n; second line"), text("TAKEN_C", "two words")];
    let options =
        SshOptions { set_env, send_env: vec![text("TAKEN_D", "4"), text("LEFT_E", "5")], ..SshOptions::default() };
    let show = "printf '%s|' \"$TAKEN_A\" \"$LEFT_B\" \"$TAKEN_C\" \"$TAKEN_D\" \"${LEFT_E-unset}\"";
    for (config, sent) in [("", "unset"), ("AcceptEnv TAKEN_*\n", "4"), ("AcceptEnv *\n", "4")] {
        let sshd = Sshd::start(config);
        let reached = connected(with(&sshd, "127.0.0.1", options.clone())).await;
        // The second time the host is not asked again.
        for _ in 0..2 {
            let shown = stdout(&*reached.remote, show).await;
            let parts: Vec<_> = shown.split('|').collect();
            assert_eq!(parts[..3], ["1", "it's $HOME\n; second line", "two words"], "{config}");
            assert_eq!(parts[3], if sent == "4" { "4" } else { "" }, "{config}");
            assert_eq!(parts[4], if config == "AcceptEnv *\n" { "5" } else { "unset" }, "{config}");
        }
    }
}

#[tokio::test]
async fn f_13_a_silent_host_is_found_out_as_soon_as_ssh_config_says() {
    let sshd = Sshd::start("");
    let (port, stall) = stalling_proxy(sshd.port()).await;
    let options =
        SshOptions { alive_interval: Some(Duration::from_secs(1)), alive_count: Some(1), ..SshOptions::default() };
    let alias = Some(format!("[127.0.0.1]:{}", sshd.port()));
    let target = Hop { port, host_key_alias: alias, ..with(&sshd, "127.0.0.1", options) };
    let reached = connected(target).await;

    let running = request("echo started; sleep 62.9");
    let started = CancellationToken::new();
    let mut output = FireAtOutput(started.clone());
    let (end, ()) = tokio::join!(reached.remote.exec(&running, &mut output), async {
        started.cancelled().await;
        stall.send(true).expect("the proxy runs");
    });

    // Runsheet's own keepalive would take 45 seconds, which is more than the command and its limit have here.
    assert!(matches!(end, Err(RemoteError::Lost { reason: LostReason::PeerSilent })), "{end:?}");
}
