use std::io::{ErrorKind, Read};
use std::time::{Duration, SystemTime};

use jiff::fmt::rfc2822;
use runsheet_model::Secret;
use ureq::http::{Request, Response};
use ureq::{Agent, Body, Proxy};

use crate::error::said;
use crate::{GoogleError, GoogleSettings};

/// The largest answer, in bytes: 50,000 rows of a deploy sheet have less than half of it.
pub(crate) const LARGEST: u64 = 128 << 20;

/// Sends requests and reads answers, each within a limit.
#[derive(Debug)]
pub(crate) struct Transport {
    agent: Agent,
}

/// What is sent.
pub(crate) struct Outgoing<'a> {
    pub(crate) url: &'a str,
    pub(crate) token: Option<&'a Secret<String>>,
    pub(crate) content_type: &'static str,
    /// Without a body it is a GET, with one a POST.
    pub(crate) body: Option<&'a [u8]>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// How long to wait before it is asked once more.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

/// Why nothing came back.
pub(crate) struct NoAnswer {
    pub(crate) error: GoogleError,
    /// Whether it can go well another time.
    pub(crate) passing: bool,
}

impl Transport {
    pub(crate) fn new(settings: &GoogleSettings) -> Result<Self, GoogleError> {
        let proxy = match &settings.proxy {
            Some(text) => {
                // It may hold a password, which is not told.
                let shown = said(text.rsplit('@').next().unwrap_or_default());
                Some(Proxy::new(text).map_err(|_| GoogleError::BadProxy { proxy: shown })?)
            }
            None => None,
        };
        let config = Agent::config_builder()
            .proxy(proxy)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("runsheet/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { agent: config.new_agent() })
    }

    /// Sends a request and reads its answer, at most [`LARGEST`] bytes.
    pub(crate) fn send(&self, request: &Outgoing<'_>, limit: Duration) -> Result<Answer, NoAnswer> {
        let server = server(request.url);
        let response = self.response(request, limit).map_err(|error| no_answer(&server, limit, &error))?;
        let status = response.status().as_u16();
        let retry_after =
            response.headers().get("retry-after").and_then(|value| value.to_str().ok()).and_then(read_retry_after);
        let mut body = Vec::new();
        let mut reader = response.into_body().into_reader().take(LARGEST + 1);
        reader.read_to_end(&mut body).map_err(|error| no_answer(&server, limit, &error.into()))?;
        if body.len() as u64 > LARGEST {
            return Err(NoAnswer { error: GoogleError::TooLarge { bytes: LARGEST }, passing: false });
        }
        Ok(Answer { status, retry_after, body })
    }

    fn response(&self, request: &Outgoing<'_>, limit: Duration) -> Result<Response<Body>, ureq::Error> {
        let mut builder = Request::builder().uri(request.url);
        if let Some(token) = request.token {
            builder = builder.header("authorization", format!("Bearer {}", token.expose()));
        }
        let Some(body) = request.body else {
            let configured = self.agent.configure_request(builder.body(())?).timeout_global(Some(limit)).build();
            return self.agent.run(configured);
        };
        let request = builder.method("POST").header("content-type", request.content_type).body(body)?;
        self.agent.run(self.agent.configure_request(request).timeout_global(Some(limit)).build())
    }
}

/// Refuses to send a token where others can read it.
pub(crate) fn check_url(url: &str) -> Result<(), GoogleError> {
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let loopback = ["127.0.0.1", "localhost", "[::1]"]
        .iter()
        .any(|name| authority.strip_prefix(name).is_some_and(|port| port.is_empty() || port.starts_with(':')));
    if (scheme == "https" && !authority.is_empty() && !authority.contains('@')) || (scheme == "http" && loopback) {
        return Ok(());
    }
    Err(GoogleError::Insecure { url: said(url) })
}

/// Host and port of an address.
pub(crate) fn server(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    said(rest.split(['/', '?', '#']).next().unwrap_or_default())
}

fn no_answer(server: &str, limit: Duration, error: &ureq::Error) -> NoAnswer {
    let server = server.to_owned();
    let unreached = |why: String, passing| NoAnswer {
        error: GoogleError::Unreached { server: server.clone(), why: said(&why) },
        passing,
    };
    match error {
        ureq::Error::Timeout(_) => NoAnswer { error: GoogleError::TimedOut { server, limit }, passing: true },
        ureq::Error::Io(error) if error.kind() == ErrorKind::TimedOut => {
            NoAnswer { error: GoogleError::TimedOut { server, limit }, passing: true }
        }
        ureq::Error::Io(error) => unreached(error.to_string(), true),
        ureq::Error::HostNotFound => unreached("there is no host of this name".to_owned(), true),
        error => unreached(error.to_string(), false),
    }
}

/// Reads `Retry-After`: seconds, or a date (RFC 9110 §10.2.3).
fn read_retry_after(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let then = SystemTime::from(rfc2822::parse(text.trim()).ok()?.timestamp());
    Some(then.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_travels_only_where_nobody_reads_it() {
        for good in
            ["https://sheets.googleapis.com", "http://127.0.0.1:8080/x", "http://localhost:1", "http://[::1]:1/"]
        {
            assert_eq!(check_url(good), Ok(()), "{good}");
        }
        let bad =
            ["http://sheets.googleapis.com", "http://127.0.0.1.example.com/", "http://localhost@example.com/", "x"];
        for bad in bad.into_iter().chain(["https://", "https://127.0.0.1@example.com", "ftp://127.0.0.1/"]) {
            assert!(check_url(bad).is_err(), "{bad} was taken");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(read_retry_after(" 7"), Some(Duration::from_secs(7)));
        assert_eq!(read_retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert!(read_retry_after("Wed, 21 Oct 2099 07:28:00 GMT").expect("a date") > Duration::from_hours(24));
        assert_eq!(read_retry_after("soon"), None);
    }
}
