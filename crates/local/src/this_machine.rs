use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use runsheet_model::{format_chosen_duration, visible};
use runsheet_outbound::{LetterError, WebClient, WebError, WebRequest, nothing_was_sent};
use runsheet_task::{HttpAnswer, HttpRequest, Local, LocalError, LocalFile, Mail, SeenFile, Sighting};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::letters::send;
use crate::project_files::hashed;

/// The machine that runs runsheet. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ThisMachine {
    web: WebClient,
    /// What files were found to hold.
    hashes: Arc<Mutex<HashMap<Sighting, Arc<OnceCell<String>>>>>,
}

impl ThisMachine {
    /// Asks whatever address a sheet names, also one of a private network.
    pub fn new() -> Self {
        Self { web: WebClient::anywhere(), hashes: Arc::default() }
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
        let web = self.web.clone();
        let what = request.called.clone();
        let request = WebRequest {
            method: request.method,
            url: request.url.clone(),
            headers: request.headers.clone(),
            body: request.body.clone(),
        };
        // The thread has the limit too and ends by itself; nobody waits for it, even if a name lookup holds it up.
        match timeout(limit, spawn_blocking(move || web.send(&request, limit))).await {
            Ok(Ok(Ok(answer))) => Ok(HttpAnswer { status: answer.status, body: answer.body }),
            Ok(Ok(Err(error))) => Err(unanswered(&what, error)),
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
            Ok(Ok(Err(LetterError::Wrong(reason) | LetterError::NotNow(reason)))) => Err(failed(&what, &reason)),
            Ok(Ok(Err(LetterError::Unreached(reason)))) => Err(unreached(&what, &reason)),
            Ok(Ok(Err(LetterError::TimedOut))) | Err(_) => Err(timed_out(&what, limit)),
            Ok(Err(error)) => Err(failed(&what, &error.to_string())),
        }
    }

    async fn connect(&self, address: &str, port: u16, limit: Duration) -> Result<(), LocalError> {
        let what = if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") };
        match timeout(limit, TcpStream::connect((address, port))).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(unconnected(&what, limit, &error)),
            Err(_) => Err(timed_out(&what, limit)),
        }
    }

    async fn hash_file(&self, path: &Path, limit: Duration) -> Result<LocalFile, LocalError> {
        let file = path.to_owned();
        read_within(path, limit, move || hashed(file)).await
    }

    async fn hash_seen(&self, file: &SeenFile, limit: Duration) -> Result<String, LocalError> {
        let hash = {
            let mut hashes = self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(hashes.entry(file.sighting).or_default())
        };
        let (path, sighting) = (file.path.clone(), file.sighting);
        let reading = async || {
            read_within(&file.path, limit, move || {
                let read = hashed(path.clone())?;
                if Sighting::of(&path.metadata()?) == sighting {
                    Ok(read.sha256)
                } else {
                    Err(io::Error::other("it has changed since the plan was made"))
                }
            })
            .await
        };
        // Who waits for somebody else's reading, and then for another's, has one limit for all of that.
        match timeout(limit, hash.get_or_try_init(reading)).await {
            Ok(hash) => hash.cloned(),
            Err(_) => Err(unread(&file.path, &not_in_time(limit))),
        }
    }
}

/// Reads a file away from the threads that talk to hosts.
async fn read_within<T: Send + 'static>(
    path: &Path,
    limit: Duration,
    reading: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, LocalError> {
    // Nobody waits for the thread, even if a disk holds it up.
    let reason = match timeout(limit, spawn_blocking(reading)).await {
        Ok(Ok(Ok(read))) => return Ok(read),
        Ok(Ok(Err(error))) => error.to_string(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => not_in_time(limit),
    };
    Err(unread(path, &reason))
}

fn not_in_time(limit: Duration) -> String {
    format!("it was not read to its end within {}", format_chosen_duration(limit))
}

fn unread(path: &Path, reason: &str) -> LocalError {
    LocalError::File { path: visible(path.as_os_str().as_encoded_bytes()), reason: visible(reason.as_bytes()) }
}

/// Tells what kept an answer from coming. No part of an address is in it: that can be a secret.
fn unanswered(what: &str, error: WebError) -> LocalError {
    match error {
        WebError::TimedOut { limit } => timed_out(what, limit),
        WebError::Unreached { reason } => unreached(what, &reason),
        error @ (WebError::Forbidden { .. } | WebError::Untrusted { .. }) => unreached(what, &error.to_string()),
        WebError::Failed { reason } => failed(what, &reason),
    }
}

/// Tells what kept a connection from coming about.
fn unconnected(what: &str, limit: Duration, error: &io::Error) -> LocalError {
    match error {
        error if error.kind() == io::ErrorKind::TimedOut => timed_out(what, limit),
        error if nothing_was_sent(error) => unreached(what, &error.to_string()),
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

#[cfg(test)]
mod tests {
    use std::{fs, future};

    use super::*;

    #[tokio::test]
    async fn a_file_that_was_seen_is_read_once_and_not_any_more_when_it_has_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("large");
        fs::write(&path, "hello").expect("written");
        let seen = SeenFile::new(path.clone(), &fs::metadata(&path).expect("there"));
        let limit = Duration::from_secs(10);
        let machine = ThisMachine::new();

        let hash = machine.hash_seen(&seen, limit).await.expect("read");
        assert_eq!(hash, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");

        fs::write(&path, "hello, world").expect("written");
        // What was seen is known; who does not know it yet cannot read it any more.
        assert_eq!(machine.clone().hash_seen(&seen, limit).await.expect("known"), hash);
        let error = ThisMachine::new().hash_seen(&seen, limit).await.expect_err("it has changed");
        assert!(error.to_string().contains("changed since the plan"), "{error}");
    }

    #[tokio::test]
    async fn who_waits_for_another_reading_waits_no_longer_than_its_limit() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("large");
        fs::write(&path, "hello").expect("written");
        let seen = SeenFile::new(path.clone(), &fs::metadata(&path).expect("there"));
        let machine = ThisMachine::new();
        let hash = Arc::clone(machine.hashes.lock().expect("nobody panicked").entry(seen.sighting).or_default());

        let late = tokio::select! {
            biased;
            read = hash.get_or_try_init(future::pending::<Result<String, LocalError>>) => panic!("never read: {read:?}"),
            late = machine.hash_seen(&seen, Duration::from_millis(20)) => late.expect_err("no time"),
        };
        assert!(late.to_string().contains("not read to its end within"), "{late}");
    }
}
