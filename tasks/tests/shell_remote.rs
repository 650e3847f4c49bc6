use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;

use async_trait::async_trait;
use runsheet_model::Stream;
use runsheet_task::{
    Content, Download, ExecEnd, ExecRequest, Exit, Limits, Output, Remote, RemoteError, Transfer, Upload,
};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout_at;

use crate::stage::sha256;

/// This machine as a host: commands run for real, by `/bin/sh`, with the environment given and no other.
///
/// Stricter than SSH in one point: it waits until the last holder of a command's output is gone, so that a task that leaves a
/// daemon with it hangs here.
pub(crate) struct ShellRemote {
    /// Program and arguments before `/bin/sh -c COMMAND`.
    before: Vec<String>,
    env: Vec<(String, String)>,
    /// How much of what a command reads arrives before the connection breaks.
    stdin_cut: Option<usize>,
}

impl ShellRemote {
    pub(crate) fn new() -> Self {
        Self { before: Vec::new(), env: Vec::new(), stdin_cut: None }.env("PATH", "/usr/local/bin:/usr/bin:/bin")
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Has only these programs, beside what the shell itself knows; `folder` is where they are linked.
    pub(crate) fn with_only(self, programs: &[&str], folder: &Path) -> Self {
        for name in programs {
            let program = ["/usr/bin", "/bin", "/usr/sbin"]
                .iter()
                .map(|folder| Path::new(folder).join(name))
                .find(|path| path.exists())
                .unwrap_or_else(|| panic!("`{name}` has to be installed for this test"));
            symlink(program, folder.join(name)).expect("a link");
        }
        self.env("PATH", &folder.to_string_lossy())
    }

    /// Breaks after so many bytes of what a command reads.
    pub(crate) fn cut_stdin(mut self, bytes: usize) -> Self {
        self.stdin_cut = Some(bytes);
        self
    }

    /// Runs every command by way of another one.
    pub(crate) fn by_way_of(mut self, words: &[&str]) -> Self {
        self.before = words.iter().map(|word| (*word).to_owned()).collect();
        self
    }
}

#[async_trait]
impl Remote for ShellRemote {
    async fn exec(&self, request: &ExecRequest, output: &mut dyn Output) -> Result<ExecEnd, RemoteError> {
        let words = self.before.iter().map(String::as_str).chain(["/bin/sh", "-c", &request.command]);
        let words: Vec<_> = words.collect();
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .env_clear()
            .envs(self.env.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a shell starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        let mut bytes = request.stdin.as_ref().map(|bytes| bytes.expose().clone()).unwrap_or_default();
        bytes.truncate(self.stdin_cut.unwrap_or(usize::MAX));
        let work = async {
            // A command that ends without reading everything is none of our business.
            let write = async move {
                _ = stdin.write_all(&bytes).await;
            };
            tokio::join!(write, child.wait_with_output()).1
        };
        let Ok(ended) = timeout_at(request.limits.deadline, work).await else {
            return Err(RemoteError::TimedOut { limit: request.limits.limit });
        };
        let ended = ended.expect("the command's output can be read");
        output.chunk(Stream::Out, &ended.stdout);
        output.chunk(Stream::Err, &ended.stderr);
        let exit = match (ended.status.code(), ended.status.signal()) {
            (Some(code), _) => Exit::Status(u32::try_from(code).expect("an exit code is not negative")),
            (None, signal) => Exit::Signal(format!("{signal:?}")),
        };
        Ok(ExecEnd { exit, leaked: false })
    }

    async fn put(&self, upload: &Upload, _: &Limits) -> Result<Transfer, RemoteError> {
        let fail = |reason: String| RemoteError::Transfer { path: upload.target.clone(), reason };
        let content = match &upload.content {
            Content::File(path) | Content::Seen(path, _) => fs::read(path).map_err(|error| fail(error.to_string()))?,
            Content::Bytes(bytes) => bytes.to_vec(),
        };
        if upload.sha256.as_ref().is_some_and(|wanted| *wanted != sha256(&content)) {
            return Err(fail("it is another file than was planned".to_owned()));
        }
        if upload.folders
            && let Some(folder) = Path::new(&upload.target).parent()
        {
            fs::create_dir_all(folder).map_err(|error| fail(error.to_string()))?;
        }
        let part = format!("{}.part", upload.target);
        let written = fs::write(&part, &content)
            .and_then(|()| fs::set_permissions(&part, Permissions::from_mode(upload.mode.unwrap_or(0o644))))
            .and_then(|()| fs::rename(&part, &upload.target));
        written.map_err(|error| fail(error.to_string()))?;
        Ok(Transfer::of_file(content.len() as u64))
    }

    async fn get(&self, download: &Download, _: &Limits) -> Result<Transfer, RemoteError> {
        panic!("no built-in task fetches a file, but `{}` was asked for", download.source)
    }

    fn is_alive(&self) -> bool {
        true
    }

    async fn close(&self) {}
}
