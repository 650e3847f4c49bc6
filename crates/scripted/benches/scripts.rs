//! What a task in Starlark costs more than the same task in Rust, and what a thousand of them cost that wait.
//!
//! `cargo bench -p runsheet-scripted` prints a table: CPU time of this process for each work on a host that answers at once, and the memory
//! that a thousand waiting scripts take together. There is no network and no process in it, so that nothing else is measured.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use runsheet_model::{HostName, RunId, StepId, Stream, Vars};
use runsheet_scripted::Scripts;
use runsheet_task::{
    Config, Download, ExecEnd, ExecRequest, Exit, Host, Limits, LocalFiles, Notes, Output, Registry, Remote,
    RemoteError, Secrets, ShellSettings, Transfer, Upload,
};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Map, Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How many hosts a round has.
const HOSTS: u32 = 1_000;
/// How often each is measured, in turn; the median counts.
const ROUNDS: usize = 9;

const SCRIPT: &str = "\"\"\"The same as `command`.\"\"\"\n\nARGS = {\"run\": str}\n\ndef do_work(config, host):\n    result = \
                      host.run(config.args.run)\n    if result.code:\n        return (result.text, result.code)\n    return result\n";
const WAITING: &str = "def do_work(config, host):\n    host.run('true')\n    sleep('3s')\n    return host.name\n";

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("run.star"), SCRIPT).expect("a file");
    std::fs::write(folder.path().join("waiting.star"), WAITING).expect("a file");
    let built_in = Arc::new(runsheet_tasks::registry());
    let mut registry = (*built_in).clone();
    Scripts::load(folder.path(), Path::new("tasks"), &built_in).add_to(&mut registry);

    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (times, task) in times.iter_mut().zip(["command", "run"]) {
            times.push(runtime.block_on(cpu_of(&registry, task)));
        }
    }
    let [rust, script] = times.map(|mut times| {
        times.sort();
        times[ROUNDS / 2].as_secs_f64() * 1e3 / f64::from(HOSTS)
    });
    print(&format!("CPU a host: {rust:.3} ms in Rust, {script:.3} ms in Starlark, {:.3} ms more", script - rust));

    let before = memory("VmRSS:");
    let most = runtime.block_on(async {
        let work = works(&registry, "waiting", json!({}));
        tokio::pin!(work);
        tokio::select! {
            () = &mut work => panic!("nobody waited"),
            // All of them wait by now.
            () = tokio::time::sleep(Duration::from_secs(2)) => {}
        }
        let most = memory("VmRSS:");
        work.await;
        most
    });
    print(&format!("{HOSTS} waiting scripts: {:.1} MiB", f64::from(most - before) / 1024.0));
}

/// The CPU time that a round takes.
async fn cpu_of(registry: &Registry, task: &str) -> Duration {
    let before = cpu();
    works(registry, task, json!({"run": "true"})).await;
    cpu().saturating_sub(before)
}

/// Does a task on all hosts at once.
async fn works(registry: &Registry, task: &str, args: Value) {
    let task = registry.get(task).expect("the task is there");
    let given: Map<String, Value> = serde_json::from_value(args).expect("a map");
    let args = Arc::new(task.spec().check(&given, &NoFiles).expect("right"));
    let works = (0..HOSTS).map(|number| {
        let (task, args) = (Arc::clone(task), Arc::clone(&args));
        tokio::spawn(async move {
            let config = Config {
                run: RunId::fresh(),
                step: StepId::new("step").expect("an id"),
                task: task.spec().name().clone(),
                attempt: 1,
                vars: Arc::default(),
                args,
                secrets: Secrets::default(),
            };
            let limit = Duration::from_mins(5);
            let host = Host::new(
                (HostName::new(format!("web{number}")).expect("a name"), "192.0.2.1".to_owned(), Arc::new(Vars::new())),
                (Arc::new(AtOnce), Arc::new(runsheet_local::ThisMachine::new())),
                Arc::new(ShellSettings::default()),
                Limits { deadline: Instant::now() + limit, limit, cancel: CancellationToken::new() },
                Arc::new(Unheard),
            );
            let outcome = task.do_work(&config, &host).await.expect("it knows");
            assert!(outcome.is_ok(), "{outcome:?}");
        })
    });
    for work in works.collect::<Vec<_>>() {
        work.await.expect("it ends");
    }
}

/// User and system time of this process.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let part = |number: i64| u64::try_from(number).expect("time does not go back");
    Duration::from_secs(part(time.tv_sec)) + Duration::from_nanos(part(time.tv_nsec))
}

/// A line of `/proc/self/status`, in KiB.
fn memory(name: &str) -> i32 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("the line");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}

#[expect(clippy::print_stdout, reason = "a benchmark is for reading")]
fn print(line: &str) {
    println!("{line}");
}

/// A host that answers at once.
struct AtOnce;

#[async_trait]
impl Remote for AtOnce {
    async fn exec(&self, _: &ExecRequest, output: &mut dyn Output) -> Result<ExecEnd, RemoteError> {
        output.chunk(Stream::Out, b"fine\n");
        Ok(ExecEnd { exit: Exit::Status(0), leaked: false })
    }

    async fn put(&self, _: &Upload, _: &Limits) -> Result<Transfer, RemoteError> {
        Err(RemoteError::Disconnected)
    }

    async fn get(&self, _: &Download, _: &Limits) -> Result<Transfer, RemoteError> {
        Err(RemoteError::Disconnected)
    }

    fn is_alive(&self) -> bool {
        true
    }

    async fn close(&self) {}
}

struct Unheard;

impl Notes for Unheard {
    fn note(&self, _: String) {}
}

struct NoFiles;

impl LocalFiles for NoFiles {
    fn place(&self, path: &str) -> std::path::PathBuf {
        path.into()
    }

    fn look_up(&self, _: &str) -> std::io::Result<runsheet_task::LocalFile> {
        Err(std::io::ErrorKind::NotFound.into())
    }

    fn read_text(&self, _: &str) -> std::io::Result<String> {
        Err(std::io::ErrorKind::NotFound.into())
    }

    fn look_up_folder(&self, _: &str) -> std::io::Result<runsheet_task::LocalFolder> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}
