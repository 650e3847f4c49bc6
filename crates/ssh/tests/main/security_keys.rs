//! Security keys that an agent holds let somebody in. An agent of the test's own stands in for the device: it signs as one does, and
//! sshd checks that.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use runsheet_hostile::wire::{Fields, Message};
use runsheet_model::{Hop, Phase};
use russh::keys::key::safe_rng;
use russh::keys::signature::Signer;
use russh::keys::ssh_key::private::{KeypairData, SkEd25519};
use russh::keys::ssh_key::public::{self, KeyData};
use russh::keys::ssh_key::{EcdsaCurve, LineEnding};
use russh::keys::{Algorithm, PrivateKey};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use crate::keys::{Keys, attempt, refusal, sign};
use crate::rig::{connector, endpoint, hop, stdout};
use crate::sshd::Sshd;

/// A kind of security key, and what its device has inside.
#[derive(Clone)]
struct Kind {
    name: &'static str,
    inside: Algorithm,
    /// How sshd calls it.
    logged: &'static str,
}

const ED25519: Kind = Kind { name: "sk-ssh-ed25519@openssh.com", inside: Algorithm::Ed25519, logged: "ED25519-SK" };
const ECDSA: Kind = Kind {
    name: "sk-ecdsa-sha2-nistp256@openssh.com",
    inside: Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    logged: "ECDSA-SK",
};
const APPLICATION: &str = "ssh:";
/// Somebody touched the device.
const TOUCHED: u8 = 1;

/// The numbers of an agent's messages (RFC 9987).
mod agent {
    pub(super) const FAILURE: u8 = 5;
    pub(super) const LIST: u8 = 11;
    pub(super) const LISTED: u8 = 12;
    pub(super) const SIGN: u8 = 13;
    pub(super) const SIGNED: u8 = 14;
}

/// A device, and the agent that it is plugged into.
struct Device {
    folder: TempDir,
    kind: Kind,
    inside: Arc<PrivateKey>,
    public: Vec<u8>,
}

impl Device {
    /// Makes one that nobody is plugged into.
    fn new(kind: Kind) -> Self {
        let inside = PrivateKey::random(&mut safe_rng(), kind.inside.clone()).expect("a key");
        let public = Message::empty().string(kind.name);
        let public = match inside.public_key().key_data() {
            KeyData::Ed25519(key) => public.string(key.0),
            KeyData::Ecdsa(key) => public.string("nistp256").string(key.as_sec1_bytes()),
            _ => panic!("no device has such a key"),
        };
        let public = public.string(APPLICATION).done();
        Self { folder: tempfile::tempdir().expect("a folder"), kind, inside: Arc::new(inside), public }
    }

    /// Plugs it in: each signature says how it came about. The agent lists it by its key, or by a certificate for that.
    fn plug_in(&self, flags: u8, certificate: Option<Vec<u8>>) {
        let listener = UnixListener::bind(self.socket()).expect("bound");
        let (key, kind) = (Arc::clone(&self.inside), self.kind.name);
        let listed = certificate.unwrap_or_else(|| self.public.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (key, listed) = (Arc::clone(&key), listed.clone());
                // It ends when the client goes.
                tokio::spawn(async move { serve(stream, kind, &key, &listed, flags).await });
            }
        });
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("agent")
    }

    fn public_line(&self) -> String {
        format!("{} {} device\n", self.kind.name, STANDARD.encode(&self.public))
    }

    /// Has a host let it in, with options of authorized_keys.
    fn allow(&self, sshd: &Sshd, options: &str) {
        let line = format!("{options} {}", self.public_line());
        fs::write(sshd.folder().join("authorized_keys"), line.trim_start()).expect("written");
    }

    fn target(&self, sshd: &Sshd) -> Hop {
        Hop { identities: Arc::from([]), identities_only: false, agent: Some(self.socket()), ..hop(sshd, "127.0.0.1") }
    }
}

async fn serve(mut stream: UnixStream, kind: &str, key: &PrivateKey, listed: &[u8], flags: u8) -> io::Result<()> {
    loop {
        let length = stream.read_u32().await?;
        let mut request = vec![0; usize::try_from(length).expect("it fits")];
        stream.read_exact(&mut request).await?;
        let mut fields = Fields::of(&request);
        let answer = match fields.byte()? {
            agent::LIST => Message::new(agent::LISTED).number(1).string(listed).string("device").done(),
            agent::SIGN if fields.string()? == listed => {
                let signature = signature(kind, key, fields.string()?, flags);
                Message::new(agent::SIGNED).string(signature).done()
            }
            _ => vec![agent::FAILURE],
        };
        stream.write_all(&Message::empty().string(answer).done()).await?;
    }
}

/// What a device makes of something that is to be signed (OpenSSH's PROTOCOL.u2f).
fn signature(kind: &str, key: &PrivateKey, message: &[u8], flags: u8) -> Vec<u8> {
    let counter = 7_u32;
    let application = Sha256::digest(APPLICATION);
    let signed = [&application[..], &[flags], &counter.to_be_bytes(), &Sha256::digest(message)].concat();
    let raw = key.try_sign(&signed).expect("signed");
    Message::empty().string(kind).string(raw.as_bytes()).byte(flags).number(counter).done()
}

#[tokio::test]
async fn security_keys_that_the_agent_has_let_somebody_in() {
    let sshd = Sshd::start("");
    for kind in [ED25519, ECDSA] {
        let device = Device::new(kind.clone());
        device.plug_in(TOUCHED, None);
        device.allow(&sshd, "");

        let connected = attempt(device.target(&sshd)).await.unwrap_or_else(|error| panic!("{}: {error:?}", kind.name));

        assert_eq!(stdout(&*connected.remote, "echo in").await, "in\n", "{}", kind.name);
        let log = sshd.log();
        let accepted = log.lines().rfind(|line| line.contains("Accepted publickey")).expect("somebody was let in");
        assert!(accepted.contains(kind.logged), "{accepted}");
    }
}

#[tokio::test]
async fn a_security_key_that_the_agent_has_as_a_certificate_lets_somebody_in() {
    let keys = Keys::new();
    let authority = keys.plain("authority", "ed25519");
    let sshd = Sshd::start(&format!("TrustedUserCAKeys {}", authority.with_extension("pub").display()));
    fs::write(sshd.folder().join("authorized_keys"), "").expect("written");
    let device = Device::new(ED25519);
    let file = keys.folder.path().join("device");
    fs::write(file.with_extension("pub"), device.public_line()).expect("written");
    let certificate = fs::read_to_string(sign(&authority, &file, &["-n", sshd.user()])).expect("a certificate");
    let blob = STANDARD.decode(certificate.split(' ').nth(1).expect("three words")).expect("base64");
    device.plug_in(TOUCHED, Some(blob));

    attempt(device.target(&sshd)).await.unwrap_or_else(|error| panic!("{error:?}"));

    assert!(sshd.log().contains("ED25519-SK-CERT"), "{}", sshd.log());
}

#[tokio::test]
async fn the_file_of_a_security_key_names_the_one_that_the_agent_is_asked_for() {
    let sshd = Sshd::start("");
    let device = Device::new(ED25519);
    device.allow(&sshd, "");
    let point = *device.inside.public_key().key_data().ed25519().expect("of that kind");
    let handle = SkEd25519::new(public::SkEd25519::new(point, APPLICATION), TOUCHED, b"handle".to_vec());
    let stub = PrivateKey::new(KeypairData::SkEd25519(handle.expect("a short one")), "device").expect("a key");
    let locked = stub.encrypt(&mut safe_rng(), "secret").expect("encrypted");
    for (name, key) in [("id_sk", stub), ("locked_sk", locked)] {
        let file = device.folder.path().join(name);
        key.write_openssh_file(&file, LineEnding::LF).expect("written");
        let named = Hop { identities: Arc::from([file]), identities_only: true, ..device.target(&sshd) };

        let without = Hop { agent: None, ..named.clone() };
        let refused = refusal(without.clone()).await;
        assert!(refused.reason.contains(&format!("{name}: a security key, and no agent has it")), "{}", refused.reason);
        // No passphrase would help.
        assert_eq!(connector().survey(&[endpoint(without)]).await.locked, []);

        if !device.socket().exists() {
            device.plug_in(TOUCHED, None);
        }
        attempt(named).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
}

#[tokio::test]
async fn a_security_key_that_nobody_touched_is_for_the_host_to_judge() {
    let sshd = Sshd::start("");
    let device = Device::new(ED25519);
    device.plug_in(0, None);
    device.allow(&sshd, "");

    let refused = refusal(device.target(&sshd)).await;
    assert_eq!((refused.phase, refused.transient), (Phase::Login, false), "{}", refused.reason);
    assert!(refused.reason.contains("device SHA256:"), "{}", refused.reason);

    device.allow(&sshd, "no-touch-required");
    attempt(device.target(&sshd)).await.unwrap_or_else(|error| panic!("{error:?}"));
}
