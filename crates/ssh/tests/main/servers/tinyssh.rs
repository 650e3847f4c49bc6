use std::process::Command;

use super::account::Account;
use super::server::Server;

/// Starts TinySSH, which has one kind of host key only. It speaks on standard input and output; socat listens and becomes it for each
/// connection.
pub(crate) fn start() -> Server {
    let account = Account::new();
    let keys = account.folder().join("keys");
    let run = |program: &str| {
        let output = Command::new(program).arg(&keys).output();
        let output =
            output.unwrap_or_else(|error| panic!("{program}: {error}; scripts/install-test-packages installs it"));
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    run("/usr/sbin/tinysshd-makekey");
    let said = run("/usr/sbin/tinysshd-printkey");
    let key = said.find("ssh-ed25519 ").expect("its key");
    let public = said[key..].lines().next().expect("a line").to_owned();
    Server::start(account, &public, |account, port| {
        let mut command = Command::new("socat");
        account.show_to(&mut command);
        command
            .arg(format!("TCP-LISTEN:{port},bind=127.0.0.1,fork,max-children=100"))
            .arg(format!("EXEC:/usr/sbin/tinysshd -v {},nofork", keys.display()));
        command
    })
}
