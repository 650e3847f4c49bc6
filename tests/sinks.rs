//! Where the timing of runs goes: files and servers outside the program say what arrived.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::practice_runs::Stage;

const SHEET: &str = "name: Weekly\nsteps:\n\
    \x20 - {name: First, task: command, hosts: web, owner: dana, args: {run: echo first >>log}}\n\
    \x20 - {name: Second, task: command, hosts: web, args: {run: 'echo second >>log; sleep 0.2'}}\n";

/// A web server that keeps what it is posted, and answers with a status.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    posts: Arc<Mutex<Vec<Post>>>,
    status: Arc<Mutex<u16>>,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) path: String,
    /// By their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let posts = Arc::new(Mutex::new(Vec::new()));
        let status = Arc::new(Mutex::new(200));
        let (kept, answer) = (posts.clone(), status.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let status = *answer.lock().expect("a status");
                let Some(post) = read(&stream) else { continue };
                // Before the answer: whoever has the answer finds the post here.
                if status == 200 {
                    kept.lock().expect("posts").push(post);
                }
                // One that was killed meanwhile hears nothing.
                let _ = write!(stream, "HTTP/1.1 {status} Done\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            }
        });
        Self { address, posts, status }
    }

    pub(crate) fn answers(&self, status: u16) {
        *self.status.lock().expect("a status") = status;
    }

    pub(crate) fn posts(&self) -> Vec<Post> {
        self.posts.lock().expect("posts").clone()
    }

    /// The numbers of all events that came, in their order.
    fn events(&self) -> Vec<u64> {
        let events = |post: &Post| post.body["events"].as_array().cloned().unwrap_or_default();
        self.posts().iter().flat_map(events).map(|event| event["seq"].as_u64().expect("a number")).collect()
    }
}

fn read(stream: &TcpStream) -> Option<Post> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Post { path, headers, body: serde_json::from_slice(&body).expect("JSON") })
}

pub(crate) fn stage(settings: &str) -> Stage {
    let stage = Stage::new("web[1-3]: ok").sheet(SHEET);
    Stage { case: stage.case.file("runsheet.yaml", settings), ..stage }
}

/// The record of the only run: its lines without their seals.
fn record(stage: &Stage) -> Vec<Value> {
    let folder = stage.case.runs().pop().expect("a run");
    let text = fs::read_to_string(folder.join("journal.ndjson")).expect("a journal");
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("an event"));
    lines
        .map(|mut event| {
            event.as_object_mut().expect("an event").shift_remove("chain");
            event
        })
        .collect()
}

/// What a file of events holds, as the record has it.
fn logged(text: &str) -> Vec<Value> {
    assert!(text.lines().all(|line| line.matches("\"run\":\"").count() == 1), "a key stands twice");
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("an event"));
    lines
        .map(|mut event| {
            let fields = event.as_object_mut().expect("an event");
            let run = fields.shift_remove("run").expect("a run");
            if fields["event"] == "run_started" {
                fields.insert("run".to_owned(), run);
            }
            event
        })
        .collect()
}

#[test]
fn every_event_of_a_run_stands_in_the_file_as_in_the_record() {
    let stage = stage("sinks:\n  - ndjson: {path: runs.ndjson}\n");
    stage.case.run_with_flags(&["run", "deploy"]).exits(0);
    let path = stage.case.path("runs.ndjson");
    let text = fs::read_to_string(&path).expect("a file");
    assert_eq!(logged(&text), record(&stage));
    assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
    for (file, mode) in [("sinks", 0o700), ("sinks/ndjson.json", 0o600), ("sinks/ndjson.lock", 0o600)] {
        let path = stage.case.runs().pop().expect("a run").join(file);
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, mode, "{file}");
    }
    let again = stage.case.run(&["sync"]).exits(0);
    assert_eq!(again.stdout, "ndjson: nothing was missing\n");
    assert_eq!(fs::read_to_string(&path).expect("a file"), text);
    assert!(!stage.case.run(&["show"]).exits(0).stdout.contains("sink"), "nothing is behind");
}

#[test]
fn a_webhook_gets_every_event_once_and_the_header_that_lets_in() {
    let receiver = Receiver::start();
    let stage = stage(&format!(
        "secrets: {{token: {{env: TOKEN}}}}\nsinks:\n  - webhook:\n      url: http://{}/hook\n      \
         headers: {{Authorization: {{secret: token}}}}\n      allow_private: true\n      allow_http: true\n",
        receiver.address
    ));
    let stage = Stage { case: stage.case.env("TOKEN", "hunter2-hunter2"), ..stage };
    stage.case.run_with_flags(&["run", "deploy"]).exits(0);
    let record = record(&stage);
    let sent: Vec<Value> =
        receiver.posts().iter().flat_map(|post| post.body["events"].as_array().cloned().expect("events")).collect();
    assert_eq!(sent, record);
    for post in receiver.posts() {
        assert_eq!(post.path, "/hook");
        assert_eq!(post.headers["authorization"], "hunter2-hunter2");
        let (run, first, last) = (&post.body["run"], &post.body["first"], &post.body["last"]);
        let key = format!("\"{}:{first}-{last}\"", run.as_str().expect("a run"));
        assert_eq!(post.headers["idempotency-key"], key);
        assert_eq!(post.body["sheet"], "Weekly");
    }
    for (path, bytes) in stage.case.all_state() {
        assert!(!bytes.windows(7).any(|part| part == b"hunter2"), "the secret is in {path:?}");
    }
}

#[test]
fn a_sink_that_is_down_changes_nothing_and_catches_up() {
    let receiver = Receiver::start();
    receiver.answers(503);
    let stage = stage(&format!(
        "sinks:\n  - webhook: {{url: 'http://{}/', allow_private: true, allow_http: true}}\n  - ndjson: {{path: runs.ndjson}}\n",
        receiver.address
    ));
    let ran = stage.case.run_with_flags(&["run", "deploy"]).exits(0);
    let ran = ran.says("warning: sink `webhook` is behind").says("answered 503").says("runsheet sync ");
    assert!(!ran.stderr.contains("`ndjson`"), "{}", ran.stderr);
    assert_eq!(receiver.events(), Vec::<u64>::new());
    let events = record(&stage).len() as u64;
    let shown = stage.case.run(&["show"]).exits(0).stdout;
    assert!(shown.contains(&format!("sink `webhook` has 0 of {events} events")), "{shown}");
    // Still down: what it is told is an error, and nothing is lost by it.
    stage.case.run(&["sync"]).exits(1).says("answered 503");
    receiver.answers(200);
    let synced = stage.case.run(&["sync"]).exits(0);
    assert!(synced.stdout.contains(&format!("webhook: {events} events delivered\n")), "{}", synced.stdout);
    assert_eq!(receiver.events(), (1..=events).collect::<Vec<_>>());
    let synced = stage.case.run(&["sync", "--sink", "webhook"]).exits(0);
    assert_eq!(synced.stdout, "webhook: nothing was missing\n");
    assert_eq!(receiver.events().len() as u64, events, "something was delivered anew");
    assert!(!stage.case.run(&["show"]).exits(0).stdout.contains("sink"), "nothing is behind any more");
}

#[test]
fn a_run_that_was_killed_is_delivered_afterwards() {
    let sheet =
        "name: Weekly\nsteps:\n  - {name: Long, task: command, hosts: web, args: {run: 'echo x >>log; sleep 30'}}\n";
    let stage = stage("sinks:\n  - ndjson: {path: runs.ndjson}\n").sheet(sheet);
    let mut child = stage
        .case
        .command(&["run", "deploy", "-F", "ssh_config"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let path = stage.case.path("runs.ndjson");
    // While the run goes on: the sink gets what is durable, and nobody else may deliver.
    wait_until(|| fs::read_to_string(&path).is_ok_and(|text| text.matches("\"attempt_started\"").count() == 3));
    stage.case.run(&["sync"]).exits(7).says("still going on");
    child.kill().expect("it is killed");
    child.wait().expect("it is over");
    stage.case.run(&["sync"]).exits(0);
    let record = record(&stage);
    assert_eq!(logged(&fs::read_to_string(&path).expect("a file")), record);
    assert!(!record.iter().any(|event| event["event"] == "run_finished"), "it was not killed");
    assert_eq!(stage.case.run(&["sync"]).exits(0).stdout, "ndjson: nothing was missing\n");
    assert_eq!(logged(&fs::read_to_string(&path).expect("a file")), record);
}

#[test]
fn a_secret_that_cannot_be_had_and_a_pipe_without_reader_stop_no_run() {
    let stage = stage(
        "secrets: {hook: {env: NOT_SET}}\nsinks:\n  - webhook: {url: {secret: hook}}\n  - ndjson: {pipe: fifo, name: reader}\n",
    );
    rustix::fs::mknodat(
        rustix::fs::CWD,
        stage.case.path("fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .expect("a FIFO");
    let ran = stage.case.run_with_flags(&["run", "deploy"]).exits(0);
    ran.says("sink `webhook` is behind: secret `hook` cannot be read")
        .says("sink `reader` is behind")
        .says("nobody reads it");
    assert_eq!(stage.lines("web1", "log"), 2);
    let path = stage.case.path("fifo");
    let reader = thread::spawn(move || fs::read_to_string(path).expect("a FIFO"));
    // The reader may be there only a moment later; the sink is tried more than once.
    stage.case.run(&["sync", "--sink", "reader"]).exits(0);
    assert_eq!(logged(&reader.join().expect("it has read")), record(&stage));
}

#[test]
fn a_full_disk_leaves_no_half_of_a_batch() {
    let stage = stage("sinks:\n  - ndjson: {path: runs.ndjson}\n");
    let path = stage.case.path("runs.ndjson");
    stage.case.run_with_flags(&["run", "deploy"]).exits(0);
    let before = format!("{}\n", "x".repeat(600));
    fs::write(&path, &before).expect("it is written");
    fs::remove_dir_all(stage.case.runs().pop().expect("a run").join("sinks")).expect("it is removed");
    // No file may become larger than 1 KiB.
    let template = stage.case.command(&["sync"]);
    let mut limited = std::process::Command::new("bash");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "limited", env!("CARGO_BIN_EXE_runsheet"), "sync"]);
    let variables = template.get_envs().filter_map(|(name, value)| Some((name, value?)));
    limited.env_clear().envs(variables).current_dir(template.get_current_dir().expect("a folder"));
    let ran = crate::case::Ran::of(&limited.output().expect("it runs"));
    ran.exits(1).says("failed to write `").says("File too large");
    assert_eq!(fs::read_to_string(&path).expect("a file"), before);
    stage.case.run(&["sync"]).exits(0);
    let text = fs::read_to_string(&path).expect("a file");
    assert_eq!(logged(text.strip_prefix(&before).expect("what was there")), record(&stage));
}

#[test]
fn dry_runs_go_nowhere() {
    let stage = stage("sinks:\n  - ndjson: {path: runs.ndjson}\n");
    stage.case.run_with_flags(&["run", "deploy", "--dry-run"]).exits(0);
    assert!(!stage.case.path("runs.ndjson").exists(), "a dry run was delivered");
}

#[test]
fn mistakes_in_the_settings_are_told_with_their_place() {
    for (settings, place, what) in [
        ("sinks:\n  - ndjson: {path: a, pipe: b}\n", ":2:5", "one of `path` and `pipe`"),
        ("sinks:\n  - ndjson: {path: a}\n  - ndjson: {path: b}\n", ":3:5", "two sinks have the name `ndjson`"),
        ("sinks:\n  - webhook: {url: 'http://example.com/'}\n", ":2:5", "is not encrypted"),
        ("sinks:\n  - webhook: {url: {secret: nope}}\n", ":2:5", "there is no secret `nope` for `webhook`"),
        ("sinks:\n  - carrier_pigeon: {}\n", ":2:5", "carrier_pigeon"),
        ("sinks:\n  - ndjson: {path: a, pahd: b}\n", ":2:", "pahd"),
    ] {
        let stage = stage(settings);
        let ran = stage.case.run(&["hosts"]).exits(2).says(what);
        assert!(ran.stderr.contains(&format!("runsheet.yaml{place}")), "{}", ran.stderr);
    }
}

pub(crate) fn wait_until(holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "it did not come about");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_settings_that_the_documentation_shows_are_understood() {
    for page in ["docs/sinks.md", "docs/notifications.md"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        let text = fs::read_to_string(path).expect("a page");
        let blocks: Vec<_> = text.split("```yaml\n# runsheet.yaml\n").skip(1).collect();
        assert!(!blocks.is_empty(), "{page} shows no settings");
        for block in blocks {
            let settings = block.split("```").next().expect("a block");
            stage(settings).case.run(&["hosts"]).exits(0);
        }
    }
}
