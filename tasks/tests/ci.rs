//! `ci.clean_workspaces` in a real host with real processes and mounts, and `docker.prune` with a program that plays `docker`: no real one can
//! run where these tests do.

use std::error::Error;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use runsheet_task::TaskError;
use serde_json::json;

use crate::fleet_host::FleetHost;
use crate::shell_remote::ShellRemote;
use crate::stage::{self, Stage};

type Tested = Result<(), Box<dyn Error>>;

const ROOT: &str = "/srv/ci/workspace";

/// Makes workspaces, of which only `fresh` and `deep` have a change of the last days.
const MAKE: &str = r#"
mkdir -p /srv/ci/workspace /srv/precious && cd /srv/ci/workspace
echo gold >/srv/precious/file
for name in stale "it's \$(touch oops); x" -rf fresh deep used open running mounted 'in -> side' .hidden; do
    mkdir -p -- "./$name/a/b" && echo x >"./$name/a/b/file"
done
dd if=/dev/zero of=stale/large bs=1M count=3 2>/dev/null
ln -s /srv/precious stale/link
ln -s /srv/precious link
echo x >file
cp /bin/sleep running/sleep
touch -h -d '30 days ago' link && touch -d '30 days ago' /srv/precious/file /srv/precious
find . -mindepth 1 -exec touch -h -d '30 days ago' -- {} +
touch fresh
touch deep/a/b/file
mount --bind /srv/precious mounted/a/b
(cd used/a && exec sleep 1000 >/dev/null 2>&1 </dev/null) &
(cd 'in -> side' && exec sleep 1000 >/dev/null 2>&1 </dev/null) &
sleep 1000 <open/a/b/file >/dev/null 2>&1 &
running/sleep 1000 >/dev/null 2>&1 </dev/null &
"#;

/// The names in the root.
fn left(host: &FleetHost) -> Vec<String> {
    host.sh(&format!("ls -A {ROOT}")).lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn workspaces_that_nobody_uses_are_removed_and_nothing_else_is() -> Tested {
    let Some(host) = FleetHost::up() else { return Ok(()) };
    host.sh(MAKE);
    let all = left(&host);
    assert_eq!(all.len(), 13);
    let args = json!({"root": ROOT, "days": 14});

    let dry = Stage { dry_run: true, ..host.stage() };
    let would = dry.run("ci.clean_workspaces", args.clone()).await;
    assert!(matches!(&would, Err(TaskError::Would { what }) if what.starts_with("remove 3 folders (")), "{would:?}");
    assert_eq!(left(&host), all);

    let cleaned = host.stage().run("ci.clean_workspaces", args.clone()).await?;
    assert!(cleaned.is_ok() && cleaned.changed, "{cleaned:?}");
    assert!(cleaned.message.contains("3 folders (") && cleaned.message.contains(", 3 MiB freed"), "{cleaned:?}");
    assert!(
        cleaned.message.ends_with("; 5 folders (in -> side, mounted, open, running, used) in use kept"),
        "{cleaned:?}"
    );
    let now = left(&host);
    let gone: Vec<_> = all.iter().filter(|name| !now.contains(name)).map(String::as_str).collect();
    assert_eq!(gone, ["-rf", "it's $(touch oops); x", "stale"]);
    assert_eq!(host.sh("cat /srv/precious/file; ls /srv/precious"), "gold\nfile", "a link was followed");
    assert!(!host.try_sh("ls /srv/ci/workspace/oops /oops /root/oops").0);

    let again = host.stage().run("ci.clean_workspaces", args).await?;
    assert!(again.is_ok() && !again.changed, "{again:?}");
    assert_eq!(left(&host), now);
    Ok(())
}

#[tokio::test]
async fn a_folder_that_holds_more_than_workspaces_is_refused() -> Tested {
    let Some(host) = FleetHost::up() else { return Ok(()) };
    host.sh("mkdir -p /srv/ci /home/ci/workspace && ln -s /etc /srv/ci/etc && ln -s /home /srv/ci/home && mkdir /var/lib/old");
    host.sh("touch -d '30 days ago' /var/lib/old /etc/apt /srv/ci");
    let before = host.sh("ls -A / /etc /var/lib /home /srv /usr");
    for root in [
        "/",
        "/srv",
        "/var/lib",
        "/home/ci",
        "/usr/lib",
        "/etc",
        "/srv/ci/etc",
        "/srv/ci/home",
        "/srv/ci/../../etc",
        "/nope",
        "/tmp/..",
    ] {
        let refused = host.stage().run("ci.clean_workspaces", json!({"root": root, "days": 1})).await;
        assert!(matches!(&refused, Err(TaskError::Failed { .. })), "{root}: {refused:?}");
    }
    for root in ["srv/ci", "-x", "", "/srv\n/ci"] {
        let refused = host.stage().run("ci.clean_workspaces", json!({"root": root})).await?;
        assert_eq!(refused.value, 2, "{root}: {refused:?}");
    }
    assert_eq!(host.sh("ls -A / /etc /var/lib /home /srv /usr"), before);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_removed_is_told() -> Tested {
    let Some(host) = FleetHost::up() else { return Ok(()) };
    host.sh("mkdir -p /srv/ci/workspace/mine /srv/ci/workspace/theirs/a && echo x >/srv/ci/workspace/theirs/a/file && chown -R nobody /srv/ci/workspace");
    host.sh(
        "chown root /srv/ci/workspace/theirs/a && find /srv/ci/workspace -mindepth 1 -exec touch -d '30 days ago' {} +",
    );
    let args = json!({"root": ROOT, "days": 14});
    let cleaned = host.stage_as("nobody").run("ci.clean_workspaces", args.clone()).await?;
    assert!(
        !cleaned.is_ok() && cleaned.message.starts_with("1 folder (theirs) cannot be removed: rm: cannot remove"),
        "{cleaned:?}"
    );
    assert!(cleaned.message.contains("Permission denied; 1 folder (mine) removed"), "{cleaned:?}");
    assert_eq!(left(&host), ["theirs"]);
    host.sh("chown root /srv/ci/workspace");
    let denied = host.stage_as("nobody").run("ci.clean_workspaces", args).await.expect_err("it may not").to_string();
    assert!(denied.ends_with("no right to remove anything from /srv/ci/workspace"), "{denied}");
    Ok(())
}

/// As much of docker as is asked of it: it writes down its arguments.
const DOCKER: &str = r#"#!/bin/sh
for word; do printf '[%s]' "$word"; done >>HERE/log
echo >>HERE/log
case $1 in
    version) [ -e HERE/running ] || { echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock." >&2; exit 1; }; echo 28.2.2 ;;
    *) cat HERE/says ;;
esac
"#;

#[tokio::test]
async fn docker_is_asked_in_its_own_words() -> Tested {
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name);
    fs::write(file("docker"), DOCKER.replace("HERE", &folder.path().to_string_lossy()))?;
    fs::set_permissions(file("docker"), Permissions::from_mode(0o755))?;
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let stage = || stage::on(Arc::new(ShellRemote::new().env("PATH", &path)));

    let stopped = stage().run("docker.prune", json!({})).await?;
    assert!(stopped.message.contains("docker does not answer: Cannot connect to the Docker daemon"), "{stopped:?}");
    fs::write(file("running"), "")?;
    fs::write(file("says"), "Deleted Images:\nuntagged: ci:1\n\nTotal reclaimed space: 1.203GB\n")?;
    let dry = Stage { dry_run: true, ..stage() }.run("docker.prune", json!({})).await;
    assert!(matches!(dry, Err(TaskError::Would { .. })));
    assert!(!fs::read_to_string(file("log"))?.contains("prune"));

    let labels = ["ci=it's $(id)", "!keep", "-x"];
    let pruned = stage().run("docker.prune", json!({"all": true, "unused_for": "72h", "labels": labels})).await?;
    assert!(pruned.is_ok() && pruned.changed, "{pruned:?}");
    assert_eq!(pruned.message, "1.203GB freed");
    let log = fs::read_to_string(file("log"))?;
    let asked = "[system][prune][--force][--all][--filter][until=259200s][--filter][label=ci=it's $(id)][--filter][label!=keep][--filter][label=-x]";
    assert_eq!(log.lines().last(), Some(asked));

    fs::write(file("says"), "Total reclaimed space: 0B\n")?;
    let nothing = stage().run("docker.prune", json!({"volumes": true})).await?;
    assert!(nothing.is_ok() && !nothing.changed, "{nothing:?}");
    let refused = stage().run("docker.prune", json!({"volumes": true, "unused_for": "72h"})).await?;
    assert_eq!(refused.value, 2, "{refused:?}");
    Ok(())
}
