//! `mail.send` against a real SMTP server (Debian's python3-aiosmtpd) of the test, with and without encryption and login.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use runsheet_task::TaskError;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::shell_remote::ShellRemote;
use crate::stage::{self, Stage};

type Tested = Result<(), Box<dyn Error>>;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/smtp_sink.py");

/// An SMTP server of this test, for `127.0.0.1`, with an authority of its own.
struct Sink {
    folder: TempDir,
    port: u16,
    /// It lives as long as its standard input is open.
    process: Child,
}

impl Sink {
    fn up(encryption: &str, login: &str) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        if encryption != "none" {
            make_certificates(folder.path());
        }
        let mut process = Command::new("/usr/bin/python3")
            .arg(SCRIPT)
            .arg(folder.path())
            .args([encryption, login])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line)?;
        Ok(Self { folder, port: line.trim().parse().expect("the sink says its port"), process })
    }

    /// The project's folder is its own, so that its authority is a file of the project.
    fn stage(&self) -> Stage {
        let secrets =
            [("password".to_owned(), "s3cret word".to_owned()), ("wrong".to_owned(), "s3cret other".to_owned())];
        Stage {
            secrets: secrets.into(),
            project: self.folder.path().to_owned(),
            ..stage::on(Arc::new(ShellRemote::new()))
        }
    }

    /// The mails that were taken.
    fn mails(&self) -> Vec<Value> {
        let read = |count| fs::read(self.folder.path().join(format!("{count}.json"))).ok();
        (0..).map_while(read).map(|mail| serde_json::from_slice(&mail).expect("a mail")).collect()
    }

    fn args(&self, more: &Value) -> Value {
        let mut args = json!({"server": "127.0.0.1", "port": self.port, "from": "Releases <releases@example.com>",
            "to": "dana@example.com", "subject": "Release 7", "body": "It is out.\n", "timeout": "5s"});
        for (name, value) in more.as_object().expect("arguments") {
            args[name] = value.clone();
        }
        args
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        _ = self.process.wait();
    }
}

/// Makes `ca.crt`, and what it has signed, `server.crt` with `server.key`.
fn make_certificates(folder: &Path) {
    let script = "exec 2>/dev/null; set -e
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -subj /CN=authority -days 2
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr -subj /CN=mail
        echo 'subjectAltName=IP:127.0.0.1' >ext
        openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 2 -extfile ext";
    let made = Command::new("/bin/sh").args(["-c", script]).current_dir(folder).status().expect("a shell");
    assert!(made.success(), "openssl makes certificates");
}

#[tokio::test]
async fn a_mail_is_taken_as_it_was_written() -> Tested {
    let sink = Sink::up("none", "open")?;
    let body = "It's \"out\":\n.\n..\n\u{e9}\n-- \nFrom here\nBcc: eve@example.com\n";
    let args = json!({"encryption": "none", "to": ["dana@example.com", "\"O'Neil, Ann\" <ann@example.com>"],
        "subject": "Release 7: it's \"out\" \u{e9}", "body": body});
    let sent = sink.stage().run("mail.send", sink.args(&args)).await?;
    assert!(sent.is_ok() && sent.changed, "{sent:?}");
    let [mail] = &sink.mails()[..] else { panic!("{:?}", sink.mails()) };
    assert_eq!(mail["from"], "releases@example.com");
    assert_eq!(mail["to"], json!(["dana@example.com", "ann@example.com"]));
    assert_eq!((&mail["encrypted"], &mail["login"]), (&json!(false), &Value::Null));
    // What another program than ours reads of it.
    let read = "import sys, email, email.policy, json; m = email.message_from_string(sys.stdin.read(), policy=email.policy.default); \
                print(json.dumps([m['subject'], m['from'], m['to'], m.get_content(), m['message-id'], m['auto-submitted'], m['bcc'], m['date']]))";
    let file = tempfile::NamedTempFile::new()?;
    fs::write(file.path(), mail["content"].as_str().expect("text"))?;
    let read = Command::new("/usr/bin/python3").args(["-c", read]).stdin(file.reopen()?).output()?;
    let read: Value = serde_json::from_slice(&read.stdout)?;
    assert_eq!(read[0], "Release 7: it's \"out\" \u{e9}");
    assert_eq!(read[1], "Releases <releases@example.com>");
    assert_eq!(read[2], "dana@example.com, \"O'Neil, Ann\" <ann@example.com>");
    // Lines end with CRLF on the way, and the last one has one of its own.
    let content = read[3].as_str().expect("text").replace("\r\n", "\n");
    assert_eq!(content.trim_end(), body.trim_end());
    assert!(read[4].as_str().is_some_and(|id| id.ends_with(".step.web1.1@example.com>")), "{read}");
    assert_eq!((&read[5], &read[6]), (&json!("auto-generated"), &Value::Null));
    assert!(read[7].is_string(), "{read}");
    Ok(())
}

#[tokio::test]
async fn encryption_and_login_are_what_was_asked_for_or_nothing_is_sent() -> Tested {
    for encryption in ["starttls", "tls"] {
        let sink = Sink::up(encryption, "auth")?;
        let stage = sink.stage();
        let login = json!({"encryption": encryption, "authority": "ca.crt", "user": "dana", "password": {"secret": "password"}});
        let sent = stage.run("mail.send", sink.args(&login)).await?;
        assert!(sent.is_ok() && sent.changed, "{encryption}: {sent:?}");
        let mails = sink.mails();
        assert_eq!(mails.len(), 1);
        assert_eq!((&mails[0]["encrypted"], &mails[0]["login"]), (&json!(true), &json!(["dana", "s3cret word"])));

        let wrong =
            json!({"encryption": encryption, "authority": "ca.crt", "user": "dana", "password": {"secret": "wrong"}});
        let stranger = json!({"encryption": encryption, "user": "dana", "password": {"secret": "password"}});
        let nobody = json!({"encryption": encryption, "authority": "ca.crt"});
        for (args, part) in [(wrong, "535"), (stranger, "certificate"), (nobody, "530")] {
            let refused = stage.run("mail.send", sink.args(&args)).await?;
            assert_eq!((refused.value, refused.changed), (1, false), "{encryption} {args}: {refused:?}");
            assert!(refused.message.contains(part), "{encryption} {args}: {refused:?}");
            assert!(!refused.message.contains("s3cret"), "{refused:?}");
        }
        assert_eq!(sink.mails().len(), 1, "{encryption}: one that should not have been sent was");
    }
    // A server that offers no encryption gets nothing, above all no password.
    let plain = Sink::up("none", "open")?;
    for encryption in ["starttls", "tls"] {
        let refused = plain.stage().run("mail.send", plain.args(&json!({"encryption": encryption}))).await?;
        assert_eq!((refused.value, refused.changed), (1, false), "{refused:?}");
    }
    let login = json!({"encryption": "none", "user": "dana", "password": {"secret": "password"}});
    let refused = plain.stage().run("mail.send", plain.args(&login)).await?;
    assert_eq!(refused.value, 2, "{refused:?}");
    assert!(plain.mails().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_mail_that_would_be_another_one_is_refused() -> Tested {
    let sink = Sink::up("none", "open")?;
    let stage = sink.stage();
    for (args, value) in [
        (json!({"subject": "x\r\nBcc: eve@example.com"}), 2),
        (json!({"subject": ""}), 2),
        (json!({"from": "a@example.com\nBcc: eve@example.com"}), 2),
        (json!({"to": ["dana@example.com\r\nRCPT TO:<eve@example.com>"]}), 2),
        (json!({"to": []}), 2),
        (json!({"user": "dana"}), 2),
        (json!({"to": ["nothing"]}), 2),
        (json!({"to": ["dana@example.com> SIZE=1 <x@example.com"]}), 2),
        (json!({"from": "Releases <releases>"}), 2),
        (json!({"to": ["dana@exa..mple"]}), 1),
        (json!({"to": ["nobody@example.com"]}), 1),
        (json!({"to": ["dana@example.com", "nobody@example.com"]}), 1),
    ] {
        let mut args = args;
        args["encryption"] = json!("none");
        let refused = stage.run("mail.send", sink.args(&args)).await?;
        assert_eq!((refused.value, refused.changed), (value, false), "{args}: {refused:?}");
    }
    let dry = Stage { dry_run: true, ..sink.stage() };
    let would = dry.run("mail.send", sink.args(&json!({"encryption": "none"}))).await;
    assert!(matches!(would, Err(TaskError::Would { what }) if what == "send a mail to dana@example.com"));
    assert!(sink.mails().is_empty(), "{:?}", sink.mails());
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_not_there_or_silent_is_told() -> Tested {
    let stage = stage::on(Arc::new(ShellRemote::new()));
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let closed = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let args = |port: u16| {
        json!({"server": "127.0.0.1", "port": port, "encryption": "none", "from": "a@example.com", "to": "b@example.com",
            "subject": "x", "timeout": "1s"})
    };
    let refused = stage.run("mail.send", args(closed)).await?;
    assert!(refused.message.contains("has not taken the mail: Connection refused"), "{refused:?}");
    let started = Instant::now();
    let waited = stage.run("mail.send", args(silent.local_addr()?.port())).await?;
    assert!(waited.message.contains("no answer within 1.0s; it may have taken the mail all the same"), "{waited:?}");
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    Ok(())
}
