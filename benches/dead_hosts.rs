//! What dead hosts cost the healthy ones: when 99 of 100 healthy hosts are done, with and without dead ones among them.
//!
//! `cargo bench --bench dead_hosts` runs `runsheet exec` on 1,000 practice hosts, in turn without and with 50 dead ones that are spread among
//! them, and prints a table for each way of being dead. The practice hosts run in this process and share the machine with the client; only
//! the ratios travel between machines. The first argument is the number of rounds, 3 unless it is given.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use runsheet_practice::{Fault, Fleet, raise_open_files};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;

const HEALTHY: usize = 1_000;
const DEAD: usize = 50;

/// A way of being dead. `None` is an address that does not answer at all.
const WAYS: [(&str, Option<Fault>); 5] = [
    ("connection refused", Some(Fault::Refuse)),
    ("no answer to SYN", None),
    ("accepts and is silent", Some(Fault::Silent)),
    ("wrong host key", Some(Fault::WrongKey)),
    ("dies under its command", Some(Fault::CutAfterExec)),
];

fn main() {
    raise_open_files().expect("the limit of open files is ours to raise");
    let rounds = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(3);
    let runtime = Runtime::new().expect("a runtime");
    let stage = runtime.block_on(Stage::start());
    print(&format!("{HEALTHY} healthy hosts, {DEAD} dead ones, rounds in turn: {rounds} (medians)"));
    print("| the dead ones | p99 without, s | p99 with, s | ratio | difference, ms |");
    print("|---|---|---|---|---|");
    // What is done for the first time is done here.
    stage.measure(Dead::None);
    for (name, fault) in WAYS {
        let (mut without, mut with) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let dead = fault.as_ref().map_or(Dead::Unanswered, Dead::Faulty);
            without.push(stage.measure(Dead::None));
            with.push(stage.measure(dead));
        }
        let (without, with) = (median(without), median(with));
        print(&format!(
            "| {name} | {:.2} | {:.2} | {:.2} | {:.0} |",
            without.as_secs_f64(),
            with.as_secs_f64(),
            with.as_secs_f64() / without.as_secs_f64(),
            (with.as_secs_f64() - without.as_secs_f64()) * 1_000.0
        ));
    }
    runtime.block_on(stage.fleet.shutdown());
}

/// The hosts that are dead among the healthy ones.
#[derive(Clone, Copy)]
enum Dead<'a> {
    None,
    Faulty(&'a Fault),
    Unanswered,
}

struct Stage {
    fleet: Fleet,
    blackhole: Blackhole,
}

impl Stage {
    async fn start() -> Self {
        let names = (0..HEALTHY).map(|n| format!("h{n:04}")).chain((0..DEAD).map(|n| format!("d{n:02}")));
        let fleet = Fleet::builder().hosts(names).start().await.expect("practice hosts");
        Self { fleet, blackhole: Blackhole::open() }
    }

    /// How long it takes until 99 of 100 healthy hosts are done, with dead hosts among them or without.
    fn measure(&self, dead: Dead<'_>) -> Duration {
        for host in self.fleet.hosts().iter().filter(|host| host.name().starts_with('d')) {
            host.set_fault(if let Dead::Faulty(fault) = dead { Some(fault.clone()) } else { None });
        }
        let project = self.project(dead);
        let started = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_runsheet"))
            .args(["exec", "-F", "ssh_config", "-g", "all", "--", "echo done"])
            .current_dir(project.path())
            .env("HOME", project.path())
            .env("XDG_STATE_HOME", project.path().join("state"))
            .env_remove("SSH_AUTH_SOCK")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("runsheet starts");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let mut done = Vec::new();
        for line in output.lines() {
            if line.expect("text").starts_with("[h") {
                done.push(started.elapsed());
            }
        }
        let status = child.wait().expect("it ends");
        assert_eq!(done.len(), HEALTHY, "{status}");
        assert_eq!(status.success(), matches!(dead, Dead::None), "{status}");
        done[HEALTHY * 99 / 100 - 1]
    }

    fn project(&self, dead: Dead<'_>) -> TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let (user, identity) = (self.fleet.user(), self.fleet.identity().display());
        let mut groups = format!("defaults: {{user: {user}, identity: {identity}}}\ngroups:\n  all:\n    hosts:\n");
        let mut add = |name: &str, at: SocketAddr| {
            groups.push_str(&format!("      - {name}: {{address: {}, port: {}}}\n", at.ip(), at.port()));
        };
        let (healthy, others) = self.fleet.hosts().split_at(HEALTHY);
        for (n, host) in healthy.iter().enumerate() {
            // They are spread, and the first in the list is one of them.
            if n % (HEALTHY / DEAD) == 0 {
                let host = &others[n / (HEALTHY / DEAD)];
                match dead {
                    Dead::None => {}
                    Dead::Faulty(_) => add(host.name(), host.address()),
                    Dead::Unanswered => add(host.name(), self.blackhole.address),
                }
            }
            add(host.name(), host.address());
        }
        let config = format!("UserKnownHostsFile {}\nGlobalKnownHostsFile none\n", self.fleet.known_hosts().display());
        fs::create_dir(folder.path().join("hostgroups")).expect("a folder");
        fs::write(folder.path().join("hostgroups/all.yaml"), groups).expect("a file");
        fs::write(folder.path().join("ssh_config"), config).expect("a file");
        folder
    }
}

/// An address of this machine that answers no SYN: its queue of connections is full, and nobody takes one out.
struct Blackhole {
    address: SocketAddr,
    _listener: TcpListener,
    _queue: Vec<TcpStream>,
}

impl Blackhole {
    fn open() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
        let listener = socket.listen(0).expect("it listens");
        let address = listener.local_addr().expect("its address");
        let mut queue = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
            queue.push(stream);
            assert!(queue.len() < 100, "its queue has no end");
        }
        Self { address, _listener: listener, _queue: queue }
    }
}

fn median(mut rounds: Vec<Duration>) -> Duration {
    rounds.sort();
    rounds[rounds.len() / 2]
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn print(line: &str) {
    println!("{line}");
}
