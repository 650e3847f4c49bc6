//! A rolling restart of real apaches behind a real HAProxy, under load: HAProxy's own log and statistics say whether a request was
//! lost, and how many servers were out of service.
//!
//! Needs root for the namespaces; says so loudly where there is none.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::case::Case;
use crate::support::fleet::Fleet;

const WEB: usize = 6;
/// The host on which HAProxy runs.
const LB: &str = "web7";

/// HAProxy as a user would have it, with a check often enough for a test.
fn haproxy_config(fleet: &Fleet) -> String {
    let mut config = "global\n    log stdout format raw local0\n    stats socket /run/haproxy/admin.sock mode 600 level admin\n\
                      defaults\n    mode http\n    log global\n    option httplog\n    timeout connect 2s\n    timeout client 10s\n    \
                      timeout server 10s\nfrontend front\n    bind :80\n    default_backend web\nbackend web\n    balance roundrobin\n    \
                      option httpchk GET /\n"
        .to_owned();
    for number in 1..=WEB {
        let address = fleet.address(&format!("web{number}"));
        config.push_str(&format!("    server web{number} {address}:80 check inter 200ms rise 1 fall 2\n"));
    }
    config
}

fn start(fleet: &Fleet) -> Case {
    let mut hosts = String::new();
    for number in 1..=WEB {
        hosts.push_str(&format!("      - web{number}: {{address: {}}}\n", fleet.address(&format!("web{number}"))));
    }
    let groups = format!(
        "defaults: {{user: root, identity: \"{}/id_ed25519\"}}\ngroups:\n  web:\n    hosts:\n{hosts}  lb:\n    hosts:\n      - lb1: {{address: {}}}\n",
        fleet.folder().display(),
        fleet.address(LB),
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sheet = fs::read_to_string(root.join("sheets/rolling-apache.yaml")).expect("the sheet");
    let known = fleet.folder().join("known_hosts");
    let case = Case::new()
        .file("hostgroups/web.yaml", groups)
        .file("sheets/rolling-apache.yaml", sheet)
        .file("ssh_config", format!("UserKnownHostsFile {}\nGlobalKnownHostsFile none\n", known.display()))
        .flags(&["-F", "ssh_config"]);
    case.run_with_flags(&["do", "apache.start", "-g", "web"]).exits(0);
    let config = haproxy_config(fleet).replace('\'', "");
    let started = fleet.exec(
        LB,
        &format!(
            "mkdir -p /run/haproxy && printf '%s' '{config}' >/etc/haproxy.cfg && \
             {{ setsid haproxy -W -f /etc/haproxy.cfg >/var/log/haproxy.log 2>&1 </dev/null & }} && \
             for i in $(seq 100); do curl -sf http://127.0.0.1/ >/dev/null && exit 0; sleep 0.1; done; \
             cat /var/log/haproxy.log; exit 1"
        ),
    );
    assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stdout));
    case
}

/// Requests, one after the other on many connections, until it is dropped.
struct Load(Child);

impl Load {
    fn on(fleet: &Fleet) -> Self {
        let url = format!("http://{}/", fleet.address(LB));
        let wrk = Command::new("wrk")
            .args(["-t", "1", "-c", "6", "-d", "10m", "--timeout", "10s", &url])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        Self(wrk.expect("wrk is installed by scripts/install-test-packages"))
    }

    /// Ends it, and gives what it says of itself.
    fn end(self) -> String {
        let id = self.0.id().to_string();
        let told = Command::new("kill").args(["-INT", &id]).status().expect("kill");
        assert!(told.success());
        let output = self.0.wait_with_output().expect("wrk ends");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// Name and status of each server, out of HAProxy's own statistics.
fn statistics(fleet: &Fleet) -> Vec<(String, String)> {
    let ask = "perl -MIO::Socket::UNIX -e '$s=IO::Socket::UNIX->new(Peer=>\"/run/haproxy/admin.sock\") or exit 1; \
               print $s \"show stat\\n\"; print while <$s>'";
    let said = fleet.exec(LB, ask);
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let rows = text.lines().filter(|line| line.starts_with("web,web"));
    rows.map(|row| {
        let cells: Vec<_> = row.split(',').collect();
        (cells[1].to_owned(), cells[17].to_owned())
    })
    .collect()
}

/// How many requests HAProxy answered in all, and those that it did not answer with 200, as its log has them.
fn answers(fleet: &Fleet) -> (usize, Vec<String>) {
    let log = fs::read_to_string(fleet.folder().join("hosts").join(LB).join("log/haproxy.log")).expect("HAProxy's log");
    let requests: Vec<_> = log.lines().filter(|line| line.contains("\"GET / HTTP")).collect();
    let bad = requests.iter().filter(|line| !line.contains(" 200 ")).map(|line| (*line).to_owned()).collect();
    (requests.len(), bad)
}

#[test]
fn fleet_restarts_apache_behind_haproxy_without_losing_a_request() {
    let Some(fleet) = Fleet::up(WEB + 1) else { return };
    let case = start(&fleet);
    let load = Load::on(&fleet);
    let over = AtomicBool::new(false);
    let (ran, samples) = thread::scope(|scope| {
        let sampling = scope.spawn(|| {
            let mut most_out = 0;
            let mut samples = 0;
            while !over.load(Ordering::Relaxed) {
                let servers = statistics(&fleet);
                if servers.len() == WEB {
                    most_out = most_out.max(servers.iter().filter(|(_, status)| !status.starts_with("UP")).count());
                    samples += 1;
                }
                thread::sleep(Duration::from_millis(20));
            }
            (samples, most_out)
        });
        let ran = case.run_with_flags(&["run", "rolling-apache"]);
        over.store(true, Ordering::Relaxed);
        (ran, sampling.join().expect("samples"))
    });
    let said = load.end();
    ran.exits(0);
    let (count, bad) = answers(&fleet);
    assert!(count > 500, "there was hardly any load: {count} requests; {said}");
    assert!(bad.is_empty(), "{} of {count} requests were lost: {:#?}", bad.len(), &bad[..bad.len().min(5)]);
    assert!(!said.contains("Non-2xx") && !said.contains("Socket errors"), "{said}");
    let (samples, most_out) = samples;
    assert!(samples > 5, "only {samples} looks");
    assert!((1..=2).contains(&most_out), "{most_out} servers were out of service at once");
    assert!(statistics(&fleet).iter().all(|(_, status)| status.starts_with("UP")), "{:?}", statistics(&fleet));
}

#[test]
fn fleet_leaves_an_apache_that_does_not_come_back_drained_and_takes_nobody_else_out() {
    let Some(fleet) = Fleet::up(WEB + 1) else { return };
    let case = start(&fleet);
    assert!(fleet.exec("web2", "echo 'NoSuchDirective on' >/etc/apache2/conf-enabled/broken.conf").status.success());
    let load = Load::on(&fleet);
    let ran = case.run_with_flags(&["run", "rolling-apache"]).exits(5);
    let said = load.end();
    assert!(ran.stderr.contains("web2") && ran.stderr.contains("NoSuchDirective"), "{}", ran.stderr);
    assert!(ran.stderr.contains("drained web/web2"), "it does not tell what is still open: {}", ran.stderr);
    let (count, bad) = answers(&fleet);
    assert!(count > 100 && bad.is_empty(), "{} of {count} requests were lost: {said}", bad.len());
    let drained: Vec<_> = statistics(&fleet).into_iter().filter(|(_, status)| !status.starts_with("UP")).collect();
    assert_eq!(drained, [("web2".to_owned(), "DRAIN".to_owned())]);
}
