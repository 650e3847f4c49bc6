//! What OpenSSH's client does not show or cannot be made to do: the order of messages, signals without a terminal, many
//! channels of one connection.

use std::sync::Arc;

use runsheet_practice::{Fault, Fleet};
use russh::client::{self, Handle};
use russh::keys::{PrivateKeyWithHashAlg, PublicKeyOrCertificate, load_secret_key};
use russh::{Channel, ChannelMsg, Sig};

use crate::client::{LIMIT, fleet, host, is_running, line_of, until};

/// Host keys are the business of the other tests.
struct Trusting;

impl client::Handler for Trusting {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        Ok(true)
    }
}

async fn connect(fleet: &Fleet) -> Handle<Trusting> {
    let config = Arc::new(client::Config { nodelay: true, ..client::Config::default() });
    let address = host(fleet, "web1").address();
    let mut handle = client::connect(config, address, Trusting).await.expect("a connection");
    let key = load_secret_key(fleet.identity(), None).expect("the fleet's key");
    let key = PrivateKeyWithHashAlg::new(Arc::new(key), None);
    let login = handle.authenticate_publickey(fleet.user(), key).await.expect("an answer");
    assert!(login.success());
    handle
}

async fn exec(connection: &Handle<Trusting>, command: &str) -> Channel<client::Msg> {
    let channel = connection.channel_open_session().await.expect("a channel");
    channel.exec(true, command).await.expect("a request");
    channel
}

/// The messages of a channel until it is closed.
async fn all(channel: &mut Channel<client::Msg>) -> Vec<ChannelMsg> {
    let read = async {
        let mut messages = Vec::new();
        while let Some(message) = channel.wait().await {
            messages.push(message);
        }
        messages
    };
    tokio::time::timeout(LIMIT, read).await.expect("the channel is closed in time")
}

#[tokio::test]
async fn a_signal_reaches_a_command_that_can_end_in_its_own_way() {
    let fleet = fleet(&["web1"]).await;
    let connection = connect(&fleet).await;
    let mut channel = exec(&connection, "trap 'exit 7' TERM; echo $$ > process; while :; do sleep 0.01; done").await;
    line_of(&host(&fleet, "web1").home().join("process")).await;
    channel.signal(Sig::TERM).await.expect("a signal");
    let messages = all(&mut channel).await;
    let code = messages.iter().find_map(|message| match message {
        ChannelMsg::ExitStatus { exit_status } => Some(*exit_status),
        _ => None,
    });
    assert_eq!(code, Some(7), "{messages:?}");
}

#[tokio::test]
async fn a_signal_reaches_the_whole_process_group_and_is_reported() {
    let fleet = fleet(&["web1"]).await;
    let home = host(&fleet, "web1").home();
    let connection = connect(&fleet).await;
    for (signal, name) in [(Sig::KILL, "KILL"), (Sig::HUP, "HUP"), (Sig::Custom("USR2".to_owned()), "USR2")] {
        let file = home.join(name);
        let mut channel = exec(&connection, &format!("sleep 1000 & echo $! > {name}; wait")).await;
        let child = line_of(&file).await;
        assert!(is_running(&child));
        channel.signal(signal).await.expect("a signal");
        let messages = all(&mut channel).await;
        let reported = messages.iter().find_map(|message| match message {
            ChannelMsg::ExitSignal { signal_name, .. } => Some(signal_name.clone()),
            _ => None,
        });
        assert!(reported.is_some_and(|reported| format!("{reported:?}").contains(name)), "{messages:?}");
        until("the child ends", || !is_running(&child)).await;
    }
}

#[tokio::test]
async fn the_status_comes_before_the_end_of_the_output_that_a_background_process_holds() {
    let fleet = fleet(&["web1"]).await;
    let connection = connect(&fleet).await;
    let mut channel = exec(&connection, "sleep 1000 & exit 3").await;
    let told = async {
        loop {
            match channel.wait().await.expect("a status before the channel's end") {
                ChannelMsg::ExitStatus { exit_status } => return exit_status,
                ChannelMsg::Eof | ChannelMsg::Close => panic!("the end came first"),
                _ => {}
            }
        }
    };
    assert_eq!(tokio::time::timeout(LIMIT, told).await.expect("a status in time"), 3);
}

#[tokio::test]
async fn a_connection_has_ten_sessions_at_once_and_any_number_in_turn() {
    let fleet = fleet(&["web1"]).await;
    let connection = connect(&fleet).await;
    let mut held = Vec::new();
    for _ in 0..10 {
        held.push(exec(&connection, "cat").await);
    }
    connection.channel_open_session().await.expect_err("an eleventh session");
    for mut channel in held {
        channel.eof().await.expect("an end of stdin");
        let messages = all(&mut channel).await;
        assert!(messages.iter().any(|message| matches!(message, ChannelMsg::ExitStatus { exit_status: 0 })));
    }
    for turn in 0..50 {
        let mut channel = exec(&connection, &format!("exit {turn}")).await;
        let messages = all(&mut channel).await;
        assert!(
            messages
                .iter()
                .any(|message| matches!(message, ChannelMsg::ExitStatus { exit_status } if *exit_status == turn)),
            "{messages:?}"
        );
    }
}

#[tokio::test]
async fn a_cut_comes_after_exactly_so_many_bytes_and_before_any_status() {
    let fleet = fleet(&["web1"]).await;
    for bytes in [0, 1, 1000, 32 * 1024, 100_000] {
        host(&fleet, "web1").set_fault(Some(Fault::CutAfter(bytes)));
        let connection = connect(&fleet).await;
        let mut channel = exec(&connection, "head -c 200000 /dev/zero; head -c 100000 /dev/zero >&2").await;
        let messages = all(&mut channel).await;
        let mut received = 0;
        for message in &messages {
            match message {
                ChannelMsg::Data { data } | ChannelMsg::ExtendedData { data, .. } => received += data.len() as u64,
                ChannelMsg::ExitStatus { .. } | ChannelMsg::Eof | ChannelMsg::Close => panic!("an end: {messages:?}"),
                _ => {}
            }
        }
        assert_eq!(received, bytes);
    }
}
