//! `host.wait` in a real host.

use serde_json::json;

use crate::fleet_host::FleetHost;

#[tokio::test]
async fn a_host_that_runs_commands_is_not_waited_for() {
    let Some(host) = FleetHost::up() else { return };
    for stage in [host.stage(), host.stage_as("www-data")] {
        let outcome = stage.run("host.wait", json!({"wait": "1s"})).await.expect("the task knows");
        assert!(outcome.is_ok() && !outcome.changed, "{outcome:?}");
        assert!(outcome.message.starts_with("the host runs commands, and has been up "), "{outcome:?}");
    }
}
