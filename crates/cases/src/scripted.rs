use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use runsheet_model::{LostReason, Stream};
use runsheet_task::{
    Content, Download, ExecEnd, ExecRequest, Exit, HttpAnswer, HttpRequest, Limits, Local, LocalError, LocalFile, Mail,
    Output, Remote, RemoteError, Transfer, Upload,
};

use crate::case::{Expected, Seen, Sent};
use crate::stage::sha256;

/// A host that answers as a case says, and takes note of everything that is not as the case says.
pub(crate) struct ScriptedRemote {
    state: Mutex<State>,
    files: BTreeMap<String, String>,
}

struct State {
    expected: VecDeque<(Expected, u32)>,
    sent: Vec<Sent>,
    mistakes: Vec<String>,
}

impl ScriptedRemote {
    /// Expects these commands and has these files.
    pub(crate) fn new(commands: Vec<Expected>, files: BTreeMap<String, String>) -> Self {
        Self {
            files,
            state: Mutex::new(State {
                expected: commands.into_iter().map(|command| (command, 0)).collect(),
                sent: Vec::new(),
                mistakes: Vec::new(),
            }),
        }
    }

    /// What came and was not expected, though not all may have come that is; and whether a file arrived.
    pub(crate) fn review_beginning(&self) -> (bool, Vec<String>) {
        let mut state = self.state();
        (!state.sent.is_empty(), std::mem::take(&mut state.mistakes))
    }

    /// The files that arrived, and what was not as expected.
    pub(crate) fn review(&self) -> (Vec<Sent>, Vec<String>) {
        let mut state = self.state();
        let mut mistakes = std::mem::take(&mut state.mistakes);
        for (command, seen) in &state.expected {
            if command.times != Some(0) || *seen == 0 {
                mistakes.push(format!("this never came: {command:?}"));
            }
        }
        (state.sent.clone(), mistakes)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The answer to a command.
    fn answer(&mut self, command: &str, stdin: Option<&str>) -> Expected {
        loop {
            let Some((next, seen)) = self.expected.front_mut() else {
                self.mistakes.push(format!("one command too many: {}", end_of(command)));
                return Expected { exit: 1, ..Expected::default() };
            };
            // Without a word about the command anything would fit.
            let named = next.is.is_some() || next.ends.is_some() || next.has.is_some();
            let fits = named
                && next.is.as_ref().is_none_or(|is| is == command)
                && next.ends.as_ref().is_none_or(|end| command.ends_with(end))
                && next.has.as_ref().is_none_or(|part| command.contains(part))
                && next.stdin.as_deref() == stdin;
            let answer = next.clone();
            let times = next.times.unwrap_or(1);
            if times == 0 && *seen > 0 && !fits {
                // It came as often as it liked.
                self.expected.pop_front();
                continue;
            }
            *seen += 1;
            if *seen == times {
                self.expected.pop_front();
            }
            if !fits {
                self.mistakes.push(format!(
                    "another command than {answer:?}: {}\nwith standard input {stdin:?}",
                    end_of(command)
                ));
            }
            return answer;
        }
    }
}

/// The last line of a command: of a script of ours, its name and its arguments.
fn end_of(command: &str) -> &str {
    command.lines().last().unwrap_or_default()
}

/// What is asked: of a task's own question without the words that make its answer one that can be read.
fn asked(request: &ExecRequest) -> &str {
    if request.quiet {
        request.command.strip_prefix("export LC_ALL=C\n").expect("a task reads what comes in no language")
    } else {
        &request.command
    }
}

#[async_trait]
impl Remote for ScriptedRemote {
    async fn exec(&self, request: &ExecRequest, output: &mut dyn Output) -> Result<ExecEnd, RemoteError> {
        let stdin = request.stdin.as_ref().map(|bytes| String::from_utf8_lossy(bytes.expose()).into_owned());
        let answer = self.state().answer(asked(request), stdin.as_deref());
        output.chunk(Stream::Out, answer.stdout.as_bytes());
        output.chunk(Stream::Err, answer.stderr.as_bytes());
        if answer.lost {
            return Err(RemoteError::Lost { reason: LostReason::ConnectionClosed });
        }
        Ok(ExecEnd { exit: Exit::Status(answer.exit), leaked: false })
    }

    async fn put(&self, upload: &Upload, _: &Limits) -> Result<Transfer, RemoteError> {
        let content = match &upload.content {
            Content::File(path) | Content::Seen(path, _) => std::fs::read(path).expect("the file is there"),
            Content::Bytes(bytes) => bytes.to_vec(),
        };
        if upload.sha256.as_ref().is_some_and(|wanted| *wanted != sha256(&content)) {
            return Err(RemoteError::Transfer {
                path: upload.target.clone(),
                reason: "the file has changed since it was planned".to_owned(),
            });
        }
        self.state().sent.push(Sent {
            target: upload.target.clone(),
            mode: upload.mode.map_or_else(String::new, |mode| format!("{mode:04o}")),
            content: String::from_utf8_lossy(&content).into_owned(),
        });
        Ok(Transfer::of_file(content.len() as u64))
    }

    async fn get(&self, download: &Download, _: &Limits) -> Result<Transfer, RemoteError> {
        let fail = |reason: &str| RemoteError::Transfer { path: download.source.clone(), reason: reason.to_owned() };
        let content = self.files.get(&download.source).ok_or_else(|| fail("no such file"))?;
        let bytes = content.len() as u64;
        if bytes > download.cap {
            return Err(fail("too large"));
        }
        std::fs::write(&download.target, content).map_err(|error| fail(&error.to_string()))?;
        Ok(Transfer::of_file(bytes))
    }

    fn is_alive(&self) -> bool {
        true
    }

    async fn close(&self) {}
}

/// This machine, which sees what a case says.
pub(crate) struct ScriptedLocal {
    seen: Mutex<VecDeque<Seen>>,
    mistakes: Mutex<Vec<String>>,
}

impl ScriptedLocal {
    pub(crate) fn new(seen: Vec<Seen>) -> Self {
        Self { seen: Mutex::new(seen.into()), mistakes: Mutex::default() }
    }

    /// What was looked at and should not have been.
    pub(crate) fn mistakes(&self) -> Vec<String> {
        std::mem::take(&mut self.mistakes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What should have been looked at and was not.
    pub(crate) fn left(&self) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().filter(|seen| !seen.repeats).cloned().collect()
    }

    fn look(&self, at: &str, sent: Option<&str>) -> Result<Seen, LocalError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |next: &&Seen| next.at == at && next.sends.as_deref() == sent;
        let Some(next) = seen.front().filter(fits).cloned() else {
            let expected = seen.front();
            let mistake = format!("something else was looked at than {expected:?}: {at}, sending {sent:?}");
            self.mistakes.lock().unwrap_or_else(PoisonError::into_inner).push(mistake);
            return Err(LocalError::Failed { what: at.to_owned(), reason: "the case does not expect it".to_owned() });
        };
        if !next.repeats {
            seen.pop_front();
        }
        let what = at.to_owned();
        match (next.fails.clone(), next.unreached.clone()) {
            (Some(reason), _) => Err(LocalError::Failed { what, reason }),
            (None, Some(reason)) => Err(LocalError::Unreached { what, reason }),
            (None, None) => Ok(next),
        }
    }
}

#[async_trait]
impl Local for ScriptedLocal {
    async fn http(&self, request: &HttpRequest, _: Duration) -> Result<HttpAnswer, LocalError> {
        let at = match request.method {
            "GET" => request.url.expose().clone(),
            method => format!("{method} {}", request.url.expose()),
        };
        let body = request.body.as_ref().map(|body| String::from_utf8_lossy(body.expose()).into_owned());
        self.look(&at, body.as_deref()).map(|seen| HttpAnswer { status: seen.status, body: seen.body })
    }

    async fn mail(&self, mail: &Mail, _: Duration) -> Result<(), LocalError> {
        let Mail { server, port, from, subject, .. } = mail;
        let at = format!("mail {server}:{port} {from} -> {}: {subject}", mail.to.join(", "));
        self.look(&at, Some(&mail.body)).map(|_| ())
    }

    async fn connect(&self, address: &str, port: u16, _: Duration) -> Result<(), LocalError> {
        self.look(&format!("{address} {port}"), None).map(|_| ())
    }

    async fn hash_file(&self, path: &Path, _: Duration) -> Result<LocalFile, LocalError> {
        Err(LocalError::File { path: path.display().to_string(), reason: "no task hashes files here".to_owned() })
    }
}
