//! Who may log in does, with the key that is meant, and a refusal is final and says what was tried.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use runsheet_model::{Hop, Phase};
use runsheet_task::Connector;

use crate::keys::{Agent, Keys, allow, attempt, refusal, with_identities};
use crate::rig::{endpoint, hop, stdout};
use crate::sshd::Sshd;

#[tokio::test]
async fn keys_of_every_kind_let_somebody_in() {
    let sshd = Sshd::start("");
    let keys = Keys::new();
    for (name, args) in [
        ("ed25519", &["-N", "", "-t", "ed25519"][..]),
        ("ecdsa-256", &["-N", "", "-t", "ecdsa", "-b", "256"]),
        ("ecdsa-521", &["-N", "", "-t", "ecdsa", "-b", "521"]),
        ("rsa", &["-N", "", "-t", "rsa", "-b", "2048"]),
        ("rsa-pem", &["-N", "", "-t", "rsa", "-b", "2048", "-m", "PEM"]),
        ("ecdsa-pem", &["-N", "", "-t", "ecdsa", "-m", "PEM"]),
    ] {
        let key = keys.make(name, args);
        allow(&sshd, &key);
        let connected =
            attempt(with_identities(&sshd, &[&key])).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(stdout(&*connected.remote, "echo in").await, "in\n", "{name}");
    }
}

#[tokio::test]
async fn the_agent_lets_somebody_in_with_keys_of_every_kind() {
    let sshd = Sshd::start("MaxAuthTries 20");
    let keys = Keys::new();
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let (other, key) = (keys.plain(&format!("other-{kind}"), kind), keys.plain(kind, kind));
        let agent = Agent::start(&[&other, &key]).await;
        allow(&sshd, &key);
        let target = Hop {
            identities: Arc::from([]),
            identities_only: false,
            agent: Some(agent.socket()),
            ..hop(&sshd, "127.0.0.1")
        };
        let connected = attempt(target).await.unwrap_or_else(|error| panic!("{kind}: {error:?}"));
        assert_eq!(stdout(&*connected.remote, "echo in").await, "in\n", "{kind}");
    }
}

#[tokio::test]
async fn an_encrypted_key_needs_the_agent_and_an_agent_that_has_it_is_asked() {
    let sshd = Sshd::start("");
    let keys = Keys::new();
    let key = keys.make("locked", &["-N", "secret", "-t", "ed25519"]);
    allow(&sshd, &key);
    fs::remove_file(key.with_extension("pub")).expect("removed");

    let refused = refusal(with_identities(&sshd, &[&key])).await;
    assert_eq!((refused.phase, refused.transient), (Phase::Local, false));
    assert!(refused.reason.contains("encrypted"), "{}", refused.reason);
    assert!(refused.hint.expect("a hint").contains("ssh-add"));
    assert!(!sshd.log().contains("Connection from"), "{}", sshd.log());

    let other = keys.plain("other", "ed25519");
    let agent = Agent::start(&[&other, &key]).await;
    let target = Hop { agent: Some(agent.socket()), ..with_identities(&sshd, &[&key]) };
    attempt(target).await.expect("let in");
    // Only the configured key was offered.
    assert!(!sshd.log().contains("Failed publickey"), "{}", sshd.log());
}

#[tokio::test]
async fn with_identities_only_other_keys_of_the_agent_are_not_offered() {
    let sshd = Sshd::start("");
    let keys = Keys::new();
    let (mine, others) = (keys.plain("mine", "ed25519"), keys.plain("others", "ed25519"));
    allow(&sshd, &others);
    let agent = Agent::start(&[&others]).await;
    let target = Hop { agent: Some(agent.socket()), ..with_identities(&sshd, &[&mine]) };

    let refused = refusal(target.clone()).await;
    assert_eq!((refused.phase, refused.transient), (Phase::Login, false));
    assert!(refused.reason.contains("mine"), "{}", refused.reason);

    let open = Hop { identities_only: false, ..target };
    attempt(open).await.expect("let in");
}

#[tokio::test]
async fn a_refused_login_is_final_and_names_what_was_tried_and_what_would_do() {
    let sshd = Sshd::start("Banner /etc/hostname\nPasswordAuthentication yes");
    let keys = Keys::new();
    let (one, two) = (keys.plain("one", "ed25519"), keys.plain("two", "ecdsa"));

    let refused = refusal(with_identities(&sshd, &[&one, &two, Path::new("/does/not/exist")])).await;

    assert_eq!((refused.phase, refused.transient), (Phase::Login, false));
    for said in ["/one", "/two", "it accepts publickey", "password", "/does/not/exist: not there"] {
        assert!(refused.reason.contains(said), "{said}: {}", refused.reason);
    }
    assert_eq!(sshd.log().matches("Connection from").count(), 1);
}

#[tokio::test]
async fn a_host_that_has_enough_says_why() {
    let sshd = Sshd::start("MaxAuthTries 2");
    let keys = Keys::new();
    let all: Vec<PathBuf> = (0..5).map(|n| keys.plain(&format!("key{n}"), "ed25519")).collect();
    let all: Vec<&Path> = all.iter().map(PathBuf::as_path).collect();

    let refused = refusal(with_identities(&sshd, &all)).await;

    assert_eq!((refused.phase, refused.transient), (Phase::Login, false));
    assert!(refused.reason.contains("Too many authentication failures"), "{}", refused.reason);
}

#[tokio::test]
async fn a_key_that_others_may_read_is_not_used() {
    let sshd = Sshd::start("");
    let keys = Keys::new();
    let key = keys.plain("open", "ed25519");
    allow(&sshd, &key);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).expect("its owner may");

    let refused = refusal(with_identities(&sshd, &[&key])).await;

    assert_eq!(refused.phase, Phase::Local);
    assert!(refused.reason.contains("others may read it"), "{}", refused.reason);
}

/// An ECDSA key of ssh-keygen whose number has 31 bytes, as that of one in 256. It was made for this test and lets nobody in anywhere.
const SHORT: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\n\
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAaAAAABNlY2RzYS\n\
1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQTAStvpeu3QRv6uxaBXoIzYAgnKQKSs\n\
LZJZgnJjZbU8qKpowT4b78uO6HBNOh9lvv0VhqlRBM3jinhvaceotrpTAAAAoIGFbZ2BhW\n\
2dAAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBMBK2+l67dBG/q7F\n\
oFegjNgCCcpApKwtklmCcmNltTyoqmjBPhvvy47ocE06H2W+/RWGqVEEzeOKeG9px6i2ul\n\
MAAAAfHOf8v9ahjH0E17y/JQ1ab8M2hjtVsXqc5UiTuJKPPAAAAAVzaG9ydAECAwQ=\n\
-----END OPENSSH PRIVATE KEY-----\n";

#[tokio::test]
async fn a_file_that_cannot_be_somebodys_key_is_not_used_and_the_reason_is_told() {
    let sshd = Sshd::start("");
    let keys = Keys::new();
    let private = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("its mode is set");
    let made = |name: &str, content: &[u8]| {
        let path = keys.folder.path().join(name);
        fs::write(&path, content).expect("written");
        private(&path);
        path
    };
    let folder = keys.folder.path().join("folder");
    fs::create_dir(&folder).expect("made");
    let pipe = keys.folder.path().join("pipe");
    assert!(Command::new("mkfifo").args(["-m", "600"]).arg(&pipe).status().expect("mkfifo starts").success());
    let foreign = keys.plain("foreign", "ed25519");
    // Only root can give a file away; for others somebody else's file is one that they cannot read.
    std::os::unix::fs::chown(&foreign, Some(65_534), None).expect("given away");

    for (path, reason) in [
        (made("text", b"no key"), "it is not a private key"),
        (made("empty", b""), "it is not a private key"),
        (made("short", SHORT.as_bytes()), "it is damaged, or one of the few ECDSA keys that runsheet cannot read"),
        (made("large", &vec![b'k'; 2 << 20]), "it is too large for a key"),
        (folder, "it is not a file"),
        (pipe, "it is not a file"),
        (foreign, "it belongs to somebody else"),
    ] {
        let refused = refusal(with_identities(&sshd, &[&path])).await;
        assert_eq!(refused.phase, Phase::Local, "{}", refused.reason);
        let told = format!("{}: {reason}", path.display());
        assert!(refused.reason.contains(&told), "`{told}` is not in `{}`", refused.reason);
        // The others of a list are used all the same.
        assert!(attempt(with_identities(&sshd, &[&path, &sshd.identity()])).await.is_ok(), "{}", path.display());
    }
}

#[tokio::test]
async fn an_agent_that_does_not_answer_costs_its_deadline_and_the_files_are_used() {
    let sshd = Sshd::start("");
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("agent");
    let _silent = std::os::unix::net::UnixListener::bind(&socket).expect("bound");
    let target = Hop { agent: Some(socket), ..hop(&sshd, "127.0.0.1") };
    let settings = runsheet_ssh::SshSettings {
        deadlines: runsheet_ssh::Deadlines {
            agent: std::time::Duration::from_millis(200),
            ..runsheet_ssh::Deadlines::default()
        },
        ..runsheet_ssh::SshSettings::default()
    };
    let connector = runsheet_ssh::SshConnector::new(settings);

    connector.connect(&endpoint(target)).await.expect("let in");
}
