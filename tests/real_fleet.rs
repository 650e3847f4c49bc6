//! A sheet on real hosts: six sets of namespaces, each with its own sshd and apache2. The evidence is taken on the hosts.
//!
//! Needs root for the namespaces; says so loudly where there is none.

use std::fs;
use std::path::Path;

use crate::case::Case;
use crate::support::fleet::Fleet;

const HOSTS: [&str; 6] = ["web1", "web2", "web3", "web4", "web5", "web6"];

/// A project with the fleet's hosts and the sheet that the repository ships.
fn project(fleet: &Fleet) -> Case {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sheet = fs::read_to_string(root.join("sheets/restart-web.yaml")).expect("the sheet");
    let groups = fs::read_to_string(fleet.folder().join("hostgroups.yaml")).expect("the host groups");
    let known = fleet.folder().join("known_hosts");
    Case::new()
        .file("hostgroups/web.yaml", groups)
        .file("sheets/restart-web.yaml", sheet)
        .file("ssh_config", format!("UserKnownHostsFile {}\nGlobalKnownHostsFile none\n", known.display()))
        .flags(&["-F", "ssh_config"])
}

/// When the workers of a host's apache were started, in clock ticks since this machine was, the first one first. `apachectl restart`
/// keeps the master and starts all workers anew.
fn workers(fleet: &Fleet, host: &str) -> Vec<u64> {
    let said = fleet.exec(host, "pgrep -x apache2 -P $(pgrep -o -x apache2) | xargs -I% cut -d' ' -f22 /proc/%/stat");
    let mut starts: Vec<u64> =
        String::from_utf8_lossy(&said.stdout).lines().filter_map(|line| line.trim().parse().ok()).collect();
    starts.sort_unstable();
    starts
}

fn checks_in_access_log(fleet: &Fleet, host: &str) -> usize {
    let log = fleet.folder().join("hosts").join(host).join("access.log");
    fs::read_to_string(log).map_or(0, |text| text.lines().filter(|line| line.contains("GET / ")).count())
}

#[test]
fn fleet_restarts_apache_on_six_real_hosts() {
    let Some(fleet) = Fleet::up(6) else { return };
    let case = project(&fleet);
    case.run_with_flags(&["do", "apache.start", "-g", "web"]).exits(0);
    let before: Vec<_> = HOSTS.iter().map(|host| *workers(&fleet, host).last().expect("apache runs")).collect();
    case.run_with_flags(&["run", "restart-web"]).exits(0);
    for (host, before) in HOSTS.iter().zip(before) {
        let after = *workers(&fleet, host).first().unwrap_or_else(|| panic!("apache is gone on {host}"));
        assert!(after > before, "a worker of before still runs on {host}");
        assert_eq!(checks_in_access_log(&fleet, host), 2, "{host} was not asked for its page twice");
    }
    case.run_with_flags(&["do", "apache.stop", "-g", "web"]).exits(0);
    for host in HOSTS {
        assert!(workers(&fleet, host).is_empty(), "apache still runs on {host}");
    }
}

#[test]
fn fleet_with_one_broken_apache_ends_5_and_names_it() {
    let Some(fleet) = Fleet::up(6) else { return };
    let case = project(&fleet);
    let broken = fleet.exec("web4", "echo 'NoSuchDirective on' >/etc/apache2/conf-enabled/broken.conf");
    assert!(broken.status.success());
    let ran = case.run_with_flags(&["run", "restart-web"]).exits(5);
    assert!(ran.stderr.contains("web4") && ran.stderr.contains("NoSuchDirective"), "{}", ran.stderr);
    for host in HOSTS {
        assert_eq!(!workers(&fleet, host).is_empty(), host != "web4", "{host}");
        assert_eq!(checks_in_access_log(&fleet, host), 0, "the next step was started on {host}");
    }
}
