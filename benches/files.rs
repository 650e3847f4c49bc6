//! How fast files go to hosts and come back, beside scp, sftp and rsync.
//!
//! `cargo bench --bench files` prints its tables in Markdown; `cargo bench --bench files -- large far hosts small` only those that are
//! named. The programs run in turn against a real sshd on this machine (`hosts`: against practice hosts), and the fastest of several
//! rounds counts, since whatever else the machine does only makes it slower. Files are incompressible. runsheet writes its record, checks
//! SHA-256 of what is sent against the plan and brings files to the disk; scp, sftp and rsync do none of that, so that scp is also measured
//! with the hash (openssl's) and the sync that make it as certain.

mod delay;
#[path = "../tests/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the fleet and some questions to sshd are for the tests")]
mod support;

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use delay::delayed;
use runsheet_practice::{Fleet, raise_open_files};
use support::sshd::Sshd;
use tempfile::TempDir;

const MEBIBYTE: usize = 1 << 20;

/// The round-trip time of a far host.
const FAR: Duration = Duration::from_millis(50);

/// How many practice hosts get the artifact, and its size in MiB.
const HOSTS: [usize; 3] = [10, 50, 200];
const ARTIFACT: usize = 50;

/// The small files: folders, and files in each.
const FOLDERS: usize = 100;
const FILES: usize = 100;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_wanted = |table: &str| wanted.is_empty() || wanted.iter().any(|word| word == table);
    if is_wanted("large") {
        large();
    }
    if is_wanted("far") {
        far();
    }
    if is_wanted("hosts") {
        hosts();
    }
    if is_wanted("small") {
        small();
    }
}

/// One large file to a near host and back.
fn large() {
    print(
        "| near host | cipher | runsheet MiB/s | scp MiB/s | sftp MiB/s | scp, hashed and synced, MiB/s | runsheet ÷ the faster | runsheet ÷ that | runsheet peak MB |",
    );
    print("|---|---|---|---|---|---|---|---|---|");
    for (mebibytes, rounds) in [(200, 5), (1_024, 2)] {
        for cipher in ["chacha20-poly1305@openssh.com", "aes128-gcm@openssh.com"] {
            let sshd = Sshd::start("");
            let stage = Stage::new(&sshd, sshd.port(), &format!("Ciphers {cipher}\n"));
            compare(&stage, mebibytes, rounds, cipher);
        }
    }
}

/// One large file to a far host and back.
fn far() {
    print(
        "| host 50 ms away | cipher | runsheet MiB/s | scp MiB/s | sftp MiB/s | scp, hashed and synced, MiB/s | runsheet ÷ the faster | runsheet ÷ that | runsheet peak MB |",
    );
    print("|---|---|---|---|---|---|---|---|---|");
    let sshd = Sshd::start("");
    let server = SocketAddr::from(([127, 0, 0, 1], sshd.port()));
    let stage = Stage::new(&sshd, delayed(server, FAR / 2), "");
    compare(&stage, 1_024, 2, "default");
}

/// Prints a line for each direction.
fn compare(stage: &Stage, mebibytes: usize, rounds: usize, cipher: &str) {
    stage.write("large", noise(mebibytes * MEBIBYTE));
    let there = stage.path("there");
    let there = there.to_str().expect("text");
    for direction in ["up", "down"] {
        let is_up = direction == "up";
        let runsheet = if is_up { ["put", "large", there] } else { ["get", there, "back"] };
        let (from, to) = if is_up {
            ("large".to_owned(), format!("h1:{there}"))
        } else {
            (format!("h1:{there}"), "copy".to_owned())
        };
        let batch = if is_up { format!("put large {there}\n") } else { format!("get {there} copy\n") };
        stage.write("batch", batch);
        // What runsheet does besides: the plan names the content by its hash, and what is there is on the disk.
        let certain = if is_up {
            format!(
                "openssl dgst -sha256 large && scp -q -F ssh_config {from} {to} && ssh -F ssh_config h1 sync {there}"
            )
        } else {
            format!("scp -q -F ssh_config {from} {to} && openssl dgst -sha256 {to} && sync {to}")
        };
        let programs = [
            stage.runsheet(&[&runsheet[..1], &["-q", "-F", "ssh_config", "-g", "all"], &runsheet[1..]].concat()),
            stage.program("scp", &["-q", "-F", "ssh_config", &from, &to]),
            stage.program("sftp", &["-q", "-F", "ssh_config", "-b", "batch", "h1"]),
            stage.program("sh", &["-c", &certain]),
        ];
        let took = in_turn(programs, rounds, || {
            // A file that is there already would not be sent again.
            if is_up {
                stage.remove(&["there"]);
            } else {
                stage.remove(&["back", "copy"]);
            }
        });
        let [ours, scp, sftp, certain] = took.each_ref().map(|took| number(mebibytes) / took.wall.as_secs_f64());
        print(&format!(
            "| {mebibytes} MiB {direction} | {cipher} | {ours:.0} | {scp:.0} | {sftp:.0} | {certain:.0} | {:.2} | {:.2} | {:.0} |",
            ours / scp.max(sftp),
            ours / certain,
            took[0].peak
        ));
    }
}

/// One artifact to ever more hosts.
fn hosts() {
    print("| 50 MiB to | wall s | MiB/s together | runsheet CPU s | CPU ms a host | runsheet peak MB |");
    print("|---|---|---|---|---|---|");
    raise_open_files().expect("a limit of open files");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for count in HOSTS {
        let names = (1..=count).map(|number| format!("h{number}"));
        let fleet = runtime.block_on(Fleet::builder().hosts(names).start()).expect("a fleet");
        let mut config = format!(
            "User {}\nIdentityFile {}\nIdentitiesOnly yes\nUserKnownHostsFile {}\nGlobalKnownHostsFile none\n",
            fleet.user(),
            fleet.identity().display(),
            fleet.known_hosts().display()
        );
        for host in fleet.hosts() {
            let address = host.address();
            let _ = write!(config, "Host {}\nHostName {}\nPort {}\n", host.name(), address.ip(), address.port());
        }
        let stage = Stage::with_config(&config, &format!("h[1-{count}]"));
        stage.write("artifact", noise(ARTIFACT * MEBIBYTE));
        let program = stage.runsheet(&["put", "-q", "-F", "ssh_config", "-g", "all", "artifact", "artifact"]);
        let [took] = in_turn([program], 1, || {});
        let together = number(ARTIFACT * count) / took.wall.as_secs_f64();
        print(&format!(
            "| {count} hosts | {:.1} | {together:.0} | {:.1} | {:.0} | {:.0} |",
            took.wall.as_secs_f64(),
            took.cpu,
            took.cpu * 1_000.0 / number(count),
            took.peak
        ));
        runtime.block_on(fleet.shutdown());
    }
}

/// A folder of many small files, to a host that has none of them, and once more.
fn small() {
    let sshd = Sshd::start("");
    let stage = Stage::new(&sshd, sshd.port(), "");
    for folder in 0..FOLDERS {
        for file in 0..FILES {
            let path = stage.path(&format!("small/d{folder}/f{file}"));
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, noise(1_024 + (folder * FILES + file) % 4_096)).expect("written");
        }
    }
    let there = stage.path("there");
    let there = there.to_str().expect("text");
    let rsync_target = format!("h1:{there}");
    let first = || {
        let sync = ["put", "-q", "-F", "ssh_config", "-g", "all", "small", there];
        let shell = ["-a", "-e", "ssh -F ssh_config", "small/", &rsync_target];
        let durable = ["-a", "--fsync", "-e", "ssh -F ssh_config", "small/", &rsync_target];
        [stage.runsheet(&sync), stage.program("rsync", &shell), stage.program("rsync", &durable)]
    };
    // What was copied before is put aside, not removed: ext4 makes files slowly for a while after many were.
    let aside = AtomicUsize::new(0);
    let took = in_turn(first(), 3, || {
        let aside = stage.path(&format!("aside{}", aside.fetch_add(1, Ordering::Relaxed)));
        // At first there is nothing.
        let _ = fs::rename(there, aside);
    });
    let again = in_turn(first(), 3, || {});
    print(&format!(
        "| {} small files | runsheet s | rsync s | rsync --fsync s | rsync ÷ runsheet | runsheet peak MB |",
        FOLDERS * FILES
    ));
    print("|---|---|---|---|---|---|");
    for (what, took) in [("first copy", took), ("nothing to do", again)] {
        let [ours, rsync, durable] = took.each_ref().map(|took| took.wall.as_secs_f64());
        print(&format!(
            "| {what} | {ours:.2} | {rsync:.2} | {durable:.2} | {:.2} | {:.0} |",
            rsync / ours,
            took[0].peak
        ));
    }
}

/// A project in a folder of its own, and hosts.
struct Stage {
    folder: TempDir,
}

impl Stage {
    /// One host `h1`: an sshd, behind a port.
    fn new(sshd: &Sshd, port: u16, more: &str) -> Self {
        let key = fs::read_to_string(sshd.known_hosts()).expect("known_hosts");
        let key = key.split_once(' ').expect("a key").1.trim().to_owned();
        let stage = Self { folder: tempfile::tempdir().expect("a folder") };
        stage.write("known_hosts", format!("[127.0.0.1]:{port} {key}\n"));
        stage.groups("h1");
        let config = format!(
            "{more}Host h1\nHostName 127.0.0.1\nPort {port}\nUser {}\nIdentityFile {}\nIdentitiesOnly yes\nUserKnownHostsFile {}\n\
             GlobalKnownHostsFile none\nKexAlgorithms curve25519-sha256\n",
            sshd.user(),
            sshd.identity().display(),
            stage.path("known_hosts").display()
        );
        stage.write("ssh_config", config);
        stage
    }

    fn with_config(config: &str, hosts: &str) -> Self {
        let stage = Self { folder: tempfile::tempdir().expect("a folder") };
        stage.groups(hosts);
        stage.write("ssh_config", config);
        stage
    }

    fn groups(&self, hosts: &str) {
        fs::create_dir(self.path("hostgroups")).expect("a folder");
        self.write("hostgroups/all.yaml", format!("groups: {{all: {{hosts: [\"{hosts}\"]}}}}\n"));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).expect("a file");
    }

    fn remove(&self, names: &[&str]) {
        for name in names {
            let path = self.path(name);
            // It need not be there.
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
    }

    fn runsheet(&self, words: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_runsheet"), words);
        command.env("HOME", self.folder.path()).env("XDG_STATE_HOME", self.path("state")).env_remove("SSH_AUTH_SOCK");
        command
    }

    /// A program under time(1), Debian's package `time`.
    fn program(&self, program: impl AsRef<Path>, words: &[&str]) -> Command {
        let mut command = Command::new("/usr/bin/time");
        command.args(["-f", "%U %S %M"]).arg(program.as_ref()).args(words);
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }
}

/// What a program needed.
#[derive(Clone, Copy)]
struct Took {
    wall: Duration,
    /// Its CPU time in seconds.
    cpu: f64,
    /// Its peak memory in MB.
    peak: f64,
}

/// Runs programs in turn, each after `prepare`, and returns the fastest round of each, with the most memory of all.
fn in_turn<const N: usize>(mut programs: [Command; N], rounds: usize, prepare: impl Fn()) -> [Took; N] {
    let mut best: [Option<Took>; N] = [None; N];
    for _ in 0..rounds {
        for (program, best) in programs.iter_mut().zip(&mut best) {
            prepare();
            // What others have written is not to be brought to the disk at the cost of this one.
            let _ = Command::new("sync").status();
            let took = measure(program);
            let peak = best.map_or(took.peak, |best| best.peak.max(took.peak));
            let fastest = best.filter(|best| best.wall < took.wall).unwrap_or(took);
            *best = Some(Took { peak, ..fastest });
        }
    }
    best.map(|took| took.expect("rounds"))
}

fn measure(program: &mut Command) -> Took {
    let started = Instant::now();
    let output = program.output().expect("time(1) starts");
    let wall = started.elapsed();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program:?}: {said}");
    let numbers: Vec<f64> =
        said.lines().last().unwrap_or_default().split(' ').filter_map(|number| number.parse().ok()).collect();
    let [user, system, kilobytes] = numbers[..] else { panic!("time(1) says {said}") };
    Took { wall, cpu: user + system, peak: kilobytes / 1_024.0 }
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Bytes that nobody can compress (xorshift64).
fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn print(line: &str) {
    println!("{line}");
}
