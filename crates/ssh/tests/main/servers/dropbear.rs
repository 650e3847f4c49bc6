use std::fs;
use std::process::Command;

use futures::future::join_all;
use runsheet_task::{Connector, Exit};

use super::account::Account;
use super::server::Server;
use crate::rig::{connector, endpoint, request, run};

/// Starts dropbear with a host key of one kind.
pub(crate) fn start(host_key: &str) -> Server {
    let account = Account::new();
    let key = account.folder().join("host");
    let dropbearkey = |args: &[&str]| {
        let output = Command::new("dropbearkey").args(args).arg("-f").arg(&key).output();
        let output = output.expect("dropbearkey starts; scripts/install-test-packages installs it");
        assert!(output.status.success(), "dropbearkey: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    dropbearkey(&["-t", host_key]);
    let said = dropbearkey(&["-y"]);
    let public = said.lines().find(|line| line.starts_with("ssh-") || line.starts_with("ecdsa-")).expect("a key");
    Server::start(account, public, |account, port| {
        let mut command = Command::new("/usr/sbin/dropbear");
        account.show_to(&mut command);
        // In the foreground, with the log on standard error.
        command.args(["-F", "-E", "-p", &format!("127.0.0.1:{port}"), "-P"]).arg(account.folder().join("pid"));
        command.arg("-r").arg(&key);
        command
    })
}

/// Side by side they are closed unheard, or the connection breaks: see `Software::Dropbear`.
#[tokio::test]
async fn commands_that_are_asked_for_at_once_run_once_each_on_dropbear() {
    let server = start("ed25519");
    let hop = server.hop(&[server.account.key("ed25519")]);
    let remote = connector().connect(&endpoint(hop)).await.unwrap_or_else(|failure| panic!("{failure:?}")).remote;
    let did = server.account.home().join("did");
    let worker = async |worker: u32| {
        for n in 0..40 {
            let command = format!("echo {worker}.{n} >>{}; exit {n}", did.display());
            let (end, _) = run(&*remote, &request(&command)).await;
            assert_eq!(end.unwrap_or_else(|error| panic!("{worker}.{n}: {error}")).exit, Exit::Status(n));
        }
    };

    join_all((0..6).map(worker)).await;

    let did = fs::read_to_string(did).expect("they wrote");
    let mut lines: Vec<&str> = did.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!((did.lines().count(), lines.len()), (240, 240));
}
