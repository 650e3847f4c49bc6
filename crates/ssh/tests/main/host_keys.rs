//! A host is who it should be, by OpenSSH's own rules, or it is not talked to.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use runsheet_model::{Hop, HostKeyMode, HostKeys, Phase, Unreachable};
use runsheet_task::{Connected, Connector};
use tempfile::TempDir;

use crate::rig::{connector, endpoint, hop, host_keys};
use crate::sshd::Sshd;
use crate::sshd_config::{HostKey, SshdConfig};

const BOTH: [HostKeyMode; 2] = [HostKeyMode::Strict, HostKeyMode::AcceptNew];

fn ecdsa_only() -> Sshd {
    Sshd::start_with(&SshdConfig { host_keys: &[HostKey::Ecdsa], ..SshdConfig::default() })
}

fn public(sshd: &Sshd, kind: &str) -> String {
    let text = fs::read_to_string(sshd.folder().join(format!("host_{kind}.pub"))).expect("a public key");
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// Makes a key that no host has.
fn other_key(folder: &Path, kind: &str) -> String {
    let path = folder.join(format!("other_{kind}"));
    keygen(&["-q", "-N", "", "-t", kind, "-f", path.to_str().expect("text")]);
    let text = fs::read_to_string(path.with_extension("pub")).expect("a public key");
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

fn keygen(args: &[&str]) -> String {
    let output = Command::new("ssh-keygen").args(args).output().expect("ssh-keygen starts");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn with_keys(sshd: &Sshd, mode: HostKeyMode, file: &Path) -> Hop {
    Hop { host_keys: host_keys(mode, file.to_owned()), ..hop(sshd, "127.0.0.1") }
}

async fn attempt(hop: Hop) -> Result<Connected, Unreachable> {
    connector().connect(&endpoint(hop)).await
}

async fn refusal(hop: Hop) -> Unreachable {
    match attempt(hop).await {
        Ok(_) => panic!("it was let in"),
        Err(unreachable) => unreachable,
    }
}

struct File {
    folder: TempDir,
}

impl File {
    fn new(text: &str) -> Self {
        let file = Self::missing();
        fs::write(file.path(), text).expect("written");
        file
    }

    fn missing() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("known_hosts")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).expect("it is there")
    }
}

#[tokio::test]
async fn an_unknown_host_is_refused_in_strict_mode_and_learned_in_the_other() {
    let sshd = Sshd::start("");
    let file = File::missing();

    let refused = refusal(with_keys(&sshd, HostKeyMode::Strict, &file.path())).await;
    assert_eq!((refused.phase, refused.transient), (Phase::HostKey, false));
    assert!(!file.path().exists());

    let learned = attempt(with_keys(&sshd, HostKeyMode::AcceptNew, &file.path())).await.expect("learned");
    assert!(learned.learned);
    assert!(refused.reason.contains(&learned.host_key), "{}", refused.reason);
    assert_eq!(file.text(), format!("[127.0.0.1]:{} {}\n", sshd.port(), public(&sshd, "ed25519")));
    assert_eq!(fs::metadata(file.path()).expect("there").permissions().mode() & 0o777, 0o600);

    let known = attempt(with_keys(&sshd, HostKeyMode::Strict, &file.path())).await.expect("known");
    assert!(!known.learned);
    let printed = keygen(&["-l", "-f", sshd.folder().join("host_ed25519.pub").to_str().expect("text")]);
    assert!(printed.contains(&known.host_key), "{printed} {}", known.host_key);
}

#[tokio::test]
async fn a_host_that_offers_a_key_of_another_type_than_the_recorded_one_is_refused_in_both_modes() {
    let sshd = ecdsa_only();
    let file = File::missing();
    let recorded = other_key(file.folder.path(), "ed25519");
    let text = format!("[127.0.0.1]:{} {recorded}\n", sshd.port());
    fs::write(file.path(), &text).expect("written");
    for mode in BOTH {
        let refused = refusal(with_keys(&sshd, mode, &file.path())).await;

        assert_eq!((refused.phase, refused.transient), (Phase::HostKey, false), "{mode:?}");
        assert!(refused.reason.contains("has changed"), "{}", refused.reason);
        assert!(refused.reason.contains(&format!("{}:1", file.path().display())), "{}", refused.reason);
        assert!(refused.hint.expect("a hint").contains("ssh-keygen -R"));
        assert_eq!(file.text(), text);
    }
}

#[tokio::test]
async fn a_changed_key_is_refused_with_both_fingerprints() {
    let sshd = Sshd::start("");
    let file = File::missing();
    let recorded = other_key(file.folder.path(), "ed25519");
    fs::write(file.path(), format!("\n# old\n[127.0.0.1]:{} {recorded}", sshd.port())).expect("written");

    for mode in BOTH {
        let refused = refusal(with_keys(&sshd, mode, &file.path())).await;
        for key in [file.folder.path().join("other_ed25519.pub"), sshd.folder().join("host_ed25519.pub")] {
            let print = keygen(&["-l", "-f", key.to_str().expect("text")]);
            let print = print.split(' ').nth(1).expect("a fingerprint");
            assert!(refused.reason.contains(print), "{}", refused.reason);
        }
        assert!(refused.reason.contains("known_hosts:3"), "{}", refused.reason);
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_in_both_modes_whatever_else_is_on_record() {
    let sshd = Sshd::start("");
    let key = public(&sshd, "ed25519");
    let file = File::new(&format!("* {key}\n@revoked * {key}\n"));
    for mode in BOTH {
        let refused = refusal(with_keys(&sshd, mode, &file.path())).await;
        assert_eq!(refused.phase, Phase::HostKey);
        assert!(refused.reason.contains("revoked"), "{}", refused.reason);
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_not_taken_for_an_empty_one() {
    let sshd = Sshd::start("");
    let file = File::missing();
    let folder = file.folder.path().to_owned();
    let looped = folder.join("loop");
    std::os::unix::fs::symlink(&looped, &looped).expect("linked");
    let open = folder.join("open");
    fs::write(&open, "").expect("written");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o666)).expect("its owner may");
    for path in [folder, looped, open] {
        for mode in BOTH {
            let refused = refusal(with_keys(&sshd, mode, &path)).await;
            assert_eq!((refused.phase, refused.transient), (Phase::Local, false), "{}", path.display());
        }
    }
    assert!(!sshd.log().contains("Connection from"), "the host has heard of it: {}", sshd.log());
}

#[tokio::test]
async fn fifty_connections_at_once_learn_fifty_sound_lines() {
    let sshd = Sshd::start_with(&SshdConfig { address: "0.0.0.0", extra: "MaxStartups 100", ..SshdConfig::default() });
    let file = File::new("# without an end of line");
    let shared = Arc::new(connector());
    let keys = host_keys(HostKeyMode::AcceptNew, file.path());

    let all = (1..=50).map(|n| {
        let shared = Arc::clone(&shared);
        let target = Hop { host_keys: Arc::clone(&keys), ..hop(&sshd, &format!("127.0.1.{n}")) };
        tokio::spawn(async move { shared.connect(&endpoint(target)).await.expect("learned").learned })
    });
    for learned in futures::future::join_all(all.collect::<Vec<_>>()).await {
        assert!(learned.expect("no panic"));
    }

    let text = file.text();
    assert_eq!(text.lines().count(), 51, "{text}");
    let path = file.path();
    for n in 1..=50 {
        let name = format!("[127.0.1.{n}]:{}", sshd.port());
        keygen(&["-F", &name, "-f", path.to_str().expect("text")]);
    }
    let again = attempt(Hop { host_keys: host_keys(HostKeyMode::Strict, path), ..hop(&sshd, "127.0.1.17") });
    assert!(!again.await.expect("known").learned);
}

#[tokio::test]
async fn one_host_that_is_learned_by_many_at_once_is_learned_once() {
    let sshd = Sshd::start("MaxStartups 100");
    let file = File::missing();
    // Two that know nothing of each other, as two programs would.
    let connectors = [Arc::new(connector()), Arc::new(connector())];
    let target = with_keys(&sshd, HostKeyMode::AcceptNew, &file.path());

    let all = (0..20).map(|n| {
        let (connector, target) = (Arc::clone(&connectors[n % 2]), target.clone());
        tokio::spawn(async move { connector.connect(&endpoint(target)).await.expect("let in").learned })
    });
    let all = futures::future::join_all(all.collect::<Vec<_>>()).await;

    let learned = all.into_iter().filter(|learned| *learned.as_ref().expect("no panic")).count();
    assert_eq!(learned, 1);
    assert_eq!(file.text().lines().count(), 1);
}

#[tokio::test]
async fn a_key_that_was_gathered_is_learned_only_while_nothing_is_on_record() {
    let (sshd, file) = (Sshd::start(""), File::missing());
    let hop = with_keys(&sshd, HostKeyMode::Strict, &file.path());
    let connector = connector();
    for _ in 0..2 {
        let refused = connector.connect(&endpoint(hop.clone())).await.map(|_| ()).expect_err("it was let in");
        assert_eq!(refused.phase, Phase::HostKey, "{}", refused.reason);
    }
    let keys = connector.take_unknown_keys();
    assert_eq!(keys.len(), 1, "each is given out once");
    assert!(connector.take_unknown_keys().is_empty());
    let path = sshd.folder().join("host_ed25519.pub");
    assert!(keygen(&["-lf", path.to_str().expect("text")]).contains(&keys[0].fingerprint()));

    // Somebody else is faster, with another key.
    let text = format!("[127.0.0.1]:{} {}\n", sshd.port(), other_key(file.folder.path(), "ecdsa"));
    fs::write(file.path(), &text).expect("written");
    let refused = connector.learn(&keys[0]).await.expect_err("it was learned");
    assert!(refused.reason.contains("has changed"), "{}", refused.reason);
    assert_eq!(file.text(), text);
    assert!(!sshd.log().contains("Accepted "), "{}", sshd.log());
}

#[tokio::test]
async fn a_learned_name_is_hashed_where_the_others_are() {
    let sshd = Sshd::start("");
    let file = File::missing();
    let other = other_key(file.folder.path(), "ed25519");
    fs::write(file.path(), format!("elsewhere {other}\n")).expect("written");
    keygen(&["-H", "-f", file.path().to_str().expect("text")]);

    attempt(with_keys(&sshd, HostKeyMode::AcceptNew, &file.path())).await.expect("learned");

    let text = file.text();
    assert!(!text.contains("127.0.0.1"), "{text}");
    let name = format!("[127.0.0.1]:{}", sshd.port());
    keygen(&["-F", &name, "-f", file.path().to_str().expect("text")]);
    attempt(with_keys(&sshd, HostKeyMode::Strict, &file.path())).await.expect("known");
}

/// Every kind of record, judged by us and by the real ssh.
#[tokio::test]
async fn what_is_on_record_means_to_us_what_it_means_to_ssh() {
    let sshd = Sshd::start("");
    let port = sshd.port();
    let keys = tempfile::tempdir().expect("a folder");
    let (right, wrong) = (public(&sshd, "ed25519"), other_key(keys.path(), "ed25519"));
    let ecdsa = other_key(keys.path(), "ecdsa");
    let long = "x".repeat(10 * 1024 * 1024);
    let hashed = File::new(&format!("[127.0.0.1]:{port} {right}\n"));
    keygen(&["-H", "-f", hashed.path().to_str().expect("text")]);
    let cases = [
        format!("[127.0.0.1]:{port} {right}\n"),
        format!("[127.0.0.1]:{port} {right}"),
        format!("[127.0.0.1]:{port}\t{right}\tcomment\r\n"),
        format!("  [127.0.0.1]:{port},other {right}\n"),
        format!("[127.0.0.1]:{port} {wrong}\n"),
        format!("[127.0.0.1]:{port} {wrong}\n[127.0.0.1]:{port} {right}\n"),
        format!("[127.0.0.1]:{port} {ecdsa}\n"),
        format!("[127.0.0.1]:{port} {ecdsa}\n[127.0.0.1]:{port} {right}\n"),
        format!("127.0.0.1 {right}\n"),
        format!("127.0.0.1 {wrong}\n"),
        format!("[127.0.0.*]:{port} {right}\n"),
        format!("[127.0.0.?]:* {right}\n"),
        format!("*,![127.0.0.1]:{port} {right}\n"),
        format!("![127.0.0.2]:{port},* {right}\n"),
        format!("* {right}\n@revoked * {right}\n"),
        format!("@revoked elsewhere {right}\n* {right}\n"),
        format!("@cert-authority * {right}\n"),
        format!("@strange * {right}\n"),
        format!("# [127.0.0.1]:{port} {right}\n"),
        format!("[127.0.0.1]:{port} ssh-rsa {}\n", right.split(' ').nth(1).expect("a key")),
        format!("{long}\n[127.0.0.1]:{port} {right}\n"),
        format!("\0\u{fe}binary\n\n[127.0.0.1]:{port} {right}\n"),
        hashed.text(),
        String::new(),
    ];
    for text in cases {
        let file = File::new(&text);
        let ours = attempt(with_keys(&sshd, HostKeyMode::Strict, &file.path())).await;
        let theirs = Command::new("ssh")
            .args(["-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"])
            .args(["-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "GlobalKnownHostsFile=none"])
            .args(["-o", "CheckHostIP=no", "-o", "UpdateHostKeys=no"])
            .arg("-o")
            .arg(format!("UserKnownHostsFile={}", file.path().display()))
            .arg("-i")
            .arg(sshd.identity())
            .args(["-l", sshd.user(), "-p", &port.to_string(), "127.0.0.1", "true"])
            .output()
            .expect("ssh starts");
        let shown = &text[..text.len().min(200)];
        let ours = ours.map(|connected| connected.host_key);
        assert_eq!(
            ours.is_ok(),
            theirs.status.success(),
            "{shown}: ours {ours:?}, theirs {}",
            String::from_utf8_lossy(&theirs.stderr)
        );
    }
}

struct Authority {
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        other_key(folder.path(), "ed25519");
        Self { folder }
    }

    fn public(&self) -> String {
        let text = fs::read_to_string(self.folder.path().join("other_ed25519.pub")).expect("a key");
        text.split(' ').take(2).collect::<Vec<_>>().join(" ")
    }

    /// Has the host's key certified, and starts a host that shows the certificate.
    fn certify(&self, args: &[&str]) -> Sshd {
        let folder = self.folder.path();
        let key = folder.join("certified");
        if !key.exists() {
            keygen(&["-q", "-N", "", "-t", "ed25519", "-f", key.to_str().expect("text")]);
        }
        let authority = folder.join("other_ed25519");
        let mut all = vec!["-q", "-s", authority.to_str().expect("text"), "-I", "test"];
        all.extend(args);
        let public = key.with_extension("pub");
        all.push(public.to_str().expect("text"));
        keygen(&all);
        let extra = format!("HostKey {0}\nHostCertificate {0}-cert.pub", key.display());
        Sshd::start(&extra)
    }
}

#[tokio::test]
async fn a_host_with_a_certificate_of_an_authority_on_record_is_let_in() {
    let authority = Authority::new();
    let sshd = authority.certify(&["-h", "-n", "127.0.0.1", "-V", "-1d:+1d"]);
    let file = File::new(&format!("@cert-authority [127.0.0.1]:* {}\n", authority.public()));

    let known = attempt(with_keys(&sshd, HostKeyMode::Strict, &file.path())).await.expect("certified");

    assert!(!known.learned);
}

#[tokio::test]
async fn a_certificate_that_proves_nothing_is_refused_before_the_login() {
    let authority = Authority::new();
    let other = Authority::new();
    for (args, trusted, why) in [
        (&["-h", "-n", "127.0.0.1", "-V", "-2d:-1d"][..], &authority, "expired"),
        (&["-h", "-n", "127.0.0.1", "-V", "+1d:+2d"], &authority, "not valid yet"),
        (&["-h", "-n", "elsewhere"], &authority, "does not name"),
        (&["-h"], &authority, "does not name"),
        (&["-h", "-n", "127.0.0.1"], &other, "no authority"),
    ] {
        let sshd = authority.certify(args);
        let file = File::new(&format!("@cert-authority * {}\n", trusted.public()));
        for mode in BOTH {
            let refused = refusal(with_keys(&sshd, mode, &file.path())).await;
            assert_eq!(refused.phase, Phase::HostKey, "{why}: {}", refused.reason);
            assert!(refused.reason.contains(why), "{why}: {}", refused.reason);
        }
        assert!(!sshd.log().contains("Accepted"), "{why}");
    }
}

#[tokio::test]
async fn an_alias_stands_for_address_and_port() {
    let sshd = Sshd::start("");
    let file = File::new(&format!("web-alias {}\n", public(&sshd, "ed25519")));
    let target =
        Hop { host_key_alias: Some("WEB-alias".to_owned()), ..with_keys(&sshd, HostKeyMode::Strict, &file.path()) };
    attempt(target).await.expect("known by its alias");
}

#[tokio::test]
async fn a_key_of_a_type_on_record_is_asked_for_first_and_global_files_count() {
    let sshd = Sshd::start_with(&SshdConfig {
        host_keys: &[HostKey::Ed25519, HostKey::Ecdsa, HostKey::Rsa],
        ..SshdConfig::default()
    });
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let file = File::new(&format!("[127.0.0.1]:{} {}\n", sshd.port(), public(&sshd, kind)));
        let target = Hop {
            host_keys: Arc::new(HostKeys {
                mode: HostKeyMode::AcceptNew,
                user_files: vec![file.folder.path().join("none")],
                global_files: vec![file.path()],
            }),
            ..hop(&sshd, "127.0.0.1")
        };
        assert!(!attempt(target).await.expect("known").learned, "{kind}");
    }
}
