//! `package.*` with Debian's real apt and dpkg, in a real host whose only source is a folder of packages that these tests make. dnf and
//! yum are not tried here, only in the cases.

use std::time::{Duration, Instant};

use runsheet_model::Outcome;
use serde_json::{Value, json};

use crate::fleet_host::FleetHost;
use crate::stage::Stage;

/// Makes the package NAME VERSION with more lines of control and shell text that may add files below `$p`.
const MAKE: &str = r#"
make() {
    p=$(mktemp -d) && chmod 755 "$p" && mkdir "$p/DEBIAN"
    printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: Test <test@localhost>\nDescription: test\n%s' \
        "$1" "$2" "$3" >"$p/DEBIAN/control"
    [ -z "$4" ] || eval "$4"
    dpkg-deb --build "$p" "/srv/repo/$1_$2.deb" >/dev/null && rm -rf "$p"
}
index() {
    (cd /srv/repo && dpkg-scanpackages --multiversion . >Packages 2>/dev/null)
}
"#;

/// A host whose packages come from `/srv/repo`: `tiny` 1.0, `lib` 1.0, and `app` 1.0 that needs it and has a configuration file.
fn host() -> Option<FleetHost> {
    let host = FleetHost::up()?;
    host.sh(&format!(
        "{MAKE}\nrm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /var/lib/apt/lists/*; mkdir -p /srv/repo
         make tiny 1.0 && make lib 1.0 && make app 1.0 'Depends: lib
' 'mkdir $p/etc; echo from-package >$p/etc/app.conf; echo /etc/app.conf >$p/DEBIAN/conffiles' && index
         echo 'deb [trusted=yes] file:/srv/repo ./' >/etc/apt/sources.list"
    ));
    Some(host)
}

async fn run(stage: &Stage, task: &str, args: Value) -> Outcome {
    stage.run(task, args).await.unwrap_or_else(|error| panic!("{task}: {error}"))
}

fn ok(outcome: &Outcome, changed: bool) {
    assert!(outcome.is_ok() && outcome.changed == changed, "{outcome:?}");
}

/// What dpkg says of a package.
fn version(host: &FleetHost, name: &str) -> String {
    host.try_sh(&format!("dpkg-query -W -f '${{db:Status-Abbrev}}${{Version}}' {name} 2>/dev/null")).1
}

#[tokio::test]
async fn packages_are_installed_upgraded_and_removed() {
    let Some(host) = host() else { return };
    let stage = host.stage();

    let unknown = run(&stage, "package.install", json!({"names": "tiny"})).await;
    assert!(unknown.message.contains("tiny") && unknown.value != 0, "there are no lists yet: {unknown:?}");
    let dry = Stage { dry_run: true, ..host.stage() };
    let would = dry.run("package.install", json!({"names": ["tiny", "app"], "update": "true"})).await;
    let would = would.expect_err("a dry run ends early").to_string();
    assert_eq!(would, "would fetch the lists of packages and install `tiny`, `app`");
    assert_eq!(host.sh("ls /var/lib/apt/lists | wc -l"), "0", "a dry run has fetched lists");

    let installed = run(&stage, "package.install", json!({"names": ["tiny", "app"], "update": "1h"})).await;
    ok(&installed, true);
    assert_eq!(installed.message, "installed `tiny` 1.0, `app` 1.0, and for them `lib` 1.0");
    assert_eq!(version(&host, "tiny") + &version(&host, "app") + &version(&host, "lib"), "ii 1.0ii 1.0ii 1.0");
    let again = run(&stage, "package.install", json!({"names": ["tiny", "app"], "update": "true"})).await;
    ok(&again, false);
    assert_eq!(again.message, "already installed: `tiny` 1.0, `app` 1.0");

    // Newer ones arrive, and somebody has changed a configuration file.
    host.sh("echo mine >/etc/app.conf");
    host.sh(&format!(
        "{MAKE}\nmake tiny 2.0; make app 2.0 'Depends: lib
' 'mkdir $p/etc; echo newer >$p/etc/app.conf; echo /etc/app.conf >$p/DEBIAN/conffiles'; index"
    ));
    let fresh = run(&stage, "package.upgrade", json!({"update": "1h"})).await;
    ok(&fresh, false);
    let would =
        dry.run("package.upgrade", json!({"names": "tiny"})).await.expect_err("a dry run ends early").to_string();
    assert_eq!(would, "would fetch the lists of packages and upgrade `tiny`, if there is anything newer");
    let upgraded = run(&stage, "package.upgrade", json!({"names": "tiny"})).await;
    ok(&upgraded, true);
    assert_eq!(upgraded.message, "upgraded 1 package: `tiny` 1.0 → 2.0");
    assert_eq!(version(&host, "tiny") + &version(&host, "app"), "ii 2.0ii 1.0");
    let would =
        dry.run("package.upgrade", json!({"update": "false"})).await.expect_err("a dry run ends early").to_string();
    assert_eq!(would, "would upgrade `app` 1.0 → 2.0");
    ok(&run(&stage, "package.upgrade", json!({})).await, true);
    assert_eq!(version(&host, "app"), "ii 2.0");
    assert_eq!(host.sh("cat /etc/app.conf"), "mine");
    ok(&run(&stage, "package.upgrade", json!({})).await, false);

    // A version that is named is installed, also an older one, and only that.
    let older = run(&stage, "package.install", json!({"names": "tiny=1.0"})).await;
    ok(&older, true);
    assert_eq!(older.message, "installed `tiny` 1.0 (was 2.0)");
    assert_eq!(version(&host, "tiny"), "ii 1.0");
    ok(&run(&stage, "package.install", json!({"names": "tiny=1.0"})).await, false);
    let nowhere = run(&stage, "package.install", json!({"names": "tiny=9"})).await;
    assert!(!nowhere.is_ok() && nowhere.message.contains("Version '9' for 'tiny' was not found"), "{nowhere:?}");

    let needed = run(&stage, "package.remove", json!({"names": "lib"})).await;
    assert!(needed.message.contains("would go with it: `app`"), "{needed:?}");
    assert_eq!(version(&host, "lib") + &version(&host, "app"), "ii 1.0ii 2.0");
    let would =
        dry.run("package.remove", json!({"names": ["app"]})).await.expect_err("a dry run ends early").to_string();
    assert_eq!(would, "would remove `app`");
    ok(&run(&stage, "package.remove", json!({"names": "app"})).await, true);
    assert_eq!(version(&host, "app"), "rc 2.0");
    assert_eq!(host.sh("cat /etc/app.conf"), "mine");
    ok(&run(&stage, "package.remove", json!({"names": "app"})).await, false);
    ok(&run(&stage, "package.remove", json!({"names": ["app", "lib"], "purge": true})).await, true);
    assert!(!host.try_sh("ls /etc/app.conf").0, "its configuration is left");
    ok(&run(&stage, "package.remove", json!({"names": ["app", "lib", "never-seen"], "purge": true})).await, false);
}

#[tokio::test]
async fn held_packages_stay_as_they_are() {
    let Some(host) = host() else { return };
    let stage = host.stage();
    let missing = run(&stage, "package.hold", json!({"names": "tiny"})).await;
    assert_eq!(missing.message, "not installed: `tiny`");
    ok(&run(&stage, "package.install", json!({"names": "tiny", "update": "true"})).await, true);
    ok(&run(&stage, "package.hold", json!({"names": "tiny"})).await, true);
    assert_eq!(host.sh("apt-mark showhold"), "tiny");
    ok(&run(&stage, "package.hold", json!({"names": "tiny"})).await, false);

    host.sh(&format!("{MAKE}\nmake tiny 2.0; index"));
    ok(&run(&stage, "package.upgrade", json!({})).await, false);
    let held = run(&stage, "package.install", json!({"names": "tiny=2.0"})).await;
    assert!(!held.is_ok() && held.message.to_lowercase().contains("held"), "{held:?}");
    assert_eq!(version(&host, "tiny"), "hi 1.0");

    ok(&run(&stage, "package.hold", json!({"names": "tiny", "state": "unhold"})).await, true);
    assert_eq!(host.sh("apt-mark showhold"), "");
    ok(&run(&stage, "package.hold", json!({"names": "tiny", "state": "unhold"})).await, false);
    ok(&run(&stage, "package.upgrade", json!({})).await, true);
    assert_eq!(version(&host, "tiny"), "ii 2.0");
}

#[tokio::test]
async fn somebody_else_at_work_is_waited_for_and_named() {
    let Some(host) = host() else { return };
    let stage = host.stage();
    host.sh(&format!(
        "{MAKE}\nmake slow 1.0 '' 'printf \"#!/bin/sh\\nwhile [ ! -e /tmp/go ]; do sleep 0.1; done\\n\" >$p/DEBIAN/preinst
             chmod 755 $p/DEBIAN/preinst'; index; apt-get -q update
         setsid apt-get -y install slow </dev/null >/tmp/slow.log 2>&1 &"
    ));
    let patience = Instant::now();
    while !host.try_sh("pgrep -f slow.*preinst").0 {
        assert!(
            patience.elapsed() < Duration::from_secs(20),
            "it does not get there: {}",
            host.sh("cat /tmp/slow.log")
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    let busy = run(&stage, "package.install", json!({"names": "tiny", "wait": "1s"})).await;
    assert_eq!(busy.value, 1, "{busy:?}");
    assert!(busy.message.contains("apt-get -y install slow") && busy.message.contains("still at work"), "{busy:?}");
    assert_eq!(version(&host, "tiny"), "");

    let (waited, ()) = tokio::join!(run(&stage, "package.install", json!({"names": "tiny", "wait": "40s"})), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        host.sh("touch /tmp/go");
    });
    ok(&waited, true);
    assert_eq!(version(&host, "tiny") + &version(&host, "slow"), "ii 1.0ii 1.0");
}

#[tokio::test]
async fn what_cannot_be_done_says_why() {
    let Some(host) = host() else { return };
    let stage = host.stage();
    for names in
        [json!(["-y"]), json!(["a b"]), json!(["tiny; touch /tmp/canary"]), json!(["tiny-"]), json!([]), json!(["t*"])]
    {
        for task in ["package.install", "package.remove", "package.hold"] {
            let outcome = run(&stage, task, json!({"names": names})).await;
            assert_eq!(outcome.value, 2, "{task} {names}: {outcome:?}");
        }
    }
    let update = run(&stage, "package.install", json!({"names": "tiny", "update": "yesterday"})).await;
    assert_eq!(update.value, 2, "{update:?}");

    host.sh(&format!(
        "{MAKE}\nmake broken 1.0 '' 'printf \"#!/bin/sh\\necho it hurts; exit 7\\n\" >$p/DEBIAN/postinst; chmod 755 $p/DEBIAN/postinst'; index"
    ));
    let broken = run(&stage, "package.install", json!({"names": "broken", "update": "true"})).await;
    assert!(
        !broken.is_ok() && broken.message.contains("it hurts") && broken.message.contains("exit status 7"),
        "{broken:?}"
    );
    let dropped = run(&stage, "package.remove", json!({"names": "broken"})).await;
    ok(&dropped, true);

    host.sh("echo 'deb [trusted=yes] file:/srv/nowhere ./' >/etc/apt/sources.list");
    let refused = run(&stage, "package.install", json!({"names": "tiny", "update": "true"})).await;
    assert!(!refused.is_ok() && refused.message.starts_with("failed to fetch the lists"), "{refused:?}");
    assert!(refused.message.contains("/srv/nowhere"), "{refused:?}");

    let left = host.sh("ls -A /tmp");
    assert!(!left.contains("runsheet"), "something is left behind: {left}");
}
