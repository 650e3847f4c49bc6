use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use runsheet_model::Secret;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use crate::GoogleError;
use crate::error::said;

/// What is asked for: to read and write spreadsheets that are shared with the account.
const SCOPE: &str = "https://www.googleapis.com/auth/spreadsheets";

/// How long an assertion is good. Google takes at most an hour.
const GOOD_FOR: Duration = Duration::from_hours(1);

/// A service account of Google, with its key.
pub struct ServiceAccount {
    email: String,
    token_uri: String,
    key: RsaKeyPair,
}

/// What of a key file is read.
#[derive(Deserialize)]
struct KeyFile {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    client_email: String,
    #[serde(default)]
    private_key: Zeroizing<String>,
    #[serde(default = "default_token_uri")]
    token_uri: String,
}

fn default_token_uri() -> String {
    "https://oauth2.googleapis.com/token".to_owned()
}

impl ServiceAccount {
    /// Reads the JSON of a key file.
    pub fn parse(json: &str) -> Result<Self, GoogleError> {
        // What the parser says of a wrong value quotes it, and it could be the key.
        let file: KeyFile = serde_json::from_str(json)
            .map_err(|error| GoogleError::bad_key(format!("line {} is not the JSON of a key file", error.line())))?;
        if file.kind != "service_account" {
            return Err(GoogleError::bad_key("its `type` is not `service_account`"));
        }
        if file.client_email.is_empty() {
            return Err(GoogleError::bad_key("it has no `client_email`"));
        }
        let der = Zeroizing::new(der(&file.private_key)?);
        let key = RsaKeyPair::from_pkcs8(&der)
            .map_err(|error| GoogleError::bad_key(format!("its `private_key` is no RSA key in PKCS #8 ({error})")))?;
        Ok(Self { email: said(&file.client_email), token_uri: file.token_uri, key })
    }

    /// Its address, with which a sheet is shared.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// Where it gets its tokens.
    pub(crate) fn token_uri(&self) -> &str {
        &self.token_uri
    }

    /// Makes the assertion by which it gets a token: a JWT signed with RS256 (RFC 7523 §3, RFC 7519).
    pub(crate) fn assertion(&self, now: SystemTime) -> Result<Secret<String>, GoogleError> {
        let issued = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let claims = json!({
            "iss": self.email,
            "scope": SCOPE,
            "aud": self.token_uri,
            "iat": issued,
            "exp": issued + GOOD_FOR.as_secs(),
        });
        let header = json!({"alg": "RS256", "typ": "JWT"});
        let mut text = format!("{}.{}", part(&header), part(&claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .map_err(|_| GoogleError::bad_key("nothing can be signed with it"))?;
        text.push('.');
        text.push_str(&URL_SAFE_NO_PAD.encode(signature));
        Ok(Secret::new(text))
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount").field("email", &self.email).finish_non_exhaustive()
    }
}

fn part(value: &serde_json::Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The bytes of a PEM text (RFC 7468) that is a private key in PKCS #8.
fn der(pem: &str) -> Result<Vec<u8>, GoogleError> {
    let wrong = || GoogleError::bad_key("its `private_key` is no private key in PEM");
    let inner = pem
        .split_once("-----BEGIN PRIVATE KEY-----")
        .and_then(|(_, rest)| rest.split_once("-----END PRIVATE KEY-----"))
        .map(|(inner, _)| inner)
        .ok_or_else(wrong)?;
    let digits: Zeroizing<String> = Zeroizing::new(inner.chars().filter(|c| !c.is_ascii_whitespace()).collect());
    STANDARD.decode(digits.as_bytes()).map_err(|_| wrong())
}
