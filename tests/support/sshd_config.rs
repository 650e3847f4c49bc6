//! The configuration of a test's own sshd.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A kind of key that a host can show.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HostKey {
    Ed25519,
    Ecdsa,
    Rsa,
}

impl HostKey {
    /// What `ssh-keygen -t` calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::Ecdsa => "ecdsa",
            Self::Rsa => "rsa",
        }
    }

    /// Where a host keeps its private key of this kind.
    pub(super) fn path(self, folder: &Path) -> PathBuf {
        folder.join(format!("host_{}", self.name()))
    }
}

/// What can be chosen of an [`Sshd`].
pub(crate) struct SshdConfig<'a> {
    /// The keys that it has, one file each: `host_ed25519`, `host_ecdsa`, `host_rsa`. Default: ed25519.
    pub(crate) host_keys: &'a [HostKey],
    /// Where it listens. Default: `127.0.0.1`. With `0.0.0.0` one sshd is a host at every address of 127.0.0.0/8.
    pub(crate) address: &'a str,
    /// Lines for `sshd_config`. A keyword that stands here outside a `Match` block replaces ours. Default: none.
    pub(crate) extra: &'a str,
}

impl Default for SshdConfig<'_> {
    fn default() -> Self {
        Self { host_keys: &[HostKey::Ed25519], address: "127.0.0.1", extra: "" }
    }
}

impl SshdConfig<'_> {
    /// Returns the text of `sshd_config`.
    ///
    /// It is our lines, without those that `extra` replaces, between the general part of `extra` and its `Match` blocks:
    /// sshd takes the first line of a keyword, refuses a second subsystem, and lets a `Match` block reach to the end.
    pub(super) fn text(&self, folder: &Path, port: u16, user: &str) -> String {
        let lines: Vec<&str> = self.extra.lines().collect();
        let general = lines.iter().position(|line| keyword(line) == "match").unwrap_or(lines.len());
        let (general, matches) = lines.split_at(general);
        let replaced: BTreeSet<String> = general.iter().map(|line| keyword(line)).collect();

        let here = folder.display();
        let mut ours = vec![
            format!("Port {port}"),
            format!("ListenAddress {}", self.address),
            format!("PidFile {here}/sshd.pid"),
            format!("AuthorizedKeysFile {here}/authorized_keys"),
            // A bash that sshd starts reads the user's .bashrc, unless it takes itself for an inner one and finds none. What stands
            // there is no part of a test: it may wait for a lock, or print.
            format!("SetEnv {} SHLVL=1 HOME={here}", session_mark(folder)),
            format!("UsePAM {}", if is_locked(user) { "yes" } else { "no" }),
            // The folder's parents belong to others, as /tmp does.
            "StrictModes no".to_owned(),
            "UseDNS no".to_owned(),
            "LogLevel VERBOSE".to_owned(),
            "Subsystem sftp internal-sftp".to_owned(),
        ];
        ours.extend(self.host_keys.iter().map(|key| format!("HostKey {}", key.path(folder).display())));
        ours.retain(|line| !replaced.contains(&keyword(line)));

        let mut text = String::new();
        for line in general.iter().copied().chain(ours.iter().map(String::as_str)).chain(matches.iter().copied()) {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

/// What stands in the environment of every session, so that what a session left behind can be told from everything else
/// on this machine.
pub(super) fn session_mark(folder: &Path) -> String {
    format!("RUNSHEET_TEST_SSHD={}", folder.display())
}

fn keyword(line: &str) -> String {
    line.split([' ', '\t', '=']).find(|word| !word.is_empty()).unwrap_or_default().to_ascii_lowercase()
}

/// Whether sshd would turn the user away unless PAM is asked: it takes a `!` before the password for a locked account,
/// and that is how Ubuntu leaves root. Without root nobody can tell, sshd as little as we.
fn is_locked(user: &str) -> bool {
    let Ok(shadow) = fs::read_to_string("/etc/shadow") else {
        return false;
    };
    shadow.lines().any(|line| line.strip_prefix(user).is_some_and(|rest| rest.starts_with(":!")))
}
