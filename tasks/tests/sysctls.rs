//! `sysctl.set` with the real kernel, in a real host that has a network of its own.

use runsheet_model::Outcome;
use serde_json::{Value, json};

use crate::fleet_host::FleetHost;
use crate::stage::Stage;

async fn set(stage: &Stage, args: Value) -> Outcome {
    stage.run("sysctl.set", args).await.expect("the task knows")
}

#[tokio::test]
async fn a_setting_holds_now_and_later() {
    let Some(host) = FleetHost::up() else { return };
    host.sh("mount -o remount,rw /proc/sys 2>/dev/null || true");
    let stage = host.stage();
    let file = "/etc/sysctl.d/60-runsheet-net.ipv4.ip_local_port_range.conf";
    let before = host.sh("cat /proc/sys/net/ipv4/ip_local_port_range");
    let args = || json!({"key": "net.ipv4.ip_local_port_range", "value": "20000  40001"});
    let dry = Stage { dry_run: true, ..host.stage() };
    let would = dry.run("sysctl.set", args()).await.expect_err("a dry run ends early").to_string();
    assert!(would.starts_with("would set `net.ipv4.ip_local_port_range` to `20000  40001` and write"), "{would}");
    assert_eq!(host.sh("cat /proc/sys/net/ipv4/ip_local_port_range"), before);

    let changed = set(&stage, args()).await;
    assert!(changed.is_ok() && changed.changed, "{changed:?}");
    assert_eq!(host.sh("cat /proc/sys/net/ipv4/ip_local_port_range"), "20000\t40001");
    assert_eq!(host.sh(&format!("stat -c %a {file}; ls -A /etc/sysctl.d | grep -c runsheet.X || true")), "644\n0");
    let again = set(&stage, args()).await;
    assert!(again.is_ok() && !again.changed, "{again:?}");
    // What sysctl itself makes of the file.
    host.sh(&format!("echo '30000 40000' >/proc/sys/net/ipv4/ip_local_port_range; sysctl -q -p {file}"));
    assert_eq!(host.sh("cat /proc/sys/net/ipv4/ip_local_port_range"), "20000\t40001");
    host.sh(&format!("rm {file}"));
    let kept = set(&stage, args()).await;
    assert!(kept.changed && kept.message.contains("already"), "{kept:?}");

    // Nothing is kept.
    let forward = json!({"key": "net.ipv4.conf.lo.forwarding", "value": 1, "persistent": false});
    assert!(set(&stage, forward).await.changed);
    assert!(!host.try_sh("ls /etc/sysctl.d/*forwarding*").0);
}

#[tokio::test]
async fn what_the_kernel_does_not_take_is_told_and_not_kept() {
    let Some(host) = FleetHost::up() else { return };
    host.sh("mount -o remount,rw /proc/sys 2>/dev/null || true");
    let stage = host.stage();
    for (args, why) in [
        (json!({"key": "net.ipv4.ip_local_port_range", "value": "40000 20000"}), "the kernel does not take"),
        (json!({"key": "net.ipv4.ip_local_port_range", "value": "x; reboot"}), "the kernel does not take"),
        (json!({"key": "net.ipv4.no_such", "value": "1"}), "the kernel has no setting"),
        (json!({"key": "-w.x", "value": "1"}), "is no setting of a kernel"),
        (json!({"key": "../etc.passwd", "value": "1"}), "is no setting of a kernel"),
        (json!({"key": "net.core.somaxconn", "value": "1\n2"}), "has to be one line"),
    ] {
        let refused = set(&stage, args).await;
        assert!(!refused.is_ok() && refused.message.contains(why), "{refused:?}");
    }
    let denied = set(&host.stage_as("www-data"), json!({"key": "net.core.somaxconn", "value": 77})).await;
    assert!(!denied.is_ok() && denied.message.contains("ermission denied"), "{denied:?}");
    assert!(!host.try_sh("ls /etc/sysctl.d/*runsheet*").0, "something was kept");
}
