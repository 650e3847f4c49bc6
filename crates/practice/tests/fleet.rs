use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use runsheet_practice::{Fleet, PracticeHost, raise_open_files};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::client::{LIMIT, finish, fleet, host, is_running, line_of, run, ssh, stderr, stdout, until};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

/// Leaves two processes on the host, one that the client waits for and one in the background of a command that has
/// ended. Returns their numbers and the client that waits.
async fn busy(fleet: &Fleet) -> (tokio::process::Child, [String; 2]) {
    let home = host(fleet, "web1").home();
    let ended = run(fleet, "web1", "sleep 1000 >/dev/null 2>&1 </dev/null & echo $! > background").await;
    assert!(ended.status.success());
    let client = ssh(fleet, "web1")
        .arg("trap '' TERM HUP; echo $$ > process; while :; do sleep 0.01; done")
        .stderr(Stdio::null())
        .spawn()
        .expect("the client starts");
    let numbers = [line_of(&home.join("background")).await, line_of(&home.join("process")).await];
    assert!(numbers.iter().all(|number| is_running(number)));
    (client, numbers)
}

#[tokio::test]
async fn processes_servers_and_files_go_when_the_fleet_is_dropped() {
    let fleet = fleet(&["web1"]).await;
    let (mut client, processes) = busy(&fleet).await;
    let (address, folder) = (host(&fleet, "web1").address(), fleet.folder().to_owned());
    drop(fleet);
    TcpStream::connect(address).await.expect_err("a closed port");
    assert!(!folder.exists());
    until("the processes end", || !processes.iter().any(|process| is_running(process))).await;
    let status = tokio::time::timeout(LIMIT, client.wait()).await.expect("the client ends").expect("a status");
    assert_eq!(status.code(), Some(255));
}

#[tokio::test]
async fn nothing_is_left_when_shutdown_returns() {
    let fleet = fleet(&["web1"]).await;
    let (_client, processes) = busy(&fleet).await;
    let (address, folder) = (host(&fleet, "web1").address(), fleet.folder().to_owned());
    tokio::time::timeout(LIMIT, fleet.shutdown()).await.expect("an end");
    assert!(!is_running(&processes[1]));
    assert!(!folder.exists());
    TcpStream::connect(address).await.expect_err("a closed port");
    // Its parent is gone, so whoever adopted it has to reap it.
    until("the background process ends", || !is_running(&processes[0])).await;
}

#[tokio::test]
async fn what_the_folder_holds_is_for_its_owner_only() {
    let fleet = fleet(&["web1"]).await;
    assert_eq!(mode(fleet.folder()), 0o700);
    assert_eq!(mode(fleet.identity()), 0o600);
    assert_eq!(mode(host(&fleet, "web1").home()), 0o700);
    assert_eq!(host(&fleet, "web1").home(), fleet.folder().join("hosts/web1"));
    let address = host(&fleet, "web1").address();
    let known = fs::read_to_string(fleet.known_hosts()).expect("known_hosts");
    let start = format!("[{}]:{} ssh-ed25519 ", address.ip(), address.port());
    assert!(known.starts_with(&start) && known.lines().count() == 1, "{known}");
}

#[tokio::test]
async fn a_folder_that_was_there_stays_and_one_that_was_made_goes() {
    let parent = tempfile::tempdir().expect("a folder");
    let (there, made) = (parent.path().join("there"), parent.path().join("made"));
    fs::create_dir(&there).expect("a folder");
    for folder in [&there, &made] {
        let fleet = Fleet::builder().host("web1").folder(folder).start().await.expect("a fleet");
        assert_eq!(fs::canonicalize(folder).expect("a path"), fleet.folder());
        assert!(run(&fleet, "web1", "true").await.status.success());
        fleet.shutdown().await;
    }
    assert!(there.join("known_hosts").exists() && !made.exists());
    let error = Fleet::builder().host("web1").folder(&there).start().await.expect_err("a mistake");
    assert!(error.to_string().ends_with("for the fleet is not empty"), "{error}");
}

#[tokio::test]
async fn hosts_of_two_fleets_can_share_one_port() {
    let port = fleet(&["spare"]).await.hosts()[0].address().port();
    let build = || Fleet::builder().hosts(["web1", "web2"]).same_port(port);
    let (one, two) = (build().start().await.expect("a fleet"), build().start().await.expect("another"));
    let addresses: HashSet<_> = one.hosts().iter().chain(two.hosts()).map(PracticeHost::address).collect();
    assert_eq!(addresses.len(), 4);
    assert!(addresses.iter().all(|address| address.port() == port));
    assert_eq!(stdout(&run(&two, "web2", "hostname").await), "web2\n");
}

#[tokio::test]
async fn nobody_else_is_let_in() {
    let fleet = fleet(&["web1"]).await;
    let other = crate::client::fleet(&["web1"]).await;
    let address = host(&fleet, "web1").address();
    for (identity, user) in [(other.identity(), fleet.user()), (fleet.identity(), "root")] {
        let mut stranger = Command::new("/usr/bin/ssh");
        stranger
            .args(["-F", "/dev/null", "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes"])
            .args(["-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"])
            .arg("-o")
            .arg(format!("UserKnownHostsFile={}", fleet.known_hosts().display()))
            .arg("-i")
            .arg(identity)
            .args(["-p", &address.port().to_string(), "-l", user, &address.ip().to_string(), "true"]);
        let output = finish(&mut stranger).await;
        assert!(stderr(&output).contains("Permission denied (publickey)."), "{}", stderr(&output));
    }
    assert!(host(&fleet, "web1").commands().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_hosts_start_and_fifty_of_them_answer() {
    let files = raise_open_files().expect("a limit");
    assert!(files.is_none_or(|files| files > 1500), "only {files:?} open files here");
    let names = (1..=1000).map(|number| format!("web{number}"));
    // Most of the time goes into two thousand folders, so how long it takes is the disk's affair.
    let fleet = tokio::time::timeout(LIMIT, Fleet::builder().hosts(names).start())
        .await
        .expect("a start in time")
        .expect("a fleet");
    assert_eq!(fleet.hosts().len(), 1000);

    let mut clients = JoinSet::new();
    for host in fleet.hosts().iter().step_by(20) {
        let mut client = ssh(&fleet, host.name());
        client.arg("hostname");
        let name = host.name().to_owned();
        clients.spawn(async move { (name, finish(&mut client).await) });
    }
    let mut answered = 0;
    while let Some(client) = clients.join_next().await {
        let (name, output) = client.expect("nothing panics");
        assert_eq!(stdout(&output), format!("{name}\n"), "{}", stderr(&output));
        answered += 1;
    }
    assert_eq!(answered, 50);
}
