//! How long it takes to work out how many hosts are reached.
//!
//! `cargo bench -p runsheet-inventory` prints a table: for 10,000 hosts and a ssh_config of so many `Host` blocks, how long reading
//! the file takes, and all hosts together.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use runsheet_inventory::{Inventory, Reach, SshConfig};
use runsheet_model::HostName;

const HOSTS: usize = 10_000;

/// How often each size is measured; the median counts.
const ROUNDS: usize = 5;

fn main() {
    print("| blocks | reading ms | 10,000 hosts ms | µs a host |");
    print("|---|---|---|---|");
    for blocks in [0, 20, 200, 2_000] {
        let mut rounds: Vec<(Duration, Duration)> = (0..ROUNDS).map(|_| measure(blocks)).collect();
        rounds.sort_by_key(|&(_, hosts)| hosts);
        let (reading, hosts) = rounds[ROUNDS / 2];
        let (reading, hosts) = (reading.as_secs_f64() * 1_000.0, hosts.as_secs_f64() * 1_000.0);
        print(&format!("| {blocks} | {reading:.1} | {hosts:.0} | {:.1} |", hosts / 10.0));
    }
}

/// Reads a config and resolves every host with it.
fn measure(blocks: usize) -> (Duration, Duration) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config");
    fs::write(&file, config(blocks)).expect("a config");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("chmod");
    let names: Vec<_> = (0..HOSTS).map(|host| HostName::new(format!("web{host:05}")).expect("a name")).collect();
    let inventory = Inventory::empty();

    let started = Instant::now();
    let ssh_config = SshConfig::load(&[file], folder.path()).expect("a config");
    let reading = started.elapsed();
    let reach = Reach { ssh_config: ssh_config.into(), ..Reach::new(folder.path(), "dana") };
    let started = Instant::now();
    for name in &names {
        let endpoint = inventory.resolve(name, &reach).expect("an endpoint");
        assert_eq!(endpoint.target.user, "deploy");
    }
    (reading, started.elapsed())
}

/// What grows over the years: many blocks of single hosts, and one for all.
fn config(blocks: usize) -> String {
    let mut text = String::from("Host gate\n  ProxyJump none\n");
    for block in 0..blocks {
        text.push_str(&format!("Host web{block:04}? !web00000\n  Port {}\n", 1_000 + block));
        text.push_str(&format!("Match originalhost db{block:04}* user deploy\n  HostKeyAlias db{block}\n"));
    }
    text.push_str("Host * !gate\n  ProxyJump gate\nHost *\n  User deploy\n  IdentityFile ~/.ssh/%r-%h\n  ServerAliveInterval 30\n");
    text
}

#[expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]
fn print(line: &str) {
    println!("{line}");
}
