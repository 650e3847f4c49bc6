use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use runsheet_model::Secret;
use runsheet_task::{
    Capture, Content, Download, ExecEnd, ExecRequest, Exit, Limits, Output, Remote, RemoteError, Transfer, Upload,
    quote,
};
use tempfile::TempDir;

use crate::shell_remote::ShellRemote;
use crate::stage::{self, Stage, sha256};

/// Makes real hosts out of namespaces, and says how.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fleet/fleet");
/// Its exit code on a machine that does not let us make hosts, and on one that lets us make none with systemd.
const NOT_HERE: i32 = 77;
const NO_SYSTEMD: i32 = 78;

/// A real host with a file system, users, processes and a network address of its own, in which a task works as root. All packages of
/// this machine are installed in it; what is done to it is gone with it.
///
/// Commands reach it without SSH, which is not what these tests are about.
pub(crate) struct FleetHost {
    folder: TempDir,
    /// The host lives as long as this pipe is open.
    _lifeline: ChildStdin,
}

impl FleetHost {
    /// Makes one. Nothing, loudly, where that needs rights that we do not have; with `RUNSHEET_REQUIRE_ROOT_TESTS` in the environment
    /// this panics instead, so that a CI run cannot be green because nothing was tested.
    pub(crate) fn up() -> Option<Self> {
        Self::make(&[])
    }

    /// The same with the real systemd as its init. A machine without cgroups of version 2 has none, root or not.
    pub(crate) fn up_with_systemd() -> Option<Self> {
        Self::make(&["--systemd"])
    }

    fn make(flags: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut script = Command::new(SCRIPT)
            .args(["up", "--tied"])
            .args(flags)
            .arg("1")
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the script starts");
        let lifeline = script.stdin.take().expect("a pipe");
        let ended = script.wait_with_output().expect("the script ends");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        if let Some(code @ (NOT_HERE | NO_SYSTEMD)) = ended.status.code() {
            let has_to_be = code == NOT_HERE && env::var_os("RUNSHEET_REQUIRE_ROOT_TESTS").is_some();
            assert!(!has_to_be, "no hosts can be made here: {said}");
            // The one place where a test says that it was left out.
            #[expect(clippy::print_stderr, reason = "whoever reads the log has to see it")]
            {
                eprintln!("{said}");
            }
            return None;
        }
        assert!(ended.status.success(), "the host did not come up: {said}");
        Some(Self { folder, _lifeline: lifeline })
    }

    /// A task's view of it, within a minute an attempt.
    pub(crate) fn stage(&self) -> Stage {
        let remote = FleetRemote(ShellRemote::new().by_way_of(&self.words()).env("PATH", PATH));
        Stage { address: self.address(), ..stage::on(Arc::new(remote)) }
    }

    /// The same for an ordinary user of it, who exists.
    pub(crate) fn stage_as(&self, user: &str) -> Stage {
        let become_it = ["runuser", "-u", user, "--"];
        let words = [&self.words()[..], &become_it].concat();
        let remote = FleetRemote(ShellRemote::new().by_way_of(&words).env("PATH", PATH));
        Stage { address: self.address(), ..stage::on(Arc::new(remote)) }
    }

    /// Its address, at which this machine reaches it.
    pub(crate) fn address(&self) -> String {
        let subnet = fs::read_to_string(self.folder.path().join("subnet")).expect("the fleet's network");
        format!("{}.1", subnet.trim())
    }

    /// Evidence from outside the task: what a shell command says on the host, without white space at its ends.
    ///
    /// # Panics
    ///
    /// When the command fails.
    pub(crate) fn sh(&self, command: &str) -> String {
        let (good, said) = self.try_sh(command);
        assert!(good, "`{command}` failed: {said}");
        said
    }

    /// The same, and whether it exited with 0. Both streams are told.
    pub(crate) fn try_sh(&self, command: &str) -> (bool, String) {
        let words = self.words();
        let ended = Command::new(words[0])
            .args(&words[1..])
            .args(["/bin/sh", "-c", &format!("exec 2>&1\n{command}")])
            .env_clear()
            .env("PATH", PATH)
            .stdin(Stdio::null())
            .output()
            .expect("the script starts");
        let said = [ended.stdout, ended.stderr].concat();
        (ended.status.success(), String::from_utf8_lossy(&said).trim().to_owned())
    }

    /// The words before a command that take it into the host, and there by way of these.
    pub(crate) fn words_for(&self, by_way_of: &[&str]) -> Vec<String> {
        self.words().iter().chain(by_way_of).map(|word| (*word).to_owned()).collect()
    }

    fn words(&self) -> Vec<&str> {
        let folder = self.folder.path().to_str().expect("a path that is text");
        vec![SCRIPT, "exec", folder, "web1", "--"]
    }
}

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The way into the host. Files go by way of `cat`.
struct FleetRemote(ShellRemote);

impl FleetRemote {
    async fn shell(
        &self,
        command: String,
        stdin: Option<Vec<u8>>,
        limits: &Limits,
        path: &str,
    ) -> Result<String, RemoteError> {
        let request = ExecRequest {
            command,
            recorded: None,
            on_local: None,
            as_user: None,
            stdin: stdin.map(Secret::new),
            pty: false,
            quiet: true,
            limits: limits.clone(),
        };
        let mut capture = Capture::default();
        let ended = self.0.exec(&request, &mut capture).await?;
        let (stdout, stderr) = capture.into_text();
        match ended.exit {
            Exit::Status(0) => Ok(stdout),
            _ => Err(RemoteError::Transfer { path: path.to_owned(), reason: stderr.trim().to_owned() }),
        }
    }
}

#[async_trait]
impl Remote for FleetRemote {
    async fn exec(&self, request: &ExecRequest, output: &mut dyn Output) -> Result<ExecEnd, RemoteError> {
        self.0.exec(request, output).await
    }

    async fn put(&self, upload: &Upload, limits: &Limits) -> Result<Transfer, RemoteError> {
        let fail = |reason: String| RemoteError::Transfer { path: upload.target.clone(), reason };
        let content = match &upload.content {
            Content::File(path) | Content::Seen(path, _) => fs::read(path).map_err(|error| fail(error.to_string()))?,
            Content::Bytes(bytes) => bytes.to_vec(),
        };
        if upload.sha256.as_ref().is_some_and(|wanted| *wanted != sha256(&content)) {
            return Err(fail("it is another file than was planned".to_owned()));
        }
        let target = quote(&upload.target);
        let folder = Path::new(&upload.target).parent().map_or(PathBuf::from("."), Path::to_owned);
        let made =
            if upload.folders { format!("mkdir -p {} && ", quote(&folder.to_string_lossy())) } else { String::new() };
        let bits = upload.mode.unwrap_or(0o644);
        let bytes = content.len() as u64;
        let command =
            format!("{made}cat >{target}.part && chmod {bits:o} {target}.part && mv -f {target}.part {target}");
        self.shell(command, Some(content), limits, &upload.target).await?;
        Ok(Transfer::of_file(bytes))
    }

    async fn get(&self, download: &Download, limits: &Limits) -> Result<Transfer, RemoteError> {
        let command = format!("cat {}", quote(&download.source));
        let content = self.shell(command, None, limits, &download.source).await?;
        fs::write(&download.target, &content).expect("the file can be written here");
        Ok(Transfer::of_file(content.len() as u64))
    }

    fn is_alive(&self) -> bool {
        true
    }

    async fn close(&self) {}
}

/// The harness itself: what a task does is done in the host and nowhere else.
#[tokio::test]
async fn a_task_works_in_a_real_host() {
    let Some(host) = FleetHost::up() else { return };
    let project = tempfile::tempdir().expect("a folder");
    fs::write(project.path().join("motd"), "hello\n").expect("a file");
    let stage = Stage { project: project.path().to_owned(), limit: Duration::from_secs(20), ..host.stage() };
    let args = serde_json::json!({"source": "motd", "target": "/etc/motd.fleet", "mode": "0640"});
    let sent = stage.run("file.put", args.clone()).await.expect("the task knows");
    assert!(sent.is_ok() && sent.changed, "{sent:?}");
    assert_eq!(host.sh("cat /etc/motd.fleet; stat -c %a /etc/motd.fleet; hostname"), "hello\n640\nweb1");
    assert!(!Path::new("/etc/motd.fleet").exists(), "it was written outside");
    let again = stage.run("file.put", args).await.expect("the task knows");
    assert!(again.is_ok() && !again.changed, "{again:?}");
    assert_eq!(host.try_sh("echo oops >&2; exit 3"), (false, "oops".to_owned()));
}
