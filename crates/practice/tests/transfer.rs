use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Output;

use runsheet_practice::{Fault, Fleet};
use tokio::process::Command;

use crate::client::{finish, finish_with, fleet, host, options, stderr, stdout};

/// Five million bytes that are not all alike.
fn content() -> Vec<u8> {
    (0..1_250_000_u32).map(|number| number.wrapping_mul(2_654_435_761)).flat_map(u32::to_le_bytes).collect()
}

/// Runs a batch of `sftp` commands on `web1`.
async fn sftp(fleet: &Fleet, batch: &str) -> Output {
    let address = host(fleet, "web1").address();
    let mut sftp = Command::new("/usr/bin/sftp");
    sftp.args(options(fleet))
        .args(["-P", &address.port().to_string(), "-b", "-"])
        .arg(format!("{}@{}", fleet.user(), address.ip()))
        .kill_on_drop(true);
    finish_with(&mut sftp, batch.as_bytes()).await
}

async fn scp(fleet: &Fleet, from: &str, to: &str) -> Output {
    let port = host(fleet, "web1").address().port().to_string();
    let mut scp = Command::new("/usr/bin/scp");
    scp.args(options(fleet)).args(["-p", "-r", "-P", &port, from, to]).kill_on_drop(true);
    finish(&mut scp).await
}

#[track_caller]
fn assert_equal(one: &Path, other: &Path) {
    let (one, other) = (fs::read(one).expect("a file"), fs::read(other).expect("a file"));
    assert!(one == other, "{} and {} bytes differ", one.len(), other.len());
}

#[tokio::test]
async fn a_file_goes_there_and_back_by_sftp_unchanged() {
    let fleet = fleet(&["web1"]).await;
    let here = tempfile::tempdir().expect("a folder");
    let (original, copy) = (here.path().join("original"), here.path().join("copy"));
    fs::write(&original, content()).expect("a file");
    fs::set_permissions(&original, fs::Permissions::from_mode(0o640)).expect("a mode");
    let batch = format!("put -fp {} there\nget -p there {}\n", original.display(), copy.display());
    let output = sftp(&fleet, &batch).await;
    assert!(output.status.success(), "{}", stderr(&output));
    let there = host(&fleet, "web1").home().join("there");
    assert_equal(&original, &there);
    assert_equal(&original, &copy);
    let (first, last) = (fs::metadata(&original).expect("a file"), fs::metadata(&copy).expect("a file"));
    assert_eq!(last.mode() & 0o777, 0o640);
    assert_eq!(first.mtime(), last.mtime());
    assert!(host(&fleet, "web1").commands().is_empty());
}

#[tokio::test]
async fn files_and_folders_can_be_made_listed_renamed_and_removed() {
    let fleet = fleet(&["web1"]).await;
    let home = host(&fleet, "web1").home();
    fs::write(home.join("old"), "new content").expect("a file");
    fs::write(home.join("target"), "old content").expect("a file");
    let batch = "mkdir releases\n\
                 rename old target\n\
                 chmod 600 target\n\
                 symlink target current\n\
                 ln target second\n\
                 cd releases\n\
                 pwd\n\
                 cd ..\n\
                 rmdir releases\n\
                 rm second\n\
                 ls -1\n\
                 ls -l target\n";
    let output = sftp(&fleet, batch).await;
    assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
    // `posix-rename@openssh.com` replaces what is there.
    assert_eq!(fs::read_to_string(home.join("target")).expect("a file"), "new content");
    assert_eq!(fs::metadata(home.join("target")).expect("a file").mode() & 0o777, 0o600);
    assert_eq!(fs::read_link(home.join("current")).expect("a link"), Path::new("target"));
    assert!(!home.join("releases").exists() && !home.join("second").exists());
    let seen = stdout(&output);
    assert!(seen.contains(&format!("Remote working directory: {}/releases", home.display())), "{seen}");
    assert!(seen.contains("bin\ncurrent\ntarget\n"), "{seen}");
    assert!(seen.contains("-rw-------"), "{seen}");
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_its_reason() {
    let fleet = fleet(&["web1"]).await;
    let inside = host(&fleet, "web1").home().join("bin/inside");
    fs::write(&inside, "").expect("a file");
    let output = sftp(&fleet, "-rm absent\n-rmdir bin\n-get absent /dev/null\n").await;
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("No such file or directory"), "{said}");
    assert!(inside.exists());
}

#[tokio::test]
async fn folders_go_there_and_back_by_scp() {
    let fleet = fleet(&["web1"]).await;
    let here = tempfile::tempdir().expect("a folder");
    let tree = here.path().join("tree");
    fs::create_dir_all(tree.join("a/b")).expect("a folder");
    fs::write(tree.join("a/b/file"), content()).expect("a file");
    for number in 0..250 {
        fs::write(tree.join(format!("a/{number}")), number.to_string()).expect("a file");
    }
    let web1 = host(&fleet, "web1");
    let remote = format!("{}@{}:", fleet.user(), web1.address().ip());
    let output = scp(&fleet, &tree.display().to_string(), &remote).await;
    assert!(output.status.success(), "{}", stderr(&output));
    let back = here.path().join("back");
    let output = scp(&fleet, &format!("{remote}tree"), &back.display().to_string()).await;
    assert!(output.status.success(), "{}", stderr(&output));
    assert_equal(&tree.join("a/b/file"), &web1.home().join("tree/a/b/file"));
    assert_equal(&tree.join("a/b/file"), &back.join("a/b/file"));
    assert_equal(&tree.join("a/249"), &back.join("a/249"));
}

#[tokio::test]
async fn a_transfer_can_be_cut() {
    let fleet = Fleet::builder().host("web1").fault("web1", Fault::CutAfter(100_000)).start().await.expect("a fleet");
    let here = tempfile::tempdir().expect("a folder");
    fs::write(host(&fleet, "web1").home().join("there"), content()).expect("a file");
    let copy = here.path().join("copy");
    let output = sftp(&fleet, &format!("get there {}\n", copy.display())).await;
    assert!(!output.status.success());
    assert!(fs::metadata(&copy).map_or(0, |file| file.len()) < 100_000);
}
