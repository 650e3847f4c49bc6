//! `disk.check` with real file systems, in a real host.

use serde_json::json;

use crate::fleet_host::FleetHost;
use crate::stage::Stage;

#[tokio::test]
async fn a_disk_has_room_until_somebody_takes_it() {
    let Some(host) = FleetHost::up() else { return };
    let stage = host.stage();
    let check = async |args| stage.run("disk.check", args).await.expect("the task knows");
    host.sh(
        "mkdir '/srv/a b; exit'; mount -t tmpfs -o size=20m,nr_inodes=100 'strange 1 2 3 4% name' '/srv/a b; exit'",
    );
    let wanted = |free| json!({"path": "/srv/a b; exit", "free": free});

    let enough = check(wanted("15M")).await;
    assert!(enough.is_ok() && !enough.changed, "{enough:?}");
    assert_eq!(enough.message, "20.0 MiB of 20.0 MiB (100 %) free at `/srv/a b; exit`");
    host.sh("dd if=/dev/zero of='/srv/a b; exit/file' bs=1M count=10 status=none");
    let lacks = check(wanted("15M")).await;
    assert!(!lacks.is_ok(), "{lacks:?}");
    assert_eq!(lacks.message, "10.0 MiB of 20.0 MiB (50 %) free at `/srv/a b; exit`, but wanted: 15.0 MiB");
    assert!(check(wanted("10M")).await.is_ok());
    assert!(check(json!({"path": "/srv/a b; exit", "free_percent": 50})).await.is_ok());
    assert!(!check(json!({"path": "/srv/a b; exit", "free_percent": 51})).await.is_ok());

    let inodes = json!({"path": "/srv/a b; exit", "free_inodes": 50});
    assert!(check(inodes.clone()).await.is_ok());
    host.sh("cd '/srv/a b; exit' && seq 60 | xargs touch");
    let lacks = check(inodes.clone()).await;
    assert!(!lacks.is_ok() && lacks.message.contains("50 % of the inodes (38 of 100 are free)"), "{lacks:?}");
    // It changes nothing, so a dry run asks too.
    let dry = Stage { dry_run: true, ..host.stage() };
    assert!(!dry.run("disk.check", inodes).await.expect("the task knows").is_ok());

    for (args, why) in [
        (json!({"path": "/srv/none", "free": "1"}), "there is no `/srv/none`"),
        (json!({"path": "-rf", "free": "1"}), "has to be a path"),
        (json!({"free": "1.5G"}), "has to be a size"),
        (json!({}), "has to be given"),
    ] {
        let refused = check(args).await;
        assert!(!refused.is_ok() && refused.message.contains(why), "{refused:?}");
    }
    assert!(host.stage_as("www-data").run("disk.check", json!({"free": 1})).await.expect("the task knows").is_ok());
}
