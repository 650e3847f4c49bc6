use std::time::{Duration, Instant};

use runsheet_task::{RemoteError, TaskError};
use serde_json::json;

use crate::stage::Stage;

#[tokio::test]
async fn an_endless_loop_ends_with_the_attempt() {
    let mut stage = Stage::of(
        "def do_work(config, host):\n    for i in range(1 << 30):\n        for j in range(1 << 30):\n            pass\n",
    );
    stage.limit = Duration::from_millis(300);
    let begin = Instant::now();
    match stage.run(json!({})).await {
        Err(TaskError::Remote(RemoteError::TimedOut { limit })) => assert_eq!(limit, stage.limit),
        other => panic!("{other:?}"),
    }
    assert!(begin.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_run_that_is_stopped_stops_its_scripts() {
    for work in [
        "for i in range(1 << 30):\n        for j in range(1 << 30):\n            pass",
        "sleep('1h')",
        "host.run('sleep 3600')",
    ] {
        let mut stage = Stage::of(&format!("def do_work(config, host):\n    {work}\n"));
        stage.limit = Duration::from_hours(2);
        let cancel = stage.cancel.clone();
        let begin = Instant::now();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            cancel.cancel();
        });
        match stage.run(json!({})).await {
            Err(TaskError::Remote(RemoteError::Stopped)) => {}
            other => panic!("{work}: {other:?}"),
        }
        assert!(begin.elapsed() < Duration::from_secs(5), "{work}");
    }
}

#[tokio::test]
async fn memory_is_bounded() {
    for (work, said) in [
        ("x = 'x' * (1 << 30)", "this would be more than 16 MiB"),
        ("x = (1 << 30) * 'x'", "this would be more than 16 MiB"),
        ("x = [0] * (1 << 30)", "this would be more than 16 MiB"),
        ("x = 'x' * (1 << 24)\n    y = x + x", "this would be more than 16 MiB"),
        ("x = []\n    for i in range(1 << 20):\n        x.append('x' * 1024)", "eap"),
    ] {
        let stage = Stage::of(&format!("def do_work(config, host):\n    {work}\n"));
        let error = stage.goes_wrong(json!({})).await;
        assert!(error.contains(said) && error.contains("tasks/t.star") && !error.contains("__"), "{work}: {error}");
    }
}

#[tokio::test]
async fn calls_that_stand_in_each_other_are_bounded() {
    // What no reading finds.
    let stage = Stage::of(
        "def again(d):\n    return d['f'](d)\ndef do_work(config, host):\n    d = {}\n    d['f'] = again\n    return d['f'](d)\n",
    );
    let error = stage.goes_wrong(json!({})).await;
    assert!(error.contains("overflow") && error.contains("tasks/t.star:2"), "{error}");
    assert!(error.contains("more calls") && error.lines().count() < 15, "{error}");
    assert!(error.ends_with("in `again`, called at tasks/t.star:6"), "where it began is missing: {error}");
}

#[tokio::test]
async fn sums_and_products_are_what_they_are() {
    let stage = Stage::of(
        "def do_work(config, host):\n    return str([1 + 2, 'a' + 'b', [1] + [2], (1,) + (2,), 3 * 4, 'ab' * 2, 2 * 'ab', [0] * 3, 1.5 * 2, 2 + 3 * 4])\n",
    );
    assert_eq!(
        stage.ends(json!({})).await.message,
        "[3, \"ab\", [1, 2], (1, 2), 12, \"abab\", \"abab\", [0, 0, 0], 3.0, 14]"
    );
}

#[tokio::test]
async fn a_hundred_hosts_are_worked_on_at_once() {
    let stage = Stage::of("def do_work(config, host):\n    sleep('300ms')\n    return host.name\n");
    let begin = Instant::now();
    let works = (0..100).map(|_| stage.ends(json!({})));
    let outcomes = futures_all(works).await;
    assert!(outcomes.iter().all(|outcome| outcome.message == "web1"));
    assert!(begin.elapsed() < Duration::from_secs(15), "one after the other would take 30 s: {:?}", begin.elapsed());
}

async fn futures_all<T>(works: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    futures::future::join_all(works).await
}

/// A work that is dropped, as the runner does with one that does not end, leaves no thread behind.
#[tokio::test]
async fn a_dropped_work_ends_its_script() {
    let threads = || {
        std::fs::read_dir("/proc/self/task")
            .expect("Linux")
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
            .filter(|name| name.trim() == "script")
            .count()
    };
    let stage = Stage::of(
        "def do_work(config, host):\n    for i in range(1 << 30):\n        for j in range(1 << 30):\n            pass\n",
    );
    let dropped = tokio::time::timeout(Duration::from_millis(200), stage.run(json!({}))).await;
    assert!(dropped.is_err());
    let deadline = Instant::now() + Duration::from_secs(10);
    while threads() > 0 {
        assert!(Instant::now() < deadline, "its thread goes on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
