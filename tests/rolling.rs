//! A rolling restart of real apaches behind a real HAProxy, under load: HAProxy's own log and statistics say whether a request was
//! lost, and how many servers were out of service.
//!
//! Needs root for the namespaces; says so loudly where there is none.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::case::Case;
use crate::support::balancer::{Balancer, Load};
use crate::support::fleet::Fleet;

const WEB: usize = 6;
/// The host on which HAProxy runs.
const LB: &str = "web7";

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
    case
}

#[test]
fn fleet_restarts_apache_behind_haproxy_without_losing_a_request() {
    let Some(fleet) = Fleet::up(WEB + 1) else { return };
    let case = start(&fleet);
    let balancer = Balancer::start(&fleet, LB, "web", WEB);
    let load = Load::on(&balancer, &["/"]);
    let over = AtomicBool::new(false);
    let (ran, samples) = thread::scope(|scope| {
        let sampling = scope.spawn(|| {
            let mut most_out = 0;
            let mut samples = 0;
            while !over.load(Ordering::Relaxed) {
                let servers = balancer.servers();
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
    let (count, bad) = balancer.answers();
    assert!(count > 500, "there was hardly any load: {count} requests; {said}");
    assert!(bad.is_empty(), "{} of {count} requests were lost: {:#?}", bad.len(), &bad[..bad.len().min(5)]);
    assert!(!said.contains("Non-2xx") && !said.contains("Socket errors"), "{said}");
    let (samples, most_out) = samples;
    assert!(samples > 5, "only {samples} looks");
    assert!((1..=2).contains(&most_out), "{most_out} servers were out of service at once");
    assert!(balancer.servers().iter().all(|(_, status)| status.starts_with("UP")), "{:?}", balancer.servers());
}

#[test]
fn fleet_leaves_an_apache_that_does_not_come_back_drained_and_takes_nobody_else_out() {
    let Some(fleet) = Fleet::up(WEB + 1) else { return };
    let case = start(&fleet);
    let balancer = Balancer::start(&fleet, LB, "web", WEB);
    assert!(fleet.exec("web2", "echo 'NoSuchDirective on' >/etc/apache2/conf-enabled/broken.conf").status.success());
    let load = Load::on(&balancer, &["/"]);
    let ran = case.run_with_flags(&["run", "rolling-apache"]).exits(5);
    let said = load.end();
    assert!(ran.stderr.contains("web2") && ran.stderr.contains("NoSuchDirective"), "{}", ran.stderr);
    assert!(ran.stderr.contains("drained web/web2"), "it does not tell what is still open: {}", ran.stderr);
    let (count, bad) = balancer.answers();
    assert!(count > 100 && bad.is_empty(), "{} of {count} requests were lost: {said}", bad.len());
    let drained: Vec<_> = balancer.servers().into_iter().filter(|(_, status)| !status.starts_with("UP")).collect();
    assert_eq!(drained, [("web2".to_owned(), "DRAIN".to_owned())]);
}
