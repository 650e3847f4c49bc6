//! What the logs of the system say of a run: a real rsyslog on a socket, UDP and TCP, and a real journald in a namespace.

use std::env;
use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::practice_runs::Stage;
use crate::sinks::{stage, wait_until};

/// An rsyslog that writes the parts of every message to a file; it ends with this.
struct Rsyslog(Child);

impl Rsyslog {
    fn start(folder: &Path, port: u16) -> Self {
        let of = |name: &str| folder.join(name).display().to_string();
        let parts = "%pri%|%hostname%|%app-name%|%procid%|%msgid%|%structured-data%|%msg%|%inputname%\\n";
        let config = format!(
            "global(workDirectory=\"{}\")\n\
             module(load=\"imuxsock\" SysSock.Use=\"off\")\ninput(type=\"imuxsock\" Socket=\"{}\")\n\
             module(load=\"imudp\")\ninput(type=\"imudp\" port=\"{port}\" address=\"127.0.0.1\")\n\
             module(load=\"imtcp\")\ninput(type=\"imtcp\" port=\"{port}\" address=\"127.0.0.1\")\n\
             template(name=\"parts\" type=\"string\" string=\"{parts}\")\n\
             action(type=\"omfile\" file=\"{}\" template=\"parts\")\n",
            folder.display(),
            of("socket"),
            of("messages"),
        );
        fs::write(folder.join("rsyslog.conf"), config).expect("a configuration");
        let child = Command::new("/usr/sbin/rsyslogd")
            .args(["-n", "-f", &of("rsyslog.conf"), "-i", &of("pid")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("rsyslogd, of scripts/install-test-packages");
        let rsyslog = Self(child);
        wait_until(|| folder.join("socket").exists() && std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        rsyslog
    }
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// A port that is free for both TCP and UDP.
fn free_port() -> u16 {
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        if UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// What each of the logs has to say of the run of [`failing`]: events, and how grave they are.
const SAID: [(&str, usize); 6] = [
    ("run_started 5", 1),
    ("step_started 6", 1),
    ("host_finished 6", 2),
    ("host_finished 3", 1),
    ("step_finished 3", 1),
    ("run_finished 3", 1),
];

/// A project whose run fails on one of three hosts.
fn failing(settings: &str) -> Stage {
    let sheet = "name: Weekly\nsteps:\n  - {name: Roll, task: command, hosts: web, args: {run: 'test ! -e bad'}}\n";
    let stage = stage(settings).sheet(sheet);
    fs::write(stage.host("web2").home().join("bad"), "").expect("a file");
    stage
}

#[test]
fn rsyslog_understands_every_message_on_each_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = free_port();
    let _rsyslog = Rsyslog::start(folder.path(), port);
    let socket = folder.path().join("socket");
    let stage = failing(&format!(
        "sinks:\n  - syslog: {{address: {}, facility: local3, name: socket}}\n  \
         - syslog: {{address: 'udp://127.0.0.1:{port}', name: udp}}\n  - syslog: {{address: 'tcp://127.0.0.1:{port}', name: tcp}}\n",
        socket.display()
    ));
    stage.case.run_with_flags(&["run", "deploy"]).exits(5);
    let path = folder.path().join("messages");
    wait_until(|| fs::read_to_string(&path).is_ok_and(|text| text.lines().count() >= 3 * 7));
    let text = fs::read_to_string(&path).expect("messages");
    let run = stage.case.runs().pop().expect("a run").file_name().expect("a name").to_string_lossy().into_owned();
    let short = &run[run.len() - 8..];
    for (input, facility) in [("imuxsock", 19), ("imudp", 1), ("imtcp", 1)] {
        let lines: Vec<Vec<&str>> =
            text.lines().map(|line| line.split('|').collect()).filter(|parts: &Vec<_>| parts[7] == input).collect();
        let mut said: Vec<String> = Vec::new();
        for parts in &lines {
            let priority: u8 = parts[0].parse().expect("a number");
            assert_eq!(priority / 8, facility, "{parts:?}");
            assert_eq!((parts[2], parts[3]), ("runsheet", short), "{parts:?}");
            let event = if input == "imuxsock" {
                assert!(parts[6].contains(&format!("run={run} ")), "{parts:?}");
                parts[6].rsplit_once("event=").expect("an event").1.trim_end_matches(')').to_owned()
            } else {
                assert!(parts[5].starts_with(&format!("[runsheet@32473 run=\"{run}\" seq=\"")), "{parts:?}");
                parts[4].to_owned()
            };
            said.push(format!("{event} {}", priority % 8));
        }
        for (wanted, count) in SAID {
            assert_eq!(said.iter().filter(|said| *said == wanted).count(), count, "{wanted} by {input}: {said:?}");
        }
        let failed = lines.iter().filter(|parts| parts[6].contains("web2: failed")).count();
        assert_eq!(failed, 1, "{input}: {lines:?}");
    }
    assert!(text.contains("step=\"roll\" host=\"web2\" state=\"failed\"]"), "{text}");
}

/// In a mount namespace of its own: a journald with its own `/run`, the program, and what the journal has then.
const IN_NAMESPACE: &str = r#"
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal
/lib/systemd/systemd-journald & journald=$!
trap 'kill $journald' EXIT
for ((i = 0; i < 100; i++)); do [[ -S /run/systemd/journal/socket ]] && break; sleep 0.1; done
"$@" >&2
journalctl --sync
journalctl -D /run/log/journal -o json SYSLOG_IDENTIFIER=runsheet
"#;

#[test]
fn journald_has_every_line_with_its_fields() {
    if left_out() {
        return;
    }
    let stage = failing("sinks:\n  - journald: {}\n");
    let program = env!("CARGO_BIN_EXE_runsheet");
    let template = stage.case.command(&[]);
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "bash", "-c", IN_NAMESPACE, "in-namespace"]);
    command.args([program, "run", "deploy", "-F", "ssh_config"]).env_clear();
    let variables = template.get_envs().filter_map(|(name, value)| Some((name, value?)));
    command.envs(variables).current_dir(template.get_current_dir().expect("a folder")).stdin(Stdio::null());
    let output = command.output().expect("unshare runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let entries: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("an entry")).collect();
    let run = stage.case.runs().pop().expect("a run").file_name().expect("a name").to_string_lossy().into_owned();
    let field = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    let said: Vec<_> = entries
        .iter()
        .map(|entry| format!("{} {}", field(entry, "RUNSHEET_EVENT"), field(entry, "PRIORITY")))
        .collect();
    for (wanted, count) in SAID {
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said.iter().filter(|said| *said == wanted).count(), count, "{wanted}: {said:?}\n{errors}");
    }
    assert!(entries.iter().all(|entry| entry["RUNSHEET_RUN"] == run.as_str()), "{entries:?}");
    let failed: Vec<_> = entries.iter().filter(|entry| entry["RUNSHEET_STATE"] == "failed").collect();
    assert_eq!(failed.len(), 1);
    assert_eq!((&failed[0]["RUNSHEET_HOST"], &failed[0]["RUNSHEET_STEP"]), (&"web2".into(), &"roll".into()));
}

/// Whether a namespace cannot be made here.
#[expect(clippy::print_stderr, reason = "a test that was left out must not look like one that passed")]
fn left_out() -> bool {
    let able = Command::new("unshare").args(["--mount", "true"]).output().is_ok_and(|output| output.status.success());
    assert!(able || env::var_os("RUNSHEET_REQUIRE_ROOT_TESTS").is_none(), "no mount namespace can be made");
    if !able {
        eprintln!("LEFT OUT: needs root");
    }
    !able
}
