use std::io::{ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use runsheet_model::{format_chosen_duration, visible};
use runsheet_task::{HttpAnswer, HttpRequest, Local, LocalError, LocalFile, Mail};
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use ureq::Agent;
use ureq::http::Request;

use crate::mailer::{MailError, send};
use crate::project_files::hashed;
use crate::unsent::nothing_was_sent;

/// How much of a body is read, in bytes.
const BODY_CAP: u64 = 64 * 1024;

/// The machine that runs runsheet. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ThisMachine {
    agent: Agent,
}

impl ThisMachine {
    /// Takes no proxy from the environment, keeps no connection and follows no redirect.
    pub fn new() -> Self {
        let config = Agent::config_builder()
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            // A kept connection would tell how the server was, not how it is.
            .max_idle_connections(0)
            .user_agent(concat!("runsheet/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.new_agent() }
    }
}

impl Default for ThisMachine {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Local for ThisMachine {
    async fn http(&self, request: &HttpRequest, limit: Duration) -> Result<HttpAnswer, LocalError> {
        let agent = self.agent.clone();
        let what = request.called.clone();
        let request = request.clone();
        // The thread has the limit too and ends by itself; nobody waits for it, even if a name lookup holds it up.
        match timeout(limit, spawn_blocking(move || ask(&agent, &request, limit))).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(error))) => Err(explained(&what, limit, error)),
            Err(_) => Err(timed_out(&what, limit)),
            Ok(Err(error)) => Err(failed(&what, &error.to_string())),
        }
    }

    async fn mail(&self, mail: &Mail, limit: Duration) -> Result<(), LocalError> {
        let what = format!("{}:{}", mail.server, mail.port);
        let mail = mail.clone();
        // As above. What is asked of the server has its limits one by one.
        match timeout(limit, spawn_blocking(move || send(&mail, limit))).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(MailError::Wrong(reason)))) => Err(failed(&what, &reason)),
            Ok(Ok(Err(MailError::Unreached(reason)))) => Err(unreached(&what, &reason)),
            Ok(Ok(Err(MailError::TimedOut))) | Err(_) => Err(timed_out(&what, limit)),
            Ok(Err(error)) => Err(failed(&what, &error.to_string())),
        }
    }

    async fn connect(&self, address: &str, port: u16, limit: Duration) -> Result<(), LocalError> {
        let what = if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") };
        match timeout(limit, TcpStream::connect((address, port))).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(explained(&what, limit, error.into())),
            Err(_) => Err(timed_out(&what, limit)),
        }
    }

    async fn hash_file(&self, path: &Path, limit: Duration) -> Result<LocalFile, LocalError> {
        let file = path.to_owned();
        // Nobody waits for the thread, even if a disk holds it up.
        let reason = match timeout(limit, spawn_blocking(move || hashed(file))).await {
            Ok(Ok(Ok(file))) => return Ok(file),
            Ok(Ok(Err(error))) => error.to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("it was not read to its end within {}", format_chosen_duration(limit)),
        };
        Err(LocalError::File { path: visible(path.as_os_str().as_encoded_bytes()), reason: visible(reason.as_bytes()) })
    }
}

fn ask(agent: &Agent, request: &HttpRequest, limit: Duration) -> Result<HttpAnswer, ureq::Error> {
    let mut builder = Request::builder().method(request.method).uri(request.url.expose().as_str());
    for (name, value) in &request.headers {
        builder = builder.header(name.as_str(), value.expose().as_str());
    }
    let body = request.body.as_ref().map_or(&[][..], |body| body.expose());
    // A connection that takes so long is known to have taken nothing yet, which the whole limit would not tell.
    let connecting = limit / 2;
    let response = if request.body.is_some() {
        let request = builder.body(body)?;
        let request = agent.configure_request(request);
        agent.run(request.timeout_global(Some(limit)).timeout_connect(Some(connecting)).build())?
    } else {
        let request = agent.configure_request(builder.body(())?);
        agent.run(request.timeout_global(Some(limit)).timeout_connect(Some(connecting)).build())?
    };
    let status = response.status().as_u16();
    let mut body = Vec::new();
    response.into_body().into_reader().take(BODY_CAP).read_to_end(&mut body)?;
    Ok(HttpAnswer { status, body: String::from_utf8_lossy(&body).into_owned() })
}

/// Tells what kept an answer from coming, and whether anything can have been sent. No part of an address is in it: that can be a
/// secret.
fn explained(what: &str, limit: Duration, error: ureq::Error) -> LocalError {
    use ureq::Timeout::{Connect, Resolve};
    match error {
        ureq::Error::Timeout(Connect | Resolve) => unreached(what, "it takes no connection"),
        ureq::Error::Timeout(_) => timed_out(what, limit),
        // While a body is read, running out of time comes as an I/O error.
        ureq::Error::Io(error) if error.kind() == ErrorKind::TimedOut => timed_out(what, limit),
        ureq::Error::Io(error) if nothing_was_sent(&error) => unreached(what, &error.to_string()),
        ureq::Error::HostNotFound => unreached(what, "there is no host of this name"),
        ureq::Error::BadUri(_) => unreached(what, "it is no web address"),
        ureq::Error::Http(error) => unreached(what, &error.to_string()),
        ureq::Error::Rustls(error) => failed(what, &error.to_string()),
        error => failed(what, &error.to_string()),
    }
}

fn timed_out(what: &str, limit: Duration) -> LocalError {
    LocalError::TimedOut { what: visible(what.as_bytes()), limit }
}

fn unreached(what: &str, reason: &str) -> LocalError {
    LocalError::Unreached { what: visible(what.as_bytes()), reason: visible(reason.as_bytes()) }
}

fn failed(what: &str, reason: &str) -> LocalError {
    LocalError::Failed { what: visible(what.as_bytes()), reason: visible(reason.as_bytes()) }
}
