//! What tests about logins have in common: keys, certificates, and the real ssh-agent.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use runsheet_model::{Hop, Unreachable};
use runsheet_task::{Connected, Connector};
use tempfile::TempDir;

use crate::rig::{PATIENCE, connector, endpoint, hop};
use crate::sshd::Sshd;

/// Keys of a test, and a place for whatever else it needs.
pub(crate) struct Keys {
    pub(crate) folder: TempDir,
}

impl Keys {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    pub(crate) fn make(&self, name: &str, args: &[&str]) -> PathBuf {
        let path = self.folder.path().join(name);
        loop {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-C", name, "-f"])
                .arg(&path)
                .args(args)
                .status()
                .expect("ssh-keygen starts");
            assert!(made.success());
            let text = fs::read_to_string(&path).expect("a key");
            // One ECDSA key in 256 has a number that is a byte shorter, which ssh-key 0.7.0-rc.11 does not read. What is said of
            // those has a test of its own.
            match russh::keys::decode_secret_key(&text, None) {
                Err(error) if args.contains(&"ecdsa") && !matches!(error, russh::keys::Error::KeyIsEncrypted) => {
                    fs::remove_file(&path).expect("removed");
                }
                _ => return path,
            }
        }
    }

    pub(crate) fn plain(&self, name: &str, kind: &str) -> PathBuf {
        self.make(name, &["-N", "", "-t", kind])
    }
}

/// Signs a key by another, as `ssh-keygen -s` with these arguments, and returns where the certificate is.
pub(crate) fn sign(authority: &Path, key: &Path, args: &[&str]) -> PathBuf {
    let signed = Command::new("ssh-keygen")
        .args(["-q", "-I", "test", "-s"])
        .arg(authority)
        .args(args)
        .arg(key.with_extension("pub"))
        .status()
        .expect("ssh-keygen starts");
    assert!(signed.success());
    let mut path = key.as_os_str().to_owned();
    path.push("-cert.pub");
    path.into()
}

/// Has a host let somebody with this key in, and nobody else.
pub(crate) fn allow(sshd: &Sshd, key: &Path) {
    fs::copy(key.with_extension("pub"), sshd.folder().join("authorized_keys")).expect("copied");
}

pub(crate) async fn attempt(hop: Hop) -> Result<Connected, Unreachable> {
    connector().connect(&endpoint(hop)).await
}

pub(crate) async fn refusal(hop: Hop) -> Unreachable {
    match attempt(hop).await {
        Ok(_) => panic!("it was let in"),
        Err(unreachable) => unreachable,
    }
}

pub(crate) fn with_identities(sshd: &Sshd, identities: &[&Path]) -> Hop {
    Hop { identities: identities.iter().map(|path| path.to_path_buf()).collect(), ..hop(sshd, "127.0.0.1") }
}

/// The real ssh-agent.
pub(crate) struct Agent {
    folder: TempDir,
    child: Child,
}

impl Agent {
    pub(crate) async fn start(keys: &[&Path]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let child = Command::new("ssh-agent")
            .arg("-D")
            .arg("-a")
            .arg(folder.path().join("agent"))
            .stdout(Stdio::null())
            .spawn()
            .expect("ssh-agent starts");
        let agent = Self { folder, child };
        let started = async {
            // The socket is there before anybody listens on it.
            while UnixStream::connect(agent.socket()).is_err() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, started).await.expect("it listens");
        for key in keys {
            let added = Command::new("ssh-add")
                .args(["-q"])
                .arg(key)
                .env("SSH_AUTH_SOCK", agent.socket())
                .env("SSH_ASKPASS_REQUIRE", "force")
                .env("SSH_ASKPASS", agent.askpass())
                .status()
                .expect("ssh-add starts");
            assert!(added.success());
        }
        agent
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("agent")
    }

    /// A program that knows the passphrase.
    pub(crate) fn askpass(&self) -> PathBuf {
        let path = self.folder.path().join("askpass");
        fs::write(&path, "#!/bin/sh\necho secret\n").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("its owner may");
        path
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It fails when the agent has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
