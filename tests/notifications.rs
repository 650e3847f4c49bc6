//! People are told of runs: by a real mail server, and by web addresses of this test.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::practice_runs::Stage;
use crate::sinks::{Receiver, stage, wait_until};

/// The mail server of the tests of tasks: aiosmtpd.
const MAIL_SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tasks/tests/smtp_sink.py");

/// A mail server for `127.0.0.1` that takes mail over STARTTLS from those who log in.
struct MailServer {
    folder: TempDir,
    port: u16,
    /// It lives as long as its standard input is open.
    process: Child,
}

impl MailServer {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let script = "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=authority 2>/dev/null
            openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=mail 2>/dev/null
            printf 'subjectAltName=IP:127.0.0.1\\n' >names
            openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt 2>/dev/null";
        let status = Command::new("bash").args(["-ec", script]).current_dir(folder.path()).status().expect("bash runs");
        assert!(status.success(), "no certificates");
        let mut process = Command::new("/usr/bin/python3")
            .args([MAIL_SERVER, folder.path().to_str().expect("a path"), "starttls", "auth"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python runs");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line).expect("its port");
        Self { folder, port: line.trim().parse().expect("a port"), process }
    }

    /// Mails in the order in which they came: recipients, subject, and all of it.
    fn mails(&self) -> Vec<(Vec<String>, String, String)> {
        let mail = |number: usize| fs::read_to_string(self.folder.path().join(format!("{number}.json"))).ok();
        let parsed = |text: String| {
            let mail: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!((&mail["encrypted"], &mail["login"][0]), (&Value::from(true), &Value::from("dana")));
            let to = mail["to"].as_array().expect("recipients").iter();
            let to = to.map(|to| to.as_str().expect("an address").to_owned()).collect();
            let content = mail["content"].as_str().expect("a text").to_owned();
            let subject = content.lines().find_map(|line| line.strip_prefix("Subject: ")).expect("a subject");
            (to, subject.to_owned(), content)
        };
        (0..).map_while(mail).map(parsed).collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        _ = self.process.wait();
    }
}

const SHEET: &str = "name: Weekly\nsteps:\n\
    \x20 - {name: Look, task: command, hosts: web, expect: 5m, args: {run: sleep 2.5}}\n\
    \x20 - {name: Roll, task: command, hosts: web, owner: dana, args: {run: 'test ! -e bad'}}\n";

/// A project whose run fails on one of three hosts, in the step of dana.
fn failing(settings: &str) -> Stage {
    let stage = stage(settings).sheet(SHEET);
    fs::write(stage.host("web2").home().join("bad"), "").expect("a file");
    stage
}

#[test]
fn owners_and_others_get_mail_for_what_concerns_them() {
    let server = MailServer::start();
    let stage = failing(&format!(
        "secrets: {{mail: {{env: MAIL}}}}\npeople: {{dana: {{mail: dana@example.com}}}}\nnotify:\n  \
         - mail: {{server: 127.0.0.1, port: {}, authority: ca.crt, user: dana, password: {{secret: mail}}, \
         from: Releases <releases@example.com>, to: [all@example.com]}}\n",
        server.port
    ));
    let authority = fs::read(server.folder.path().join("ca.crt")).expect("a certificate");
    let stage = Stage { case: stage.case.file("ca.crt", authority).env("MAIL", "s3cret word"), ..stage };
    let ran = stage.case.run_with_flags(&["run", "deploy"]).exits(5);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    let mails = server.mails();
    let run = id(&stage);
    let short = &run[run.len() - 8..];
    let (all, dana) = ("all@example.com".to_owned(), "dana@example.com".to_owned());
    let expected = [
        (vec![all.clone()], "Weekly has started: 2 steps on 3 hosts, by tester on ".to_owned()),
        (vec![dana.clone()], "Weekly: dana, your step `Roll` is next, in about 5 min".to_owned()),
        (vec![dana, all.clone()], "Weekly: `Roll`: web2 failed: ".to_owned()),
        (vec![all], "Weekly failed after ".to_owned()),
    ];
    assert_eq!(mails.len(), expected.len(), "{mails:?}");
    for ((to, subject, content), (wanted, begins)) in mails.iter().zip(&expected) {
        assert_eq!(to, wanted, "{content}");
        assert!(subject.starts_with(begins), "{content}");
        assert!(content.contains(&format!("Message-ID: <{run}.")), "{content}");
        assert!(content.contains(&format!("(run {short})")), "{content}");
    }
    for (path, bytes) in stage.case.all_state() {
        assert!(!bytes.windows(6).any(|part| part == b"s3cret"), "the password is in {path:?}");
    }
    stage.case.run(&["sync"]).exits(0);
    assert_eq!(server.mails().len(), expected.len(), "something was told anew");
}

#[test]
fn what_could_not_be_told_is_told_later_and_new_people_are_not_told_of_old_runs() {
    let receiver = Receiver::start();
    receiver.answers(500);
    let hook = format!("url: 'http://{}/', allow_private: true, allow_http: true", receiver.address);
    let stage = failing(&format!("notify:\n  - webhook: {{{hook}, on: [failed, finished]}}\n"));
    stage.case.run_with_flags(&["run", "deploy"]).exits(5).says("sink `notify-webhook` is behind");
    receiver.answers(200);
    let more = format!("notify:\n  - webhook: {{{hook}, on: [failed, finished]}}\n  - slack: {{{hook}}}\n");
    let case = stage.case.file("runsheet.yaml", more);
    case.run(&["sync"]).exits(0);
    let occasions = |receiver: &Receiver| -> Vec<Value> {
        receiver.posts().iter().map(|post| post.body["occasion"].clone()).collect()
    };
    assert_eq!(occasions(&receiver), ["failed", "finished"]);
    case.run(&["sync"]).exits(0);
    assert_eq!(occasions(&receiver).len(), 2, "something was told anew");
    // Unless somebody asks for it.
    case.run(&["sync", "--sink", "notify-slack"]).exits(0);
    assert!(occasions(&receiver).len() > 2, "nothing was told");
}

#[test]
fn s_26_people_are_told_at_addresses_of_this_machine_only_where_that_is_allowed() {
    let receiver = Receiver::start();
    let settings = format!("notify:\n  - slack: {{url: 'http://{}/', allow_http: true}}\n", receiver.address);
    let stage = failing(&settings);
    let ran = stage.case.run_with_flags(&["run", "deploy"]).exits(5);
    ran.says("it leads to 127.0.0.1, which is this machine; `allow_private: true` allows that");
    assert_eq!(receiver.posts().len(), 0);
}

#[test]
fn it_is_told_that_runsheet_is_gone() {
    let receiver = Receiver::start();
    let settings = format!(
        "notify:\n  - webhook: {{url: 'http://{}/', allow_private: true, allow_http: true}}\n",
        receiver.address
    );
    let stage = failing(&settings);
    let mut child = stage
        .case
        .command(&["run", "deploy", "-F", "ssh_config"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    wait_until(|| !receiver.posts().is_empty());
    child.kill().expect("it is killed");
    child.wait().expect("it is over");
    stage.case.run(&["sync"]).exits(0);
    let texts: Vec<_> =
        receiver.posts().iter().map(|post| post.body["text"].as_str().expect("a text").to_owned()).collect();
    let (last, before) = texts.split_last().expect("posts");
    assert!(last.starts_with("Weekly: runsheet is gone in the middle of it"), "{texts:?}");
    // Told once more if it was killed before it had noted that it was told.
    assert!(
        (1..=2).contains(&before.len()) && before.iter().all(|text| text.starts_with("Weekly has started")),
        "{texts:?}"
    );
}

fn id(stage: &Stage) -> String {
    let folder: PathBuf = stage.case.runs().pop().expect("a run");
    Path::new(folder.file_name().expect("a name")).display().to_string()
}
