//! `process.signal` with real processes, in a real host.

use std::time::{Duration, Instant};

use runsheet_model::Outcome;
use serde_json::{Value, json};

use crate::fleet_host::FleetHost;
use crate::stage::Stage;

async fn send(stage: &Stage, args: Value) -> Outcome {
    stage.run("process.signal", args).await.expect("the task knows")
}

/// A program of this name that runs; its number is in a file of this name in `/run`.
fn start(host: &FleetHost, name: &str, by: &str) {
    host.sh(&format!(
        "cp /bin/sleep '/usr/local/bin/{name}'
         setsid {by} '/usr/local/bin/{name}' 600 </dev/null >/dev/null 2>&1 & echo $! >'/run/{name}.pid'"
    ));
    let deadline = Instant::now() + Duration::from_secs(10);
    while !runs(host, name) {
        assert!(Instant::now() < deadline, "{name} did not start");
    }
}

fn runs(host: &FleetHost, name: &str) -> bool {
    host.try_sh(&format!("ls -l /proc/[0-9]*/exe 2>/dev/null | grep -qF -- '-> /usr/local/bin/{name}'")).0
}

#[tokio::test]
async fn exactly_the_processes_that_are_meant_get_the_signal() {
    let Some(host) = FleetHost::up() else { return };
    let stage = host.stage();
    let long = "a-worker-with-a-long-name";
    for name in ["worker", "worker2", "wor; ker", long, "a-worker-with-a-long-coat"] {
        start(&host, name, "");
    }
    let dry = Stage { dry_run: true, ..host.stage() };
    let would = dry.run("process.signal", json!({"name": "worker"})).await.expect_err("a dry run ends early");
    assert!(would.to_string().starts_with("would send TERM to 1 process called `worker`: "), "{would}");
    assert!(runs(&host, "worker2") && host.try_sh("kill -0 $(cat /run/worker.pid)").0);

    let ended = send(&stage, json!({"name": "worker"})).await;
    assert!(ended.is_ok() && ended.changed && ended.message.contains("ended after TERM"), "{ended:?}");
    assert!(!host.try_sh("kill -0 $(cat /run/worker.pid)").0, "it still runs");
    let again = send(&stage, json!({"name": "worker"})).await;
    assert!(again.is_ok() && !again.changed, "{again:?}");
    assert!(!send(&stage, json!({"name": "worker", "required": true})).await.is_ok());
    assert!(!send(&stage, json!({"name": "worke."})).await.changed, "a name is no pattern");
    assert!(runs(&host, "worker2"));
    assert!(send(&stage, json!({"name": "wor; ker", "signal": "KILL"})).await.changed);
    assert!(!runs(&host, "wor; ker"));
    assert!(send(&stage, json!({"name": long})).await.changed);
    assert!(!runs(&host, long) && runs(&host, "a-worker-with-a-long-coat"));

    // By the file that holds the number, and only if it is that user's.
    let other = send(&stage, json!({"pidfile": "/run/worker2.pid", "user": "www-data"})).await;
    assert!(!other.is_ok() && other.message.contains("does not belong to `www-data`"), "{other:?}");
    let denied = send(&host.stage_as("www-data"), json!({"name": "worker2"})).await;
    assert!(!denied.is_ok() && denied.message.contains("ermitted"), "{denied:?}");
    assert!(runs(&host, "worker2"));
    assert!(send(&stage, json!({"pidfile": "/run/worker2.pid", "user": "root"})).await.changed);
    assert!(!runs(&host, "worker2"));
}

#[tokio::test]
async fn one_that_stays_is_told_and_process_1_and_we_are_left_alone() {
    let Some(host) = FleetHost::up() else { return };
    let stage = host.stage();
    host.sh("printf '#!/bin/sh\\ntrap \"\" TERM\\ntouch /run/ready\\nwhile :; do sleep 1; done\\n' >/usr/local/bin/stays; chmod 755 /usr/local/bin/stays
             setsid stays </dev/null >/dev/null 2>&1 &
             until [ -e /run/ready ]; do sleep 0.1; done");
    let stays = send(&stage, json!({"name": "stays", "wait": "1s"})).await;
    assert!(!stays.is_ok() && stays.message.contains("did not end within"), "{stays:?}");
    assert!(send(&stage, json!({"name": "stays", "signal": "KILL"})).await.changed);
    assert!(!host.try_sh("pgrep -x stays").0);

    host.sh("echo 1 >/run/one.pid; echo '12; reboot' >/run/bad.pid; echo -1 >/run/all.pid");
    for (args, why) in [
        (json!({"pidfile": "/run/one.pid", "signal": "KILL"}), "process 1"),
        (json!({"pidfile": "/run/bad.pid"}), "holds no number"),
        (json!({"pidfile": "/run/all.pid"}), "holds no number"),
        (json!({"name": "x", "user": "nobodies"}), "there is no user `nobodies`"),
        (json!({"name": "x", "user": "-u"}), "no name of a user"),
        (json!({"name": "a/b"}), "no name of a program"),
        (json!({}), "has to be given"),
    ] {
        let refused = send(&stage, args).await;
        assert!(!refused.is_ok() && refused.message.contains(why), "{refused:?}");
    }
    // Our own shells are called so; process 1 of the host may be as well.
    let shell = host.sh("cat /proc/$$/comm");
    let own = send(&stage, json!({"name": shell, "signal": "KILL"})).await;
    assert!(own.is_ok() && !own.changed, "{own:?}");
    assert!(!send(&stage, json!({"pidfile": "/run/none.pid"})).await.changed);
}
