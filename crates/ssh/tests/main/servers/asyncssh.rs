use std::fs;
use std::path::Path;
use std::process::Command;

use super::account::{Account, NAME, PASSWORD};
use super::server::Server;

/// Starts a server made with asyncssh, with a host key of one kind. What it does is in `asyncssh_host.py`.
pub(crate) fn start(host_key: &str) -> Server {
    let account = Account::new();
    let key = account.new_key("host", host_key);
    let public = fs::read_to_string(key.with_extension("pub")).expect("a key");
    // Beside the folder that cargo has for tests.
    let python = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("test-python").join("bin/python");
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/main/servers/asyncssh_host.py");
    Server::start(account, &public, |account, port| {
        let mut command = Command::new(&python);
        command.arg(&program).arg(port.to_string()).arg(&key).arg(account.home()).args([NAME, PASSWORD]);
        command
    })
}
