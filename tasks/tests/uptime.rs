//! `uptime` with a real kernel.

use std::sync::Arc;

use runsheet_model::format_duration;
use serde_json::json;

use crate::shell_remote::ShellRemote;
use crate::stage;

#[tokio::test]
async fn a_host_tells_how_long_it_has_been_up() {
    let up = || {
        let text = std::fs::read_to_string("/proc/uptime").expect("it can be read");
        text.split('.').next().and_then(|seconds| seconds.parse().ok()).expect("seconds")
    };
    let before = up();
    let outcome = stage::on(Arc::new(ShellRemote::new())).run("uptime", json!({})).await.expect("the task knows");
    assert!(outcome.is_ok() && !outcome.changed, "{outcome:?}");
    let fits = |seconds| {
        outcome.message.starts_with(&format!("up {}, ", format_duration(std::time::Duration::from_secs(seconds))))
    };
    assert!((before..=up()).any(fits), "{outcome:?}");
}
