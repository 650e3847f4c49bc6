//! What people are told of a run, and what not. They are a web address of this test.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use runsheet_events::{EventKind, PlannedStep, StepTotals};
use runsheet_model::{Failure, RunId, SinkName, State};
use runsheet_sinks::{Drive, NotifySettings, Person, StandingFile, Surroundings};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::sample::{Record, ended, finished, planned, started, step};

/// What is posted, and the status that is answered.
struct Hook {
    address: SocketAddr,
    posts: Arc<Mutex<Vec<Value>>>,
    status: Arc<Mutex<u16>>,
}

impl Hook {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (posts, status) = (Arc::default(), Arc::new(Mutex::new(200)));
        let hook = Self { address, posts: Arc::clone(&posts), status: status.clone() };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let status = *status.lock().expect("a status");
                let body = read(&stream).expect("a request");
                // Before the answer: whoever has the answer finds the post here.
                if status == 200 {
                    posts.lock().expect("posts").push(body);
                }
                write!(stream, "HTTP/1.1 {status} Done\r\nContent-Length: 0\r\n\r\n").expect("an answer");
            }
        });
        hook
    }

    fn told(&self) -> Vec<Value> {
        std::mem::take(&mut *self.posts.lock().expect("posts"))
    }

    fn texts(&self) -> Vec<String> {
        self.told().iter().map(|post| post["text"].as_str().expect("a text").to_owned()).collect()
    }
}

fn read(stream: &TcpStream) -> Option<Value> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().to_lowercase().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().ok()?,
            None if line.trim().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

/// A run, and somebody who is told of it.
struct Told {
    run: RunId,
    record: Arc<Record>,
    folder: TempDir,
    hook: Hook,
    settings: NotifySettings,
}

impl Told {
    fn new(kind: &str, more: &Value) -> Self {
        let hook = Hook::start();
        let mut settings =
            json!({"url": format!("http://{}/", hook.address), "allow_private": true, "allow_http": true});
        settings.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
        let settings = serde_json::from_value(json!({kind: settings})).expect("settings");
        let folder = tempfile::tempdir().expect("a folder");
        Self { run: RunId::fresh(), record: Arc::new(Record::default()), folder, hook, settings }
    }

    fn drive(&self) -> Drive {
        let people = [("dana", "@dana"), ("kim", "U024BE7LH")];
        let people =
            people.map(|(name, slack)| (name.to_owned(), Person { mail: None, slack: Some(slack.to_owned()) }));
        let surroundings = Surroundings { people: BTreeMap::from(people), ..Surroundings::default() };
        self.settings.check().expect("it is fine");
        let sink = self.settings.open(&surroundings).expect("a sink");
        let name = SinkName::new("hook").expect("a name");
        let file = StandingFile::open(self.folder.path(), &name, self.settings.kind()).expect("a file");
        Drive::new(self.record.clone(), self.run, sink, file)
    }

    fn add(&self, kind: EventKind) {
        self.record.add(SystemTime::now(), kind);
    }

    /// A run of three steps: the first takes two minutes, the second belongs to dana and takes four, the third to kim.
    fn begin(&self) {
        let minutes = |count| Some(Duration::from_mins(count));
        let steps = vec![
            planned("a", None, minutes(2)),
            planned("b", Some("dana"), minutes(4)),
            planned("c", Some("kim"), None),
        ];
        self.add(started(self.run, "run", steps));
        self.add(EventKind::StepStarted { step: step("a"), hosts: 1 });
    }
}

fn bad() -> State {
    State::Failed { failure: Failure::Task { value: 1 } }
}

#[test]
fn people_are_told_of_start_question_failure_and_end_each_once() {
    let told = Told::new("webhook", &json!({}));
    let mut drive = told.drive();
    told.begin();
    drive.catch_up(false).expect("it is told");
    told.add(EventKind::PersonAsked { step: step("b"), question: "Is the \u{1b}[31mdatabase up?".to_owned() });
    drive.catch_up(false).expect("it is told");
    // Told once for a step, whatever comes after.
    for host in ["web1", "web2", "web3"] {
        told.add(ended("b", host, bad(), "{{ run.id }} exit 1"));
    }
    told.add(ended("b", "web4", State::Ok { changed: true }, "fine"));
    *told.hook.status.lock().expect("a status") = 503;
    drive.catch_up(false).expect_err("it is down");
    *told.hook.status.lock().expect("a status") = 200;
    drive.catch_up(false).expect("it is up again");
    told.add(finished());
    drive.catch_up(true).expect("it is told");
    drive.catch_up(true).expect("it is told");
    let posts = told.hook.told();
    let run = told.run.short();
    let expected = [
        ("started", format!("Weekly has started: 3 steps on 1 host, by dana on ops1 (run {run})")),
        ("waiting", format!("Weekly: `The b` waits for dana: Is the \\x1b[31mdatabase up? (run {run})")),
        // What a host said is no template.
        ("failed", format!("Weekly: `The b`: web1 failed: {{{{ run.id }}}} exit 1 (run {run})")),
        ("finished", format!("Weekly failed after 3m 00s: 1 ok, 3 failed (run {run})")),
    ];
    let part = |post: &Value, name: &str| post[name].as_str().expect("a text").to_owned();
    let found: Vec<_> = posts.iter().map(|post| (part(post, "occasion"), part(post, "text"))).collect();
    assert_eq!(found, expected.map(|(occasion, text)| (occasion.to_owned(), text)));
    assert_eq!(posts[1]["owner"], "dana");
    assert_eq!(posts[1]["step"], "b");
}

#[test]
fn owners_are_told_in_time_that_they_are_next_and_as_slack_calls_them() {
    let told = Told::new("slack", &json!({"on": ["next"], "ahead": "5m"}));
    let mut drive = told.drive();
    told.begin();
    drive.catch_up(false).expect("it is told");
    drive.tick().expect("it is told");
    drive.tick().expect("it is told");
    let run = told.run.short();
    // In two minutes; the step after it is six minutes away.
    assert_eq!(
        told.hook.texts(),
        [format!("@dana Weekly: dana, your step `The b` is next, in about 2 min (run {run})")]
    );
    told.add(EventKind::StepFinished { step: step("a"), totals: StepTotals::default(), took: Duration::from_mins(2) });
    told.add(EventKind::StepStarted { step: step("b"), hosts: 1 });
    drive.catch_up(false).expect("it is told");
    drive.tick().expect("it is told");
    let third = format!("<@U024BE7LH> Weekly: kim, your step `The c` is next, in about 4 min (run {run})");
    assert_eq!(told.hook.texts(), [third]);
}

#[test]
fn owners_are_told_by_what_their_steps_wait_for_and_not_by_the_order_of_rows() {
    let told = Told::new("webhook", &json!({"on": ["next"], "ahead": "10m"}));
    let mut drive = told.drive();
    let after = |id: &str, owner: Option<&str>, minutes: Option<u64>, after: &[&str]| PlannedStep {
        after: Some(after.iter().map(|id| step(id)).collect()),
        ..planned(id, owner, minutes.map(Duration::from_mins))
    };
    // Two ways at once. What waits for the long one is far, what waits for the short one near, and of what waits for a step of which
    // nobody knows how long it takes nobody can be told. One of them waits for a later row.
    let steps = vec![
        after("short", None, Some(2), &[]),
        after("long", None, Some(60), &[]),
        after("far", Some("kim"), Some(1), &["long"]),
        after("beyond", Some("kim"), Some(1), &["near"]),
        after("near", Some("dana"), None, &["short"]),
        after("both", Some("lee"), Some(1), &["short", "long"]),
        after("soon", Some("ann"), Some(1), &["step"]),
        after("step", Some("ben"), Some(3), &["short"]),
    ];
    told.add(started(told.run, "run", steps));
    for id in ["short", "long"] {
        told.add(EventKind::StepStarted { step: step(id), hosts: 1 });
    }
    drive.catch_up(false).expect("it is told");
    drive.tick().expect("it is told");
    let found = |hook: &Hook| -> Vec<(String, Option<u64>)> {
        let part = |post: &Value| (post["step"].as_str().expect("a step").to_owned(), post["minutes"].as_u64());
        let mut found: Vec<_> = hook.told().iter().map(part).collect();
        found.sort();
        found
    };
    let next = |steps: &[(&str, Option<u64>)]| steps.iter().map(|&(id, in_)| (id.to_owned(), in_)).collect::<Vec<_>>();
    assert_eq!(found(&told.hook), next(&[("near", Some(2)), ("soon", Some(5)), ("step", Some(2))]));
    // Under way, and nobody knows for how long: what waits for it alone is next.
    told.add(EventKind::StepFinished {
        step: step("short"),
        totals: StepTotals::default(),
        took: Duration::from_mins(2),
    });
    told.add(EventKind::StepStarted { step: step("near"), hosts: 1 });
    drive.catch_up(false).expect("it is told");
    drive.tick().expect("it is told");
    assert_eq!(found(&told.hook), next(&[("beyond", None)]));
}

#[test]
fn nothing_that_a_host_said_means_anything_to_slack() {
    let told = Told::new("slack", &json!({"on": ["failed"]}));
    let mut drive = told.drive();
    told.begin();
    told.add(ended("a", "web1", bad(), "<!channel> & <https://evil.example|all is well>"));
    drive.catch_up(false).expect("it is told");
    let texts = told.hook.texts();
    assert_eq!(texts.len(), 1);
    assert!(texts[0].contains("&lt;!channel&gt; &amp; &lt;https://evil.example|all is well&gt;"), "{texts:?}");
}

#[test]
fn what_is_late_is_left_out_but_for_failures_and_the_end() {
    let told = Told::new("webhook", &json!({}));
    let old = SystemTime::now() - Duration::from_mins(11);
    told.record.add(old, started(told.run, "run", vec![planned("a", None, None)]));
    told.record.add(old, EventKind::PersonAsked { step: step("a"), question: "ready?".to_owned() });
    told.record.add(old, ended("a", "web1", bad(), "exit 1"));
    let mut drive = told.drive();
    drive.catch_up(true).expect("it is told");
    let occasions: Vec<_> = told.hook.told().iter().map(|post| post["occasion"].clone()).collect();
    // The second failure: the record has no end, and nobody writes it any more.
    assert_eq!(occasions, ["failed", "failed"]);
    assert_eq!(drive.remarks(), ["2 notifications left out: too late"]);
    assert_eq!(drive.remarks(), Vec::<String>::new());
}

#[test]
fn an_answer_that_came_at_once_is_waited_for_by_nobody_and_work_by_hand_is_not_told_of() {
    let told = Told::new("webhook", &json!({"on": ["waiting"]}));
    told.begin();
    told.add(EventKind::PersonAsked { step: step("b"), question: "ready?".to_owned() });
    told.add(EventKind::PersonAnswered {
        step: step("b"),
        proceed: true,
        choice: None,
        note: String::new(),
        who: "--yes".to_owned(),
        waited: Duration::ZERO,
    });
    told.drive().catch_up(false).expect("nothing is told");
    assert_eq!(told.hook.texts(), Vec::<String>::new());
    let by_hand = Told::new("webhook", &json!({}));
    by_hand.add(started(by_hand.run, "exec", vec![planned("exec", None, None)]));
    by_hand.add(ended("exec", "web1", bad(), "exit 1"));
    by_hand.add(finished());
    by_hand.drive().catch_up(true).expect("nothing is told");
    assert_eq!(by_hand.hook.texts(), Vec::<String>::new());
}

#[test]
fn templates_are_checked_before_anything_runs() {
    let settings = |text: &str| -> NotifySettings {
        let hook = json!({"url": "https://example.com/", "templates": {"failed": text}});
        serde_json::from_value(json!({"webhook": hook})).expect("settings")
    };
    settings("{{ run.sheet }}: {{ reason }} {{ hosts.failed }} {{ step.name }}").check().expect("it is fine");
    let mistake = settings("{{ run.sheeet }}").check().expect_err("a mistake");
    assert!(mistake.what.contains("`failed`") && mistake.what.contains("sheeet"), "{mistake:?}");
    settings("{{ run.sheet").check().expect_err("a mistake");
    settings("{% for x in range(100000000) %}{% endfor %}").check().expect_err("work without end");
}
