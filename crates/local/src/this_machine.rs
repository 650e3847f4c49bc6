use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use runsheet_model::{format_chosen_duration, visible};
use runsheet_task::{HttpAnswer, Local, LocalError, LocalFile};
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use ureq::Agent;

use crate::project_files::hashed;

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
    async fn http_get(&self, url: &str, limit: Duration) -> Result<HttpAnswer, LocalError> {
        let agent = self.agent.clone();
        let address = url.to_owned();
        // The thread has the limit too and ends by itself; nobody waits for it, even if a name lookup holds it up.
        let fetched = timeout(limit, spawn_blocking(move || fetch(&agent, &address, limit))).await;
        match fetched {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(ureq::Error::Timeout(_)))) | Err(_) => Err(timed_out(url, limit)),
            Ok(Ok(Err(ureq::Error::Io(error)))) => Err(unreached(url, limit, &error)),
            Ok(Ok(Err(error))) => Err(failed(url, &error.to_string())),
            Ok(Err(error)) => Err(failed(url, &error.to_string())),
        }
    }

    async fn connect(&self, address: &str, port: u16, limit: Duration) -> Result<(), LocalError> {
        let what = if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") };
        match timeout(limit, TcpStream::connect((address, port))).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(unreached(&what, limit, &error)),
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

fn fetch(agent: &Agent, url: &str, limit: Duration) -> Result<HttpAnswer, ureq::Error> {
    let response = agent.get(url).config().timeout_global(Some(limit)).build().call()?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    response.into_body().into_reader().take(BODY_CAP).read_to_end(&mut body)?;
    Ok(HttpAnswer { status, body: String::from_utf8_lossy(&body).into_owned() })
}

/// While a body is read, running out of time comes as an I/O error.
fn unreached(what: &str, limit: Duration, error: &io::Error) -> LocalError {
    if error.kind() == io::ErrorKind::TimedOut { timed_out(what, limit) } else { failed(what, &error.to_string()) }
}

fn timed_out(what: &str, limit: Duration) -> LocalError {
    LocalError::TimedOut { what: visible(what.as_bytes()), limit }
}

fn failed(what: &str, reason: &str) -> LocalError {
    LocalError::Failed { what: visible(what.as_bytes()), reason: visible(reason.as_bytes()) }
}
