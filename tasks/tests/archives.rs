//! `archive.unpack` in a real host, with archives of a real tar.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::fleet_host::FleetHost;
use crate::stage::Stage;

/// Makes archives by a shell command, in this folder.
fn make(project: &Path, command: &str) {
    let made = Command::new("sh").args(["-ec", command]).current_dir(project).output().expect("a shell starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

const LEFT: &str = "ls -A /srv /var/tmp | grep -F runsheet || true";

#[tokio::test]
async fn an_archive_becomes_a_folder_as_a_whole() {
    let Some(host) = FleetHost::up() else { return };
    let project = tempfile::tempdir().expect("a folder");
    make(
        project.path(),
        "mkdir bin; echo one >bin/app; chmod 4777 bin/app; tar -czf one.tgz bin; echo two >bin/app; tar -cf two.tar bin",
    );
    let stage = Stage { project: project.path().to_owned(), ..host.stage() };
    let dry = Stage { project: project.path().to_owned(), dry_run: true, ..host.stage() };
    let unpack = async |args| stage.run("archive.unpack", args).await.expect("the task knows");
    let one = || json!({"archive": "one.tgz", "folder": "/srv/an app; exit"});
    let two = |replace| json!({"archive": "two.tar", "folder": "/srv/an app; exit", "replace": replace});

    let would = dry.run("archive.unpack", one()).await.expect_err("a dry run ends early").to_string();
    assert!(would.starts_with("would send ") && would.ends_with("make `/srv/an app; exit` of them"), "{would}");
    assert!(!host.try_sh("test -e '/srv/an app; exit'").0);
    let done = unpack(one()).await;
    assert!(done.is_ok() && done.changed, "{done:?}");
    assert_eq!(host.sh("cd '/srv/an app; exit' && cat bin/app && stat -c '%a %U' bin/app"), "one\n755 root");
    assert_eq!(host.sh(LEFT), "");
    let again = unpack(one()).await;
    assert!(again.is_ok() && !again.changed, "{again:?}");

    let other = unpack(two(false)).await;
    assert!(!other.is_ok() && other.message.contains("another archive"), "{other:?}");
    assert_eq!(host.sh("cat '/srv/an app; exit/bin/app'"), "one");
    assert!(unpack(two(true)).await.changed);
    assert_eq!(host.sh(&format!("cat '/srv/an app; exit/bin/app'; {LEFT}")), "two");
    host.sh("mkdir /srv/mine; touch /srv/mine/file");
    let foreign = unpack(json!({"archive": "two.tar", "folder": "/srv/mine", "replace": true})).await;
    assert!(!foreign.is_ok() && foreign.message.contains("no archive has brought"), "{foreign:?}");
    assert_eq!(host.sh("ls -A /srv/mine"), "file");
}

#[tokio::test]
async fn what_leads_out_is_refused_before_it_is_unpacked() {
    let Some(host) = FleetHost::up() else { return };
    let project = tempfile::tempdir().expect("a folder");
    make(
        project.path(),
        "mkdir in; cd in; echo x >../evil; tar -Pcf ../up.tar ../evil; ln -s /etc out; tar -cf ../link.tar out; echo none >../none.tar",
    );
    let stage = Stage { project: project.path().to_owned(), ..host.stage() };
    for (archive, why) in [("up.tar", "leads out"), ("link.tar", "leads out"), ("none.tar", "")] {
        let refused = stage.run("archive.unpack", json!({"archive": archive, "folder": "/srv/app"})).await;
        let refused = refused.expect("the task knows");
        assert!(!refused.is_ok() && refused.message.contains(why), "{archive}: {refused:?}");
        assert_eq!(host.sh(&format!("ls -A /srv | grep -e app -e evil || true; {LEFT}")), "", "{archive}");
    }
}
