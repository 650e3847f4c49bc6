//! What a server does for somebody who is in. A check returns what the user is told where it does not do it.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;
use runsheet_model::{Endpoint, SshOptions};
use runsheet_ssh::{Deadlines, SshConnector, SshSettings};
use runsheet_task::{Connector, Content, Download, ExecEnd, ExecRequest, Exit, Remote, RemoteError, Upload};

use super::logins::{self, told};
use super::row::Row;
use super::server::Server;
use crate::rig::{Kept, PATIENCE, connector, endpoint, fed, hop, limits, request, run, sha256, stdout};
use crate::sshd::Sshd;

/// How long commands wait for each other that should run at once.
const TOGETHER: Duration = Duration::from_secs(8);

/// Looks whether a server does what a row says.
pub(crate) async fn check(server: &Server, row: Row) -> Result<(), String> {
    match row {
        Row::HostKey(kind) => logins::host_key(server, kind).await,
        Row::Key(kind) => logins::key(server, kind).await,
        Row::Certificate => logins::certificate(server).await,
        Row::Password => logins::password(server, false).await,
        Row::Question => logins::password(server, true).await,
        Row::Status => status(server).await,
        Row::Input => input(server).await,
        Row::Output => output(&*remote(server).await).await,
        Row::Signal => signal(&*remote(server).await).await,
        Row::InTurn => in_turn(&*remote(server).await).await,
        Row::Together => together(&*remote(server).await).await,
        Row::Variables => variables(server).await,
        Row::Stop => stop(server).await,
        Row::Put => put(server).await,
        Row::Get => get(server).await,
        Row::Jump => jump(server).await,
    }
}

async fn remote(server: &Server) -> Arc<dyn Remote> {
    let hop = server.hop(&[server.account.key("ed25519")]);
    connector().connect(&endpoint(hop)).await.unwrap_or_else(|failure| panic!("{}", told(failure))).remote
}

/// Runs something to its end and returns it, or what the user is told.
async fn ended(remote: &dyn Remote, request: &ExecRequest) -> Result<(ExecEnd, Kept), String> {
    let (end, kept) = run(remote, request).await;
    end.map(|end| (end, kept)).map_err(remote_told)
}

fn remote_told(error: RemoteError) -> String {
    match error {
        RemoteError::NotStarted(unreachable) => told(unreachable),
        RemoteError::Lost { .. } => format!("lost: {error}"),
        other => other.to_string(),
    }
}

async fn status(server: &Server) -> Result<(), String> {
    for code in [0, 3, 255] {
        let remote = remote(server).await;
        let (end, kept) = ended(&*remote, &request(&format!("echo out; echo err >&2; exit {code}"))).await?;
        assert_eq!((end.exit, end.leaked), (Exit::Status(code), false));
        assert_eq!((&kept.out[..], &kept.err[..]), (&b"out\n"[..], &b"err\n"[..]));
    }
    Ok(())
}

async fn input(server: &Server) -> Result<(), String> {
    let stdin: Vec<u8> = (0..=250_u8).cycle().take(5_000_000).collect();
    let (end, kept) = ended(&*remote(server).await, &fed("sha256sum; echo done", stdin.clone())).await?;
    assert_eq!(end.exit, Exit::Status(0));
    assert_eq!(String::from_utf8_lossy(&kept.out), format!("{}  -\ndone\n", sha256(&stdin)));
    let (end, kept) = ended(&*remote(server).await, &request("cat; echo empty")).await?;
    assert_eq!((end.exit, &kept.out[..]), (Exit::Status(0), &b"empty\n"[..]));
    Ok(())
}

async fn output(remote: &dyn Remote) -> Result<(), String> {
    let command = "head -c 20000000 /dev/zero | tr '\\0' 'x'; printf 'end\\0\\377'; exit 4";
    let (end, kept) = ended(remote, &request(command)).await?;
    assert_eq!(end.exit, Exit::Status(4));
    let expected = [vec![b'x'; 20_000_000], b"end\0\xff".to_vec()].concat();
    assert_eq!(sha256(&kept.out), sha256(&expected));
    Ok(())
}

async fn signal(remote: &dyn Remote) -> Result<(), String> {
    let (end, _) = ended(remote, &request("kill -9 $$")).await?;
    match end.exit {
        Exit::Signal(name) => assert_eq!(name, "KILL"),
        Exit::Status(code) => return Err(format!("exit status {code}")),
    }
    Ok(())
}

/// Each as soon as the one before has ended.
async fn in_turn(remote: &dyn Remote) -> Result<(), String> {
    for code in 0..50 {
        let (end, _) = ended(remote, &request(&format!("exit {code}"))).await?;
        assert_eq!(end.exit, Exit::Status(code));
    }
    Ok(())
}

/// None of them ends before all have begun. The first that is refused ends the others.
async fn together(remote: &dyn Remote) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path().display();
    let commands: Vec<_> = (0..8)
        .map(|n| {
            let wait = format!("touch {here}/{n}; while [ $(ls {here} | wc -l) != 8 ]; do sleep 0.1; done; exit {n}");
            ExecRequest { limits: limits(TOGETHER), ..request(&wait) }
        })
        .collect();
    let ends = try_join_all(commands.iter().map(|command| ended(remote, command))).await?;
    for (n, (end, _)) in ends.into_iter().enumerate() {
        assert_eq!(end.exit, Exit::Status(u32::try_from(n).expect("a few")));
    }
    Ok(())
}

async fn variables(server: &Server) -> Result<(), String> {
    let set_env = vec![("RUNSHEET_A".to_owned(), "it's $HOME\n; second line".to_owned())];
    let mut hop = server.hop(&[server.account.key("ed25519")]);
    hop.options = Arc::new(SshOptions { set_env, ..SshOptions::default() });
    let remote = connector().connect(&endpoint(hop)).await.map_err(told)?.remote;
    let (end, kept) = ended(&*remote, &request("printf %s \"$RUNSHEET_A\"")).await?;
    assert_eq!(end.exit, Exit::Status(0));
    assert_eq!(String::from_utf8_lossy(&kept.out), "it's $HOME\n; second line");
    Ok(())
}

/// Evidence is what runs on this machine, which is the host.
async fn stop(server: &Server) -> Result<(), String> {
    let settings = SshSettings {
        deadlines: Deadlines {
            term_grace: Duration::from_millis(500),
            kill_grace: Duration::from_secs(2),
            channel: Duration::from_secs(2),
            ..Deadlines::default()
        },
        ..SshSettings::default()
    };
    let hop = server.hop(&[server.account.key("ed25519")]);
    let remote = SshConnector::new(settings).connect(&endpoint(hop)).await.map_err(told)?.remote;
    let mark = format!("63.{}", server.port());
    let command = format!("sh -c 'trap \"\" TERM; sleep {mark}' >/dev/null 2>&1 </dev/null & exec sleep {mark}");
    let late = ExecRequest { limits: limits(Duration::from_millis(500)), ..request(&command) };
    let is_there = || {
        let found = std::process::Command::new("pgrep").args(["-fx", &format!("sleep {mark}")]).output();
        found.expect("pgrep starts").status.success()
    };

    let (end, seen) = tokio::join!(run(&*remote, &late), async {
        let mut seen = false;
        for _ in 0..20 {
            seen |= is_there();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        seen
    });

    assert!(seen, "it did run");
    match end.0 {
        Err(RemoteError::TimedOut { .. }) => assert!(!is_there(), "it is told as stopped and lives on"),
        Err(error) => return Err(remote_told(error)),
        Ok(end) => panic!("{end:?}"),
    }
    assert_eq!(stdout(&*remote, "echo on").await, "on\n");
    Ok(())
}

async fn put(server: &Server) -> Result<(), String> {
    let remote = remote(server).await;
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("there");
    for size in [0, 1, 100_000, 5_000_000] {
        let content: Vec<u8> = (0..=250_u8).cycle().take(size).collect();
        let upload = Upload {
            content: Content::Bytes(Arc::from(&content[..])),
            target: target.to_str().expect("text").to_owned(),
            mode: Some(0o640),
            sha256: Some(sha256(&content)),
            folders: false,
            moved: Arc::default(),
        };
        remote.put(&upload, &limits(PATIENCE)).await.map_err(remote_told)?;
        assert_eq!(sha256(&fs::read(&target).expect("it is there")), sha256(&content));
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    Ok(())
}

async fn get(server: &Server) -> Result<(), String> {
    let remote = remote(server).await;
    let folder = tempfile::tempdir().expect("a folder");
    let (there, here) = (folder.path().join("there"), folder.path().join("here"));
    fs::create_dir_all(there.join("in/it")).expect("made");
    let content: Vec<u8> = (0..=250_u8).cycle().take(5_000_000).collect();
    fs::write(there.join("in/it/large"), &content).expect("written");
    fs::write(there.join("empty"), "").expect("written");
    let fetch = async |source: &Path, target: &Path| {
        let source = source.to_str().expect("text").to_owned();
        let download =
            Download { source, target: target.to_owned(), cap: 1 << 30, folder: true, moved: Arc::default() };
        remote.get(&download, &limits(PATIENCE)).await.map_err(remote_told)
    };

    fetch(&there.join("in/it/large"), &folder.path().join("one")).await?;
    let all = fetch(&there, &here).await?;

    assert_eq!((all.files, all.bytes), (2, 5_000_000));
    for path in [folder.path().join("one"), here.join("in/it/large")] {
        assert_eq!(sha256(&fs::read(path).expect("a file")), sha256(&content));
    }
    assert_eq!(fs::read(here.join("empty")).expect("a file"), b"");
    Ok(())
}

async fn jump(server: &Server) -> Result<(), String> {
    let inner = Sshd::start("");
    let jumps = vec![server.hop(&[server.account.key("ed25519")])];
    let connected =
        connector().connect(&Endpoint { jumps, ..endpoint(hop(&inner, "127.0.0.1")) }).await.map_err(told)?;
    let port = inner.port().to_string();
    assert!(stdout(&*connected.remote, "echo $SSH_CONNECTION").await.trim_end().ends_with(&port));
    Ok(())
}
