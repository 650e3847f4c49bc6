use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::keys::{Keys, sign};

/// The name of the user who may log in. No machine has an account of that name.
pub(crate) const NAME: &str = "rs-tester";

/// The password of that user.
pub(crate) const PASSWORD: &str = "what only tests say";

/// What `openssl passwd -6` makes of it.
const PASSWORD_HASH: &str =
    "$6$runsheettests$aVXjuEL8GTdeg9uA2.Te/1zqOC27U.v9j1JyvXqCeb.TcFcIZydJvhPfCQ2x7D9QyiVGvBtxpA8xt/pk16tgK/";

/// An account that only the servers of one test see: nss_wrapper shows them our files in place of `/etc/passwd` and the like. It has the
/// user number of whoever runs the test, so that nobody needs to be root.
pub(crate) struct Account {
    folder: TempDir,
    keys: Keys,
}

impl Account {
    /// Makes one that lets in by its password, by a key of each kind, and by a certificate.
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix(".runsheet-test-").tempdir_in(safe_folder()).expect("a folder");
        let account = Self { folder, keys: Keys::new() };
        let ssh = account.home().join(".ssh");
        fs::create_dir_all(&ssh).expect("a folder");
        for private in [account.folder.path(), &account.home(), &ssh] {
            fs::set_permissions(private, Permissions::from_mode(0o700)).expect("its owner may");
        }
        let mut allowed = String::new();
        for kind in ["ed25519", "ecdsa", "rsa"] {
            let key = account.keys.plain(&format!("user_{kind}"), kind);
            allowed.push_str(&fs::read_to_string(key.with_extension("pub")).expect("a key"));
        }
        let authority = account.keys.plain("authority", "ed25519");
        sign(&authority, &account.keys.plain("certified", "ed25519"), &["-n", NAME]);
        let authority = fs::read_to_string(authority.with_extension("pub")).expect("a key");
        allowed.push_str(&format!("cert-authority {authority}"));
        account.write("home/.ssh/authorized_keys", &allowed);

        let group = rustix::process::getegid().as_raw();
        account.use_shell("/bin/sh");
        account.write("shadow", &format!("{NAME}:{PASSWORD_HASH}:19000:0:99999:7:::\n"));
        account.write("group", &format!("{NAME}:x:{group}:\n"));
        account
    }

    /// Has its user log in to this shell from now on.
    pub(crate) fn use_shell(&self, shell: &str) {
        let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        let home = self.home();
        // sshd looks up an account for the process that talks to strangers.
        self.write(
            "passwd",
            &format!("{NAME}:x:{user}:{group}::{}:{shell}\nsshd:x:104:65534::/run/sshd:/bin/false\n", home.display()),
        );
    }

    /// A folder for what belongs to a server.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// A private key of the user: `ed25519`, `ecdsa`, `rsa`, all of which are let in.
    pub(crate) fn key(&self, kind: &str) -> PathBuf {
        self.keys.folder.path().join(format!("user_{kind}"))
    }

    /// A private key that is let in by the certificate beside it alone.
    pub(crate) fn certified_key(&self) -> PathBuf {
        self.keys.folder.path().join("certified")
    }

    /// A new key that nobody knows.
    pub(crate) fn new_key(&self, name: &str, kind: &str) -> PathBuf {
        self.keys.plain(name, kind)
    }

    /// Writes a file for the servers.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("its owner may");
        path
    }

    /// Has a server see this account.
    pub(crate) fn show_to(&self, server: &mut Command) {
        let here = self.folder();
        server
            .env("LD_PRELOAD", library("libnss_wrapper.so"))
            .env("NSS_WRAPPER_PASSWD", here.join("passwd"))
            .env("NSS_WRAPPER_SHADOW", here.join("shadow"))
            .env("NSS_WRAPPER_GROUP", here.join("group"));
    }
}

/// Finds a library of Debian, whatever the machine's architecture.
pub(crate) fn library(name: &str) -> PathBuf {
    let folders = fs::read_dir("/usr/lib").expect("a folder").flatten().map(|entry| entry.path().join(name));
    folders.into_iter().find(|path| path.exists()).unwrap_or_else(|| {
        panic!("there is no {name}; scripts/install-test-packages installs it");
    })
}

/// A folder into which nobody else can have put anything, and nobody can have moved it: TinySSH looks at each folder on the way to a key.
fn safe_folder() -> PathBuf {
    let me = rustix::process::geteuid().as_raw();
    let is_safe = |folder: &Path| {
        folder.ancestors().all(|above| {
            fs::metadata(above).is_ok_and(|found| [0, me].contains(&found.uid()) && found.mode() & 0o022 == 0)
        })
    };
    let home = std::env::home_dir().unwrap_or_default();
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let user = PathBuf::from(format!("/run/user/{me}"));
    let found =
        [target, home, user].into_iter().find(|folder| folder.is_absolute() && folder.is_dir() && is_safe(folder));
    found.expect("a folder of ours below folders that only we or root may change")
}
