//! A user certificate lets somebody in wherever its authority is trusted, in OpenSSH's order, and one that cannot count is not shown.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use runsheet_model::{Hop, Phase};

use crate::keys::{Agent, Keys, attempt, refusal, sign, with_identities};
use crate::rig::stdout;
use crate::sshd::Sshd;

/// An sshd that trusts an authority, and no key by itself.
fn trusting(authority: &Path) -> Sshd {
    let public = authority.with_extension("pub");
    let sshd = Sshd::start(&format!("TrustedUserCAKeys {}\nMaxAuthTries 20\nLogLevel DEBUG1", public.display()));
    fs::write(sshd.folder().join("authorized_keys"), "").expect("written");
    sshd
}

/// How often the host was shown a certificate or a key that it took or did not take.
fn shown(sshd: &Sshd) -> Vec<String> {
    let log = sshd.log();
    let lines =
        log.lines().filter(|line| ["Accepted publickey", "Failed publickey"].iter().any(|said| line.contains(said)));
    lines.map(str::to_owned).collect()
}

#[tokio::test]
async fn the_certificate_beside_a_key_lets_somebody_in_with_keys_of_every_kind() {
    let keys = Keys::new();
    let authority = keys.plain("authority", "ed25519");
    let sshd = trusting(&authority);
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let key = keys.plain(kind, kind);
        refusal(with_identities(&sshd, &[&key])).await;
        sign(&authority, &key, &["-n", sshd.user()]);
        let connected =
            attempt(with_identities(&sshd, &[&key])).await.unwrap_or_else(|error| panic!("{kind}: {error:?}"));
        assert_eq!(stdout(&*connected.remote, "echo in").await, "in\n", "{kind}");
        let last = shown(&sshd).pop().expect("a login");
        assert!(last.contains("Accepted publickey") && last.contains("-CERT"), "{last}");
    }
}

#[tokio::test]
async fn a_certificate_goes_before_its_key_and_a_named_one_replaces_the_one_beside_it() {
    let keys = Keys::new();
    let (authority, other) = (keys.plain("authority", "ed25519"), keys.plain("other", "ed25519"));
    let sshd = trusting(&authority);
    let key = keys.plain("key", "ed25519");
    let named = keys.folder.path().join("named");
    fs::rename(sign(&authority, &key, &["-n", sshd.user()]), &named).expect("renamed");
    let beside = sign(&other, &key, &["-n", sshd.user()]);

    // Beside it lies one of an authority that nobody trusts: it is shown before the key.
    let refused = refusal(with_identities(&sshd, &[&key])).await;
    assert_eq!((refused.phase, refused.transient), (Phase::Login, false));
    let tried = format!("in with {}, {};", beside.display(), key.display());
    assert!(refused.reason.contains(&tried), "{tried}: {}", refused.reason);
    assert!(shown(&sshd)[0].contains("-CERT"), "{:?}", shown(&sshd));

    let before = shown(&sshd).len();
    let target = Hop { certificates: Arc::from([named]), ..with_identities(&sshd, &[&key]) };
    attempt(target).await.expect("let in");
    let since = shown(&sshd).split_off(before);
    assert!(since.len() == 1 && since[0].contains("Accepted"), "{since:?}");
}

#[tokio::test]
async fn a_certificate_for_other_people_lets_nobody_in() {
    let keys = Keys::new();
    let authority = keys.plain("authority", "ed25519");
    let sshd = trusting(&authority);
    let key = keys.plain("key", "ed25519");
    sign(&authority, &key, &["-n", "somebody-else"]);

    let refused = refusal(with_identities(&sshd, &[&key])).await;

    assert_eq!((refused.phase, refused.transient), (Phase::Login, false));
    assert!(sshd.log().contains("principal"), "{}", sshd.log());
}

#[tokio::test]
async fn a_certificate_that_cannot_count_is_not_shown_and_the_failure_says_why() {
    let keys = Keys::new();
    let authority = keys.plain("authority", "ed25519");
    let sshd = trusting(&authority);
    for (name, args, said) in [
        ("expired", &["-n", "root", "-V", "20200101:20200102"][..], "the certificate expired "),
        ("early", &["-n", "root", "-V", "+1d:+2d"], "the certificate is valid only in "),
        ("host", &["-h"], "it is a certificate for hosts"),
    ] {
        let key = keys.plain(name, "ed25519");
        let certificate = sign(&authority, &key, args);
        let before = shown(&sshd).len();

        let refused = refusal(with_identities(&sshd, &[&key])).await;

        let passed_over = format!("passed over: {}: {said}", certificate.display());
        assert!(refused.reason.contains(&passed_over), "{passed_over}: {}", refused.reason);
        let since = shown(&sshd).split_off(before);
        assert!(since.len() == 1 && !since[0].contains("-CERT"), "{since:?}");
    }
    // One of another key proves nothing about this one.
    let (key, other) = (keys.plain("mine", "ed25519"), keys.plain("others", "ed25519"));
    let certificate = sign(&authority, &other, &["-n", sshd.user()]);
    let beside = keys.folder.path().join("mine-cert.pub");
    fs::copy(&certificate, &beside).expect("copied");
    let refused = refusal(with_identities(&sshd, &[&key])).await;
    assert!(refused.reason.contains("mine-cert.pub: it is for another key"), "{}", refused.reason);
    let named = [certificate, PathBuf::from("/does/not/exist")];
    let target = Hop { certificates: Arc::from(named), ..with_identities(&sshd, &[&key]) };
    let refused = refusal(target).await;
    assert!(refused.reason.contains("others-cert.pub: its private key is not there"), "{}", refused.reason);
    assert!(refused.reason.contains("/does/not/exist: not there"), "{}", refused.reason);
}

#[tokio::test]
async fn a_certificate_that_the_agent_has_is_shown_before_its_keys_unless_only_named_ones_are_wanted() {
    let keys = Keys::new();
    let authority = keys.plain("authority", "ed25519");
    let sshd = trusting(&authority);
    for kind in ["ed25519", "rsa"] {
        let (other, key) = (keys.plain(&format!("other-{kind}"), kind), keys.plain(&format!("key-{kind}"), kind));
        let certificate = sign(&authority, &key, &["-n", sshd.user()]);
        let agent = Agent::start(&[&other, &key]).await;
        fs::remove_file(certificate).expect("removed");
        let only = Hop { agent: Some(agent.socket()), ..with_identities(&sshd, &[]) };
        let refused = refusal(only.clone()).await;
        assert_eq!(refused.phase, Phase::Local, "{}", refused.reason);

        let before = shown(&sshd).len();
        attempt(Hop { identities_only: false, ..only }).await.unwrap_or_else(|error| panic!("{kind}: {error:?}"));
        let since = shown(&sshd).split_off(before);
        assert!(since.len() == 1 && since[0].contains("-CERT"), "{since:?}");
    }
}

#[tokio::test]
async fn a_key_in_the_agent_and_its_certificate_in_a_file_work_together() {
    let keys = Keys::new();
    let authority = keys.plain("authority", "ed25519");
    let sshd = trusting(&authority);
    for kind in ["ed25519", "rsa"] {
        let key = keys.make(kind, &["-N", "secret", "-t", kind]);
        let agent = Agent::start(&[&key]).await;
        let certificate = sign(&authority, &key, &["-n", sshd.user()]);

        let beside = Hop { agent: Some(agent.socket()), ..with_identities(&sshd, &[&key]) };
        attempt(beside.clone()).await.unwrap_or_else(|error| panic!("{kind}: {error:?}"));

        let named = Hop { certificates: Arc::from([certificate]), identities: Arc::from([]), ..beside };
        let refused = refusal(named.clone()).await;
        assert!(refused.reason.contains("its private key is not there"), "{}", refused.reason);
        attempt(Hop { identities_only: false, ..named }).await.unwrap_or_else(|error| panic!("{kind}: {error:?}"));
    }
}

#[tokio::test]
async fn an_expired_certificate_of_the_agent_is_not_shown() {
    let keys = Keys::new();
    let authority = keys.plain("authority", "ed25519");
    let sshd = trusting(&authority);
    let key = keys.plain("key", "ed25519");
    sign(&authority, &key, &["-n", sshd.user(), "-V", "20200101:20200102"]);
    let agent = Agent::start(&[&key]).await;
    let listed = Command::new("ssh-add").arg("-L").env("SSH_AUTH_SOCK", agent.socket()).output().expect("it starts");
    assert!(String::from_utf8_lossy(&listed.stdout).contains("-cert-v01@openssh.com"));

    let target = Hop { agent: Some(agent.socket()), identities_only: false, ..with_identities(&sshd, &[]) };
    let refused = refusal(target).await;

    assert!(refused.reason.contains("(agent): the certificate expired "), "{}", refused.reason);
    assert!(shown(&sshd).iter().all(|line| !line.contains("-CERT")), "{:?}", shown(&sshd));
}
