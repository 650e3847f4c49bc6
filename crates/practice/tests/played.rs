//! A fleet that only plays: it ends commands as it is told, and starts nothing.

use std::fs;
use std::time::{Duration, Instant};

use runsheet_practice::{Fleet, Part, PartEnd};

use crate::client::{finish, host, options, run, ssh, stderr};

async fn played() -> Fleet {
    Fleet::builder().host("web1").played().start().await.expect("a fleet")
}

#[tokio::test]
async fn a_part_takes_its_time_and_ends_as_it_says() {
    let fleet = played().await;
    let takes = Duration::from_millis(300);
    let start = Instant::now();
    let part = Part { takes, end: PartEnd::Exit(7) };
    assert_eq!(run(&fleet, "web1", &part.to_string()).await.status.code(), Some(7));
    assert!(start.elapsed() >= takes);
    assert_eq!(host(&fleet, "web1").commands(), [part.to_string()]);
}

#[tokio::test]
async fn a_cut_part_ends_without_a_word() {
    let fleet = played().await;
    let part = Part { takes: Duration::from_millis(50), end: PartEnd::Cut };
    let output = finish(ssh(&fleet, "web1").args(["-v", &part.to_string()])).await;
    assert!(!stderr(&output).contains("rtype exit-"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(255));
}

#[tokio::test]
async fn no_command_is_started_and_no_file_is_served() {
    let fleet = played().await;
    let mark = fleet.folder().join("mark");
    let output = run(&fleet, "web1", &format!("touch {}", mark.display())).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(output.stdout.is_empty() && !mark.exists(), "a command ran");

    let source = fleet.folder().join("source");
    fs::write(&source, "x").expect("a file");
    let address = host(&fleet, "web1").address();
    let mut sftp = tokio::process::Command::new("/usr/bin/scp");
    let target = format!("{}@{}:{}", fleet.user(), address.ip(), mark.display());
    sftp.args(options(&fleet)).args(["-P", &address.port().to_string()]).arg(&source).arg(target);
    assert_ne!(finish(&mut sftp).await.status.code(), Some(0));
    assert!(!mark.exists(), "a file was taken");
}
