use std::io::Read;
use std::time::Duration;

use runsheet_model::Secret;
use ureq::Agent;
use ureq::config::Config;
use ureq::http::Request;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::transport::DefaultConnector;

use crate::guarded_resolver::GuardedResolver;
use crate::{Lookup, WebError};

/// How much of a body is read, in bytes.
const BODY_CAP: u64 = 64 * 1024;

/// Speaks with web servers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct WebClient {
    agent: Agent,
    tls: TlsConfig,
}

/// What a web server is asked. Also the address can be what lets in, so that everything is a secret.
#[derive(Clone)]
pub struct WebRequest {
    /// Such as `GET`.
    pub method: &'static str,
    /// Where.
    pub url: Secret<String>,
    /// Name and value.
    pub headers: Vec<(String, Secret<String>)>,
    /// What is sent with it.
    pub body: Option<Secret<Vec<u8>>>,
}

/// What a web server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebAnswer {
    /// Its status code.
    pub status: u16,
    /// The beginning of the body, at most 64 KiB.
    pub body: String,
}

impl WebClient {
    /// Connects to whatever address it is given: for requests that somebody has written into a sheet.
    pub fn anywhere() -> Self {
        Self::of(config().new_agent())
    }

    /// Connects to addresses of the public internet only. A name is looked up once, and what came of that is connected to.
    pub fn public_only() -> Self {
        Self::guarded(None)
    }

    /// The same, with names looked up in another way, for tests.
    pub fn public_only_by(lookup: Lookup) -> Self {
        Self::guarded(Some(lookup))
    }

    fn guarded(lookup: Option<Lookup>) -> Self {
        Self::of(Agent::with_parts(config(), DefaultConnector::default(), GuardedResolver::new(lookup)))
    }

    fn of(agent: Agent) -> Self {
        Self { agent, tls: TlsConfig::default() }
    }

    /// The same, trusting servers whose certificates these sign, in place of those whom everybody trusts: certificates in PEM. Nothing if
    /// there is none among them, or if something in them is damaged.
    pub fn trusting(self, authority: &[u8]) -> Option<Self> {
        let items = parse_pem(authority).collect::<Result<Vec<_>, _>>().ok()?;
        let certificate = |item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        };
        let certificates: Vec<Certificate<'static>> = items.into_iter().filter_map(certificate).collect();
        if certificates.is_empty() {
            return None;
        }
        let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&certificates)).build();
        Some(Self { tls, ..self })
    }

    /// Asks, and waits for the answer at most `limit`, half of it for a connection. Any status is an answer, a redirect too.
    pub fn send(&self, request: &WebRequest, limit: Duration) -> Result<WebAnswer, WebError> {
        self.ask(request, limit).map_err(|error| WebError::of(limit, error))
    }

    fn ask(&self, request: &WebRequest, limit: Duration) -> Result<WebAnswer, ureq::Error> {
        let mut builder = Request::builder().method(request.method).uri(request.url.expose().as_str());
        for (name, value) in &request.headers {
            builder = builder.header(name.as_str(), value.expose().as_str());
        }
        // A connection that takes so long is known to have taken nothing yet, which the whole limit would not tell.
        let connecting = limit / 2;
        let response = if let Some(body) = &request.body {
            let request = self.agent.configure_request(builder.body(&body.expose()[..])?).tls_config(self.tls.clone());
            self.agent.run(request.timeout_global(Some(limit)).timeout_connect(Some(connecting)).build())?
        } else {
            let request = self.agent.configure_request(builder.body(())?).tls_config(self.tls.clone());
            self.agent.run(request.timeout_global(Some(limit)).timeout_connect(Some(connecting)).build())?
        };
        let status = response.status().as_u16();
        let mut body = Vec::new();
        response.into_body().into_reader().take(BODY_CAP).read_to_end(&mut body)?;
        Ok(WebAnswer { status, body: String::from_utf8_lossy(&body).into_owned() })
    }
}

/// Takes no proxy from the environment, keeps no connection and follows no redirect.
fn config() -> Config {
    Agent::config_builder()
        .proxy(None)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        // A kept connection would tell how the server was, not how it is.
        .max_idle_connections(0)
        .user_agent(concat!("runsheet/", env!("CARGO_PKG_VERSION")))
        .build()
}
