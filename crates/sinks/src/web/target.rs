use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use runsheet_model::Secret;
use runsheet_outbound::{WebClient, WebError, WebRequest};

use crate::text_or_secret::TextOrSecret;
use crate::{Mistake, SinkError, Surroundings};

/// How long one request may take.
const LIMIT: Duration = Duration::from_secs(5);

/// The largest file of certificates, in bytes. All that Mozilla trusts are a quarter of it.
const LARGEST_AUTHORITY: u64 = 1 << 20;

/// What a web address may be, beyond `https://` and the public internet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reach {
    /// An address of this machine or of a private network.
    pub(crate) private: bool,
    /// `http://`, which everybody on the way can read.
    pub(crate) http: bool,
}

/// A web address that things are posted to. The answer's body is never shown.
pub(crate) struct Target {
    client: WebClient,
    url: Secret<String>,
    /// What it is called in messages.
    called: String,
    headers: Vec<(String, Secret<String>)>,
}

impl Target {
    /// Takes what the settings say; fails if a secret is missing or is no address. `authority` is a file of certificates in PEM, relative to
    /// the project, of those who sign that it is the server, in place of those whom everybody trusts.
    pub(crate) fn new(
        url: &TextOrSecret,
        headers: &BTreeMap<String, TextOrSecret>,
        reach: Reach,
        authority: Option<&str>,
        surroundings: &Surroundings,
    ) -> Result<Self, SinkError> {
        let called = match url {
            TextOrSecret::Text(url) => called(url),
            TextOrSecret::Secret(named) => format!("the address in the secret `{}`", named.secret),
        };
        let url = url.value(surroundings)?;
        let wrong = |mistake: Mistake| SinkError::refused(mistake.what);
        check_text(url.expose(), &called, reach).map_err(wrong)?;
        let headers = headers
            .iter()
            .map(|(name, value)| {
                let value = value.value(surroundings)?;
                check_value(name, value.expose()).map_err(wrong)?;
                Ok((name.clone(), value))
            })
            .collect::<Result<_, SinkError>>()?;
        let client = if reach.private { WebClient::anywhere() } else { WebClient::public_only() };
        let client = match authority {
            Some(file) => trusting(client, &surroundings.root.join(file))?,
            None => client,
        };
        Ok(Self { client, url, called, headers })
    }

    /// The same with something behind the address, such as `/v1/traces`.
    pub(crate) fn below(&self, path: &str) -> Self {
        Self {
            client: self.client.clone(),
            url: Secret::new(format!("{}{path}", self.url.expose().trim_end_matches('/'))),
            called: self.called.clone(),
            headers: self.headers.clone(),
        }
    }

    /// Posts JSON. 2xx is success; 408, 425, 429 and 5xx may go better later; anything else will not.
    pub(crate) fn post(&self, json: Vec<u8>, headers: &[(&str, String)]) -> Result<(), SinkError> {
        let own = [("Content-Type", "application/json".to_owned())];
        let all = own.iter().chain(headers).map(|(name, value)| ((*name).to_owned(), Secret::new(value.clone())));
        let request = WebRequest {
            method: "POST",
            url: self.url.clone(),
            headers: all.chain(self.headers.iter().cloned()).collect(),
            body: Some(Secret::new(json)),
        };
        let called = &self.called;
        match self.client.send(&request, LIMIT) {
            Ok(answer) => match answer.status {
                200..300 => Ok(()),
                408 | 425 | 429 | 500.. => Err(SinkError::unavailable(format!("{called} answered {}", answer.status))),
                300..400 => {
                    let status = answer.status;
                    Err(SinkError::refused(format!("{called} answered {status}; redirects are not followed")))
                }
                status => Err(SinkError::refused(format!("{called} answered {status}"))),
            },
            Err(error @ WebError::Forbidden { .. }) => {
                Err(SinkError::refused(format!("{called} is not used: {error}; `allow_private: true` allows that")))
            }
            // Nothing that waiting for would change.
            Err(error @ WebError::Untrusted { .. }) => Err(SinkError::refused(format!(
                "{called} is not used: {error}; `authority: FILE` names the certificates of those who may sign it"
            ))),
            Err(error) => Err(SinkError::unavailable(format!("{called} is not reached")).because(error)),
        }
    }
}

/// A client that trusts those in a file.
fn trusting(client: WebClient, file: &Path) -> Result<WebClient, SinkError> {
    let setting = format!("`authority`: `{}`", file.display());
    let mut pem = Vec::new();
    File::open(file)
        .and_then(|file| file.take(LARGEST_AUTHORITY).read_to_end(&mut pem))
        .map_err(|error| SinkError::refused(format!("{setting} cannot be read")).because(error))?;
    client.trusting(&pem).ok_or_else(|| SinkError::refused(format!("{setting} holds no certificates in PEM")))
}

/// Checks an address as far as it stands in the settings.
pub(crate) fn check_address(url: &TextOrSecret, reach: Reach) -> Result<(), Mistake> {
    url.text().map_or(Ok(()), |text| check_text(text, &called(text), reach))
}

/// Checks headers as far as they stand in the settings.
pub(crate) fn check_headers(headers: &BTreeMap<String, TextOrSecret>) -> Result<(), Mistake> {
    headers.iter().try_for_each(|(name, value)| check_value(name, value.text().unwrap_or_default()))
}

fn check_text(url: &str, called: &str, reach: Reach) -> Result<(), Mistake> {
    let whole =
        |rest: &str| !rest.is_empty() && !rest.starts_with('/') && !rest.contains(|c: char| c.is_control() || c == ' ');
    match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) if whole(rest) => Ok(()),
        (_, Some(rest)) if whole(rest) && reach.http => Ok(()),
        (_, Some(rest)) if whole(rest) => Err(Mistake::new(format!("{called} is not encrypted"))
            .hint("write `https://`; `allow_http: true` allows that everybody on the way can read it")),
        _ => Err(Mistake::new(format!("{called} is no `https://` address"))),
    }
}

/// An address without what can be a secret in it: its path, and a login.
fn called(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let scheme = if scheme.is_empty() { String::new() } else { format!("{scheme}://") };
    format!("`{}`", runsheet_model::shortened(&format!("{scheme}{host}"), 200))
}

/// RFC 9110, §5.1 and §5.5.
fn check_value(name: &str, value: &str) -> Result<(), Mistake> {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(token) {
        return Err(Mistake::new(format!("`{}` is no name of a header", name.escape_default())));
    }
    if value.contains(char::is_control) {
        return Err(Mistake::new(format!("the value of header `{name}` holds a control character")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_called_by_its_host_alone() {
        assert_eq!(called("https://hooks.example.com/T1/secret?x"), "`https://hooks.example.com`");
        assert_eq!(called("https://user:secret@example.com:8443#x"), "`https://example.com:8443`");
        assert_eq!(called("secret\u{1b}"), "`secret\\x1b`");
    }

    #[test]
    fn s_26_https_is_the_default() {
        let encrypted = Reach::default();
        let open = Reach { http: true, ..encrypted };
        for (url, reach, good) in [
            ("https://example.com/x", encrypted, true),
            ("http://example.com/x", encrypted, false),
            ("http://example.com/x", open, true),
            ("file:///etc/passwd", open, false),
            ("https://", open, false),
            ("https:///x", open, false),
            ("https://a b", open, false),
            ("", open, false),
        ] {
            assert_eq!(check_text(url, "it", reach).is_ok(), good, "{url}");
        }
    }
}
