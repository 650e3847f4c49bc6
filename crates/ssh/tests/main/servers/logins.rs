//! Who a server is, and whom it lets in.

use std::fs;
use std::sync::Arc;

use runsheet_model::{Hop, Phase, Secret, SecretName, SshOptions, Unreachable};
use runsheet_ssh::{SshConnector, SshSettings};
use runsheet_task::{Connected, Connector};

use super::account::{NAME, PASSWORD};
use super::server::Server;
use crate::rig::{connector, endpoint, stdout};

/// What somebody is told who does not get what is wanted.
pub(crate) fn told(unreachable: Unreachable) -> String {
    let hint = unreachable.hint.map(|hint| format!(" (hint: {hint})")).unwrap_or_default();
    format!("{}{hint}", unreachable.reason)
}

/// Connects and has a command show that somebody is in.
async fn enter(connector: &SshConnector, hop: Hop) -> Result<Connected, String> {
    let connected = connector.connect(&endpoint(hop)).await.map_err(told)?;
    assert_eq!(stdout(&*connected.remote, "echo in").await, "in\n");
    Ok(connected)
}

/// A key of a kind that is on record is the one that the server shows, and another of that kind is refused.
pub(crate) async fn host_key(server: &Server, kind: &str) -> Result<(), String> {
    let keys = [server.account.key("ed25519")];
    let other = fs::read_to_string(server.account.new_key("other_host", kind).with_extension("pub")).expect("a key");
    let refused = connector().connect(&endpoint(server.hop_with_record(&other, &keys))).await;
    let refused = refused.err().expect("a key that is not on record is refused");
    assert_eq!((refused.phase, refused.transient), (Phase::HostKey, false), "{}", refused.reason);
    if !server.host_key().contains(kind) {
        return Err(told(refused));
    }
    enter(&connector(), server.hop(&keys)).await.map(drop)
}

pub(crate) async fn key(server: &Server, kind: &str) -> Result<(), String> {
    enter(&connector(), server.hop(&[server.account.key(kind)])).await.map(drop)
}

pub(crate) async fn certificate(server: &Server) -> Result<(), String> {
    enter(&connector(), server.hop(&[server.account.certified_key()])).await.map(drop)
}

/// Logs in by password alone, in the one way or the other.
pub(crate) async fn password(server: &Server, by_question: bool) -> Result<(), String> {
    let with = |password: &str| {
        let name = SecretName::new("login").expect("a name");
        let password = Secret::new(password.to_owned());
        SshConnector::with_password(SshSettings::default(), &name, password).expect("it can be masked")
    };
    let options = SshOptions { password: !by_question, keyboard_interactive: by_question, ..SshOptions::default() };
    let hop = Hop { options: Arc::new(options), ..server.hop(&[]) };
    let connected = enter(&with(PASSWORD), hop.clone()).await?;
    assert_eq!(stdout(&*connected.remote, "pwd").await, format!("{}\n", server.account.home().display()));
    // What lets in here is the password and nothing else.
    let refused = enter(&with("not the password"), hop).await.err().expect("a wrong one is refused");
    assert!(refused.contains(&format!("does not let `{NAME}` in with ")), "{refused}");
    Ok(())
}
