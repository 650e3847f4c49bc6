//! `cron.entry` in a real host. That Debian's cron runs it is looked up there too.

use std::time::{Duration, Instant};

use runsheet_model::Outcome;
use serde_json::{Value, json};

use crate::fleet_host::FleetHost;
use crate::stage::Stage;

async fn entry(stage: &Stage, args: Value) -> Outcome {
    stage.run("cron.entry", args).await.expect("the task knows")
}

#[tokio::test]
async fn an_entry_comes_changes_and_goes() {
    let Some(host) = FleetHost::up() else { return };
    let stage = host.stage();
    let dry = Stage { dry_run: true, ..host.stage() };
    let args = || json!({"name": "backup", "schedule": "*/5 2 * * mon-fri", "user": "www-data", "command": "echo 'a b'; true \\%"});
    let would = dry.run("cron.entry", args()).await.expect_err("a dry run ends early");
    assert_eq!(would.to_string(), "would add the entry `/etc/cron.d/backup`");
    assert!(!host.try_sh("test -e /etc/cron.d/backup").0);

    let added = entry(&stage, args()).await;
    assert!(added.is_ok() && added.changed, "{added:?}");
    assert_eq!(
        host.sh(
            "cat /etc/cron.d/backup; stat -c '%a %U' /etc/cron.d/backup; ls -A /etc/cron.d | grep -c runsheet.X || true"
        ),
        "# backup: written by runsheet\n*/5 2 * * mon-fri www-data echo 'a b'; true \\%\n644 root\n0"
    );
    let again = entry(&stage, args()).await;
    assert!(again.is_ok() && !again.changed, "{again:?}");
    let changed = entry(&stage, json!({"name": "backup", "schedule": "@daily", "command": "true"})).await;
    assert!(changed.changed && changed.message.ends_with("changed"), "{changed:?}");
    assert_eq!(host.sh("tail -n 1 /etc/cron.d/backup"), "@daily root true");
    let denied = entry(&host.stage_as("www-data"), args()).await;
    assert!(!denied.is_ok() && denied.message.contains("needs `sudo`"), "{denied:?}");
    assert!(entry(&stage, json!({"name": "backup", "state": "absent"})).await.changed);
    assert!(!host.try_sh("test -e /etc/cron.d/backup").0);
    assert!(!entry(&stage, json!({"name": "backup", "state": "absent"})).await.changed);

    host.sh("echo '# mine' >/etc/cron.d/mine; ln -s /etc/passwd /etc/cron.d/link");
    for (args, why) in [
        (json!({"name": "mine", "state": "absent"}), "is not ours"),
        (json!({"name": "link", "state": "absent"}), "is a link"),
        (json!({"name": "../passwd", "state": "absent"}), "is no name"),
        (json!({"name": "a.b", "state": "absent"}), "is no name"),
        (json!({"name": "-rf", "state": "absent"}), "is no name"),
        (json!({"name": "x", "schedule": "* * * * 8", "command": "true"}), "the day of the week cannot be `8`"),
        (json!({"name": "x", "schedule": "* * * * *", "command": "date +%s"}), "has a `%`"),
        (json!({"name": "x", "schedule": "* * * * *", "command": "a\nb"}), "one line"),
        (json!({"name": "x", "schedule": "* * * * *", "command": "a", "user": "a b"}), "no name of a user"),
        (json!({"name": "x", "command": "a"}), "`schedule` has to be given"),
    ] {
        let refused = entry(&stage, args).await;
        assert!(!refused.is_ok() && refused.message.contains(why), "{refused:?}");
    }
    assert_eq!(host.sh("cat /etc/cron.d/mine"), "# mine");
}

#[tokio::test]
async fn cron_runs_the_entry() {
    let Some(host) = FleetHost::up() else { return };
    let stage = host.stage();
    let args = json!({"name": "at-start", "schedule": "@reboot", "command": "id -un >'/run/it ran'"});
    assert!(entry(&stage, args).await.changed);
    host.sh("rm -f /run/crond.reboot /var/run/crond.reboot; cron");
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let (good, said) = host.try_sh("cat '/run/it ran'");
        if good && said == "root" {
            return;
        }
        assert!(Instant::now() < deadline, "cron did not run it: {said}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
