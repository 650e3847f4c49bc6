//! The real sshd, private to one test: own port, own keys, own configuration.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::processes::{descendants_of, marked_with, signal};
use super::ssh::Ssh;
use super::sshd_config::{HostKey, SshdConfig, session_mark};

/// How long sshd may take until it listens. Only a broken one takes longer.
const START_LIMIT: Duration = Duration::from_secs(20);

/// Between two looks at what cannot be waited for: another process's log, or its end.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A running sshd that lets the current user in, and nobody else.
///
/// On drop it is killed, with every session, and with every process that a session left behind and that kept its
/// environment.
pub(crate) struct Sshd {
    folder: TempDir,
    listener: Child,
    port: u16,
    user: String,
}

impl Sshd {
    /// Starts sshd on a free port of 127.0.0.1 with an ed25519 host key, and returns once it listens.
    pub(crate) fn start(extra_config: &str) -> Self {
        Self::start_with(&SshdConfig { extra: extra_config, ..SshdConfig::default() })
    }

    /// Starts sshd as `config` says, and returns once it listens.
    pub(crate) fn start_with(config: &SshdConfig<'_>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder for sshd");
        let user = current_user();
        make_key(&folder.path().join("id_ed25519"), HostKey::Ed25519);
        fs::copy(folder.path().join("id_ed25519.pub"), folder.path().join("authorized_keys"))
            .expect("authorized_keys can be written");
        for key in config.host_keys {
            make_key(&key.path(folder.path()), *key);
        }
        if user == "root" {
            // Where sshd, started by root, locks in the process that talks to strangers. Debian makes it at boot.
            fs::create_dir_all("/run/sshd").expect("/run/sshd can be made");
        }

        // sshd cannot be told to take any free port. Somebody may take the one that we found before sshd does.
        for _ in 0..10 {
            let port = free_port(config.address);
            if let Some(listener) = listen(folder.path(), config, port, &user) {
                write_known_hosts(folder.path(), config, port);
                return Self { folder, listener, port, user };
            }
        }
        panic!("sshd lost ten free ports to somebody else");
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Returns the name of the user who can log in: the one who runs the test.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// Returns the folder with all of its files: `sshd_config`, `authorized_keys`, host keys, `sshd.log`.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the path of the private key that logs in.
    pub(crate) fn identity(&self) -> PathBuf {
        self.folder().join("id_ed25519")
    }

    /// Returns the path of a `known_hosts` that holds the host keys for every address that it listens on.
    pub(crate) fn known_hosts(&self) -> PathBuf {
        self.folder().join("known_hosts")
    }

    /// Runs a command through the real ssh, at one of the addresses that it listens on.
    pub(crate) fn ssh(&self, address: &str, command: &str) -> Output {
        let login =
            Ssh { identity: &self.identity(), known_hosts: &self.known_hosts(), user: &self.user, port: self.port };
        login.run(address, command)
    }

    /// Returns what it has logged so far.
    pub(crate) fn log(&self) -> String {
        read_log(self.folder())
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let listener = self.listener.id();
        let mark = session_mark(self.folder.path());
        // While it stands still, it can start no session that we would miss.
        signal("STOP", &BTreeSet::from([listener]));
        let deadline = Instant::now() + START_LIMIT;
        loop {
            let mut rest = descendants_of(listener);
            rest.extend(marked_with(&mark));
            if rest.is_empty() || Instant::now() > deadline {
                break;
            }
            signal("KILL", &rest);
            thread::sleep(LOOK_AGAIN);
        }
        // Failing to kill it means that it has ended already.
        let _ = self.listener.kill();
        let _ = self.listener.wait();
    }
}

/// Starts sshd and waits until it listens. Returns `None` if the port was taken meanwhile.
fn listen(folder: &Path, config: &SshdConfig<'_>, port: u16, user: &str) -> Option<Child> {
    let config_path = folder.join("sshd_config");
    fs::write(&config_path, config.text(folder, port, user)).expect("sshd_config can be written");
    let log = File::create(folder.join("sshd.log")).expect("sshd.log can be written");
    let mut listener = Command::new("/usr/sbin/sshd")
        .args(["-D", "-e", "-f"])
        .arg(&config_path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("/usr/sbin/sshd starts; scripts/install-test-packages installs it");

    let deadline = Instant::now() + START_LIMIT;
    loop {
        // Connecting would tell as well, but would leave lines in the log that a test may count.
        let log = read_log(folder);
        if log.contains("Server listening on ") {
            return Some(listener);
        }
        if let Some(status) = listener.try_wait().expect("sshd can be waited for") {
            assert!(log.contains("Address already in use"), "sshd ended with {status}: {log}");
            return None;
        }
        if Instant::now() > deadline {
            let _ = listener.kill();
            let _ = listener.wait();
            panic!("sshd does not listen after {START_LIMIT:?}: {log}");
        }
        thread::sleep(LOOK_AGAIN);
    }
}

fn write_known_hosts(folder: &Path, config: &SshdConfig<'_>, port: u16) {
    let address = if config.address == "0.0.0.0" { "127.*" } else { config.address };
    let lines = config.host_keys.iter().map(|key| {
        let public = key.path(folder).with_extension("pub");
        let public = fs::read_to_string(public).expect("the host key can be read");
        format!("[{address}]:{port},[localhost]:{port} {public}")
    });
    let text: String = lines.collect();
    fs::write(folder.join("known_hosts"), text).expect("known_hosts can be written");
}

fn make_key(path: &Path, key: HostKey) {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-N", "", "-C", "test", "-t", key.name()]);
    if matches!(key, HostKey::Rsa) {
        // Larger ones only take longer to make.
        command.args(["-b", "2048"]);
    }
    let output = command.arg("-f").arg(path).output().expect("ssh-keygen starts");
    assert!(output.status.success(), "ssh-keygen: {}", String::from_utf8_lossy(&output.stderr));
}

fn current_user() -> String {
    let output = Command::new("id").arg("-un").output().expect("id starts");
    String::from_utf8(output.stdout).expect("a user's name is text").trim_end().to_owned()
}

fn free_port(address: &str) -> u16 {
    let listener = TcpListener::bind((address, 0)).expect("a free port");
    listener.local_addr().expect("the port of a bound socket").port()
}

fn read_log(folder: &Path) -> String {
    let log = fs::read(folder.join("sshd.log")).expect("sshd.log can be read");
    String::from_utf8_lossy(&log).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stdout(output: &Output) -> String {
        assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    #[test]
    fn an_sshd_lets_its_own_identity_in() {
        let sshd = Sshd::start("");

        assert_eq!(stdout(&sshd.ssh("127.0.0.1", "id -un")), sshd.user());
        assert_eq!(sshd.log().matches("Accepted publickey for").count(), 1, "{}", sshd.log());
    }

    #[test]
    fn an_sshd_shows_the_host_keys_that_were_chosen_at_every_loopback_address() {
        for key in [HostKey::Ed25519, HostKey::Ecdsa, HostKey::Rsa] {
            let sshd = Sshd::start_with(&SshdConfig { host_keys: &[key], address: "0.0.0.0", ..SshdConfig::default() });

            let seen = stdout(&sshd.ssh("127.8.9.10", "echo $SSH_CONNECTION"));

            assert!(seen.ends_with(&format!("127.8.9.10 {}", sshd.port())), "{key:?}: {seen}");
        }
    }

    #[test]
    fn lines_of_a_test_replace_ours_and_match_blocks_stay_last() {
        let sshd = Sshd::start(
            "LogLevel DEBUG1\nMatch User nobody\n  ForceCommand false\nMatch all\n  ForceCommand echo forced",
        );

        assert_eq!(stdout(&sshd.ssh("127.0.0.1", "true")), "forced");
        assert!(sshd.log().contains("debug1: "), "{}", sshd.log());
    }

    #[test]
    fn an_sshd_that_is_dropped_takes_daemons_of_its_sessions_along() {
        let sshd = Sshd::start("");
        let mark = session_mark(sshd.folder());
        let daemon = "setsid sleep 600 </dev/null >/dev/null 2>&1 & echo $!";
        let daemon = Path::new("/proc").join(stdout(&sshd.ssh("127.0.0.1", daemon)));
        assert!(daemon.exists());

        drop(sshd);

        assert_eq!(marked_with(&mark), BTreeSet::new());
    }
}
