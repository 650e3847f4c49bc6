//! Sinks that speak with servers whose certificates an authority of one's own has signed: Python's web server over OpenSSL.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::practice_runs::Stage;
use crate::sinks::stage;

/// A web server for `127.0.0.1` with a certificate that `ca.crt` in its folder has signed.
struct Server {
    folder: TempDir,
    port: u16,
    /// It lives as long as its standard input is open.
    process: Child,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let script = "for name in ca other; do
                openssl req -x509 -newkey rsa:2048 -nodes -keyout $name.key -out $name.crt -days 2 -subj /CN=$name 2>/dev/null
            done
            openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=server 2>/dev/null
            printf 'subjectAltName=IP:127.0.0.1\\n' >names
            openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt 2>/dev/null
            : >posts";
        let status = Command::new("bash").args(["-ec", script]).current_dir(folder.path()).status().expect("bash runs");
        assert!(status.success(), "no certificates");
        let mut process = Command::new("/usr/bin/python3")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls_receiver.py"))
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python runs");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line).expect("its port");
        Self { folder, port: line.trim().parse().expect("a port"), process }
    }

    fn certificate(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.path().join(name)).expect("a certificate")
    }

    /// Where something was posted, and what.
    fn posts(&self) -> Vec<(String, Value)> {
        let posts = fs::read_to_string(self.folder.path().join("posts")).expect("posts");
        let parsed = posts.lines().map(|line| line.split_once(' ').expect("a path"));
        parsed.map(|(path, body)| (path.to_owned(), serde_json::from_str(body).expect("JSON"))).collect()
    }

    /// A project with these certificates, whose runs are told to this server in each way in which JSON is posted.
    fn project(&self, trusted: &str, setting: &str) -> Stage {
        let port = self.port;
        let stage = stage(&format!(
            "sinks:\n  \
             - webhook: {{url: 'https://127.0.0.1:{port}/hook', allow_private: true{setting}}}\n  \
             - otlp: {{endpoint: 'https://127.0.0.1:{port}'{setting}}}\n\
             notify:\n  \
             - slack: {{url: 'https://127.0.0.1:{port}/slack', allow_private: true, on: [finished]{setting}}}\n  \
             - webhook: {{url: 'https://127.0.0.1:{port}/told', allow_private: true, on: [finished]{setting}}}\n"
        ));
        let certificates = self.certificate(trusted);
        Stage {
            case: stage.case.file("trust/ca.pem", certificates).file("trust/none.pem", "no certificate\n"),
            ..stage
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        _ = self.process.wait();
    }
}

#[test]
fn a_server_whose_authority_is_named_gets_everything() {
    let server = Server::start();
    for setting in [", authority: trust/ca.pem", ", ca: trust/ca.pem"] {
        let before = server.posts().len();
        let stage = server.project("ca.crt", setting);
        let ran = stage.case.run_with_flags(&["run", "deploy"]).exits(0);
        assert!(!ran.stderr.contains("sink"), "{}", ran.stderr);
        let posts = server.posts().split_off(before);
        for path in ["/hook", "/v1/traces", "/v1/metrics", "/slack", "/told"] {
            assert!(posts.iter().any(|(posted, _)| posted == path), "nothing came to {path}");
        }
    }
}

#[test]
fn a_certificate_that_nobody_trusted_has_signed_is_told_with_the_setting_that_helps() {
    let server = Server::start();
    for (trusted, setting) in [("ca.crt", ""), ("other.crt", ", authority: trust/ca.pem")] {
        let stage = server.project(trusted, setting);
        let ran = stage.case.run_with_flags(&["run", "deploy"]).exits(0);
        let port = server.port;
        let why = format!(
            "`https://127.0.0.1:{port}` is not used: its certificate is not trusted: nobody who is trusted has signed it; \
             `authority: FILE` names the certificates of those who may sign it"
        );
        assert!(ran.stderr.matches(&why).count() >= 4, "{}", ran.stderr);
        assert_eq!(server.posts(), []);
        // It catches up once it is told whom to trust.
        let settings = fs::read_to_string(stage.case.path("runsheet.yaml")).expect("settings");
        let settings =
            settings.replace(", authority: trust/ca.pem", "").replace("true}", "true, authority: trust/ca.pem}");
        let case = stage.case.file("trust/ca.pem", server.certificate("ca.crt")).file("runsheet.yaml", settings);
        case.run(&["sync", "last", "--sink", "webhook"]).exits(0);
        assert!(server.posts().iter().all(|(path, _)| path == "/hook") && !server.posts().is_empty());
        fs::write(server.folder.path().join("posts"), "").expect("emptied");
    }
}

#[test]
fn an_authority_that_is_none_is_told_by_its_setting() {
    let server = Server::start();
    for (file, why) in [("none.pem", "holds no certificates in PEM"), ("missing.pem", "cannot be read")] {
        let stage = server.project("ca.crt", &format!(", authority: trust/{file}"));
        let ran = stage.case.run_with_flags(&["run", "deploy"]).exits(0);
        let named = ran.stderr.lines().filter(|line| line.contains("`authority`: `") && line.contains(file));
        assert!(named.filter(|line| line.contains(why)).count() >= 4, "{}", ran.stderr);
    }
    assert_eq!(server.posts(), []);
}
