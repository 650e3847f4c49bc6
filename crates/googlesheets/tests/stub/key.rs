use std::fs;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// An RSA key, made by OpenSSL for this test.
pub struct TestKey {
    folder: TempDir,
}

impl TestKey {
    pub fn make() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let key = Self { folder };
        openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", &key.path("key.pem")]);
        key
    }

    /// The private key, PKCS #8 in PEM.
    pub fn pem(&self) -> String {
        fs::read_to_string(self.path("key.pem")).expect("a key")
    }

    /// The public key, PKCS #1 in DER.
    pub fn public_der(&self) -> Vec<u8> {
        let out = self.path("public.der");
        openssl(&["rsa", "-in", &self.path("key.pem"), "-RSAPublicKey_out", "-outform", "DER", "-out", &out]);
        fs::read(out).expect("a key")
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().expect("text").to_owned()
    }
}

fn openssl(words: &[&str]) {
    let status = Command::new("openssl").args(words).stderr(Stdio::null()).status().expect("openssl runs");
    assert!(status.success(), "openssl {words:?}");
}
