use std::fs;
use std::process::Command;

use super::account::{Account, NAME, library};
use super::server::Server;

/// Starts OpenSSH's sshd with a host key of one kind. PAM, which asks the question about a password, is the real one with a module of
/// pam_wrapper, so that nobody's own settings take part.
pub(crate) fn start(host_key: &str) -> Server {
    let account = Account::new();
    let key = account.new_key("host", host_key);
    let public = fs::read_to_string(key.with_extension("pub")).expect("a key");
    if rustix::process::geteuid().is_root() {
        // Where sshd locks in the process that talks to strangers. Debian makes it at boot.
        fs::create_dir_all("/run/sshd").expect("/run/sshd can be made");
    }
    let here = account.folder().display().to_string();
    let module = library("pam_wrapper/pam_matrix.so");
    account.write("passwords", &format!("{NAME}:{}:sshd\n", super::account::PASSWORD));
    fs::create_dir(account.folder().join("pam.d")).expect("a folder");
    let line = |what: &str| format!("{what} required {} passdb={here}/passwords\n", module.display());
    account.write("pam.d/sshd", &["auth", "account", "password", "session"].map(line).concat());
    Server::start(account, &public, |account, port| {
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nPidFile none\nHostKey {}\nAuthorizedKeysFile {here}/home/.ssh/authorized_keys\n\
             StrictModes no\nUseDNS no\nUsePAM yes\nPermitRootLogin yes\nPasswordAuthentication yes\nKbdInteractiveAuthentication yes\n\
             LogLevel VERBOSE\nSubsystem sftp internal-sftp\n",
            key.display()
        );
        let config = account.write("sshd_config", &config);
        let mut command = Command::new("/usr/sbin/sshd");
        account.show_to(&mut command);
        let both = format!("{} {}", library("libnss_wrapper.so").display(), library("libpam_wrapper.so").display());
        command
            .env("LD_PRELOAD", both)
            .env("PAM_WRAPPER", "1")
            .env("PAM_WRAPPER_SERVICE_DIR", account.folder().join("pam.d"))
            .args(["-D", "-e", "-f"])
            .arg(config);
        command
    })
}
