//! OpenSSH's clients, told to believe in nothing but a fleet's own files.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use runsheet_practice::{Fleet, PracticeHost};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// How long anything in these tests may take; the machine may be busy.
pub(crate) const LIMIT: Duration = Duration::from_mins(1);

pub(crate) async fn fleet(names: &[&str]) -> Fleet {
    Fleet::builder().hosts(names.iter().copied()).start().await.expect("a fleet")
}

pub(crate) fn host<'a>(fleet: &'a Fleet, name: &str) -> &'a PracticeHost {
    fleet.host(name).expect("a host of this name")
}

/// The options that every client of OpenSSH gets.
pub(crate) fn options(fleet: &Fleet) -> Vec<String> {
    let known_hosts = fleet.known_hosts().display();
    [
        "-F".to_owned(),
        "/dev/null".to_owned(),
        "-i".to_owned(),
        fleet.identity().display().to_string(),
        "-o".to_owned(),
        format!("UserKnownHostsFile={known_hosts}"),
        "-o".to_owned(),
        "GlobalKnownHostsFile=/dev/null".to_owned(),
        "-o".to_owned(),
        "StrictHostKeyChecking=yes".to_owned(),
        "-o".to_owned(),
        "BatchMode=yes".to_owned(),
        "-o".to_owned(),
        "IdentitiesOnly=yes".to_owned(),
        "-o".to_owned(),
        "IdentityAgent=none".to_owned(),
        "-o".to_owned(),
        "LogLevel=ERROR".to_owned(),
    ]
    .into()
}

/// `ssh`, ready for more options and a command.
pub(crate) fn ssh(fleet: &Fleet, name: &str) -> Command {
    let address = host(fleet, name).address();
    let mut ssh = Command::new("/usr/bin/ssh");
    ssh.args(options(fleet))
        .args(["-p", &address.port().to_string(), "-l", fleet.user()])
        .arg(address.ip().to_string())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    ssh
}

/// Runs one command and waits for the client's end.
pub(crate) async fn run(fleet: &Fleet, name: &str, command: impl AsRef<OsStr>) -> Output {
    finish(ssh(fleet, name).arg(command)).await
}

pub(crate) async fn finish(command: &mut Command) -> Output {
    tokio::time::timeout(LIMIT, command.output()).await.expect("the client ends in time").expect("the client starts")
}

/// Runs a client that is given text on stdin.
pub(crate) async fn finish_with(command: &mut Command, input: &[u8]) -> Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the client starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    let writing = tokio::spawn(async move {
        // A client that gives up early closes its stdin.
        stdin.write_all(&input).await.ok();
    });
    let output = tokio::time::timeout(LIMIT, child.wait_with_output())
        .await
        .expect("the client ends in time")
        .expect("the client's output");
    writing.await.expect("nothing panics");
    output
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Waits until the condition holds.
pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < LIMIT, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until a command has written a whole line to the file, and returns it.
pub(crate) async fn line_of(path: &Path) -> String {
    let read = || std::fs::read_to_string(path).unwrap_or_default();
    until("a line in a file", || read().ends_with('\n')).await;
    read().trim().to_owned()
}

/// Says whether the process is there and is not merely waiting to be reaped.
pub(crate) fn is_running(process: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{process}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().starts_with(" Z"))
}
