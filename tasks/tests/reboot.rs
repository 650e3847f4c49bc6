//! `reboot` in real hosts, which have boot ids of their own. That a run waits for them is tested with the program.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::fleet_host::FleetHost;
use crate::stage::Stage;

const BOOT_ID: &str = "cat /proc/sys/kernel/random/boot_id";

/// Until the host has another boot id.
async fn started_anew(host: &FleetHost, before: &str) {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let (good, boot) = host.try_sh(BOOT_ID);
        if good && boot != before {
            return;
        }
        assert!(Instant::now() < deadline, "the host was not started anew: {boot}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_host_is_started_anew_and_the_task_sees_its_own_end() {
    let Some(host) = FleetHost::up() else { return };
    let stage = host.stage();
    let before = host.sh(BOOT_ID);
    let dry = Stage { dry_run: true, ..host.stage() };
    let would = dry.run("reboot", json!({})).await.expect_err("a dry run ends early");
    assert_eq!(would.to_string(), "would start the host anew");
    let denied = host.stage_as("www-data").run("reboot", json!({})).await.expect("the task knows");
    assert!(!denied.is_ok() && denied.message.contains("only root"), "{denied:?}");
    assert_eq!(host.sh(BOOT_ID), before);

    let outcome = stage.run("reboot", json!({})).await.expect("the end of the command is seen");
    assert!(outcome.is_ok() && outcome.changed, "{outcome:?}");
    started_anew(&host, &before).await;
}

#[tokio::test]
async fn a_host_that_does_not_ask_for_it_is_left_alone() {
    let Some(host) = FleetHost::up() else { return };
    let stage = host.stage();
    let only = json!({"only_if_needed": true});
    let before = host.sh(BOOT_ID);
    let left = stage.run("reboot", only.clone()).await.expect("the task knows");
    assert!(left.is_ok() && !left.changed, "{left:?}");

    // As the program ends: 0 for no, 1 for yes, else it cannot tell.
    let tell = |code: &str| {
        host.sh(&format!(
            "printf '#!/bin/sh\\n[ \"$1\" = -r ] && echo told && exit {code}\\n' >/usr/local/bin/needs-restarting; chmod 755 /usr/local/bin/needs-restarting"
        ))
    };
    tell("0");
    let left = stage.run("reboot", only.clone()).await.expect("the task knows");
    assert!(left.is_ok() && !left.changed, "{left:?}");
    tell("3");
    let unknown = stage.run("reboot", only.clone()).await.expect("the task knows");
    assert!(!unknown.is_ok() && unknown.message.contains("cannot tell: told"), "{unknown:?}");
    let dry = Stage { dry_run: true, ..host.stage() };
    tell("1");
    assert!(dry.run("reboot", only.clone()).await.is_err(), "it is needed");
    host.sh("rm /usr/local/bin/needs-restarting; touch /run/reboot-required");
    assert_eq!(host.sh(BOOT_ID), before);

    let outcome = stage.run("reboot", only).await.expect("the task knows");
    assert!(outcome.is_ok() && outcome.changed, "{outcome:?}");
    started_anew(&host, &before).await;
}
