//! A real HAProxy in front of hosts of a fleet, and load on it.

use std::fs;
use std::process::{Child, Command, Stdio};

use tempfile::NamedTempFile;

use super::fleet::Fleet;

/// An HAProxy on a host of a fleet. Its log and its statistics say what became of each request.
pub(crate) struct Balancer<'a> {
    fleet: &'a Fleet,
    host: &'a str,
    backend: &'a str,
}

impl<'a> Balancer<'a> {
    /// Starts one on `host`, as a user would have it, with a check often enough for a test: the backend's servers are `web1` to as many
    /// as there are. Returns once it answers with what they serve.
    pub(crate) fn start(fleet: &'a Fleet, host: &'a str, backend: &'a str, servers: usize) -> Self {
        let config = config(fleet, backend, servers);
        let started = fleet.exec(
            host,
            &format!(
                "mkdir -p /run/haproxy && printf '%s' '{config}' >/etc/haproxy.cfg && \
                 {{ setsid haproxy -W -f /etc/haproxy.cfg >/var/log/haproxy.log 2>&1 </dev/null & }} && \
                 for i in $(seq 100); do curl -sf http://127.0.0.1/ >/dev/null && exit 0; sleep 0.1; done; \
                 cat /var/log/haproxy.log; exit 1"
            ),
        );
        assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stdout));
        Self { fleet, host, backend }
    }

    /// Name and status of each server, out of HAProxy's own statistics.
    pub(crate) fn servers(&self) -> Vec<(String, String)> {
        let ask = "perl -MIO::Socket::UNIX -e '$s=IO::Socket::UNIX->new(Peer=>\"/run/haproxy/admin.sock\") or exit 1; \
                   print $s \"show stat\\n\"; print while <$s>'";
        let said = self.fleet.exec(self.host, ask);
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        let rows = text.lines().filter(|line| line.starts_with(&format!("{},web", self.backend)));
        rows.map(|row| {
            let cells: Vec<_> = row.split(',').collect();
            (cells[1].to_owned(), cells[17].to_owned())
        })
        .collect()
    }

    /// How many requests HAProxy answered in all, and those that it did not answer with 200, as its log has them.
    pub(crate) fn answers(&self) -> (usize, Vec<String>) {
        let log = self.fleet.folder().join("hosts").join(self.host).join("log/haproxy.log");
        let log = fs::read_to_string(log).expect("HAProxy's log");
        let requests: Vec<_> = log.lines().filter(|line| line.contains("\"GET /")).collect();
        let bad = requests.iter().filter(|line| !line.contains(" 200 ")).map(|line| (*line).to_owned()).collect();
        (requests.len(), bad)
    }
}

fn config(fleet: &Fleet, backend: &str, servers: usize) -> String {
    let mut config = format!(
        "global\n    log stdout format raw local0\n    stats socket /run/haproxy/admin.sock mode 600 level admin\n\
         defaults\n    mode http\n    log global\n    option httplog\n    timeout connect 2s\n    timeout client 10s\n    \
         timeout server 10s\nfrontend front\n    bind :80\n    default_backend {backend}\nbackend {backend}\n    balance roundrobin\n    \
         option httpchk GET /\n"
    );
    for number in 1..=servers {
        let address = fleet.address(&format!("web{number}"));
        config.push_str(&format!("    server web{number} {address}:80 check inter 200ms rise 1 fall 2\n"));
    }
    config
}

/// Requests for some paths in turn, one after the other on many connections, until it is ended.
pub(crate) struct Load {
    wrk: Child,
    /// What wrk is told to ask for. It reads it when it starts.
    _script: NamedTempFile,
}

impl Load {
    pub(crate) fn on(balancer: &Balancer<'_>, paths: &[&str]) -> Self {
        let url = format!("http://{}/", balancer.fleet.address(balancer.host));
        let script = NamedTempFile::new().expect("a temporary file");
        let list = paths.iter().map(|path| format!("\"{path}\"")).collect::<Vec<_>>().join(", ");
        let text = format!(
            "local paths, at = {{{list}}}, 0\nfunction request()\n  at = at % #paths + 1\n  return wrk.format(\"GET\", paths[at])\nend\n"
        );
        fs::write(script.path(), text).expect("a script");
        let wrk = Command::new("wrk")
            .args(["-t", "1", "-c", "6", "-d", "10m", "--timeout", "10s", "-s"])
            .arg(script.path())
            .arg(&url)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        Self { wrk: wrk.expect("wrk is installed by scripts/install-test-packages"), _script: script }
    }

    /// Ends it, and gives what it says of itself.
    pub(crate) fn end(self) -> String {
        let id = self.wrk.id().to_string();
        let told = Command::new("kill").args(["-INT", &id]).status().expect("kill");
        assert!(told.success());
        let output = self.wrk.wait_with_output().expect("wrk ends");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
