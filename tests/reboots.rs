//! Hosts that are started anew in the middle of a run: real ones of namespaces, each with a boot id of its own. The evidence is
//! taken on the hosts.
//!
//! Needs root for the namespaces; says so loudly where there is none.

use std::time::{Duration, Instant};

use crate::case::Case;
use crate::support::fleet::Fleet;

const BOOT_ID: &str = "cat /proc/sys/kernel/random/boot_id";

fn stage(sheet: &str) -> Option<(Fleet, Case)> {
    Some(with(Fleet::up(2)?, sheet))
}

fn with(fleet: Fleet, sheet: &str) -> (Fleet, Case) {
    let groups = std::fs::read_to_string(fleet.folder().join("hostgroups.yaml")).expect("the host groups");
    let known = fleet.folder().join("known_hosts");
    let case = Case::new()
        .file("hostgroups/web.yaml", groups)
        .file("sheets/boot.yaml", sheet)
        .file("ssh_config", format!("UserKnownHostsFile {}\nGlobalKnownHostsFile none\n", known.display()))
        .flags(&["-F", "ssh_config"]);
    (fleet, case)
}

fn on_host(fleet: &Fleet, host: &str, command: &str) -> String {
    String::from_utf8_lossy(&fleet.exec(host, command).stdout).into_owned()
}

#[test]
fn fleet_f_16_a_step_that_reboots_its_hosts_ends_when_they_are_back_and_the_next_one_runs() {
    // A connection that breaks, a command that is told that it will happen, and one that is ended by it.
    for reboot in
        ["reboot; sleep 600", "(sleep 1; reboot) </dev/null >/dev/null 2>&1 &", "(sleep 1; reboot) & exit 143"]
    {
        let sheet = format!(
            "steps:\n  - {{name: Reboot, task: command, hosts: web, reboots: true, timeout: 1m, args: {{run: 'echo once >>/etc/kept; {reboot}'}}}}\n  \
             - {{name: After, task: command, hosts: web, args: {{run: '{BOOT_ID} >>/etc/kept'}}}}\n"
        );
        let Some((fleet, case)) = stage(&sheet) else { return };
        let before = ["web1", "web2"].map(|host| on_host(&fleet, host, BOOT_ID));

        let ran = case.run_with_flags(&["run", "boot", "-y", "-v"]).exits(0);

        assert!(ran.stderr.contains("started anew"), "{}", ran.stderr);
        for (host, before) in ["web1", "web2"].into_iter().zip(before) {
            let after = on_host(&fleet, host, BOOT_ID);
            assert_ne!(after, before, "{host} was not started anew");
            assert_eq!(on_host(&fleet, host, "cat /etc/kept"), format!("once\n{after}"), "{host}: {reboot}");
        }
    }
}

#[test]
fn fleet_the_task_reboot_is_over_when_its_host_is_back_and_at_once_where_nothing_asks_for_it() {
    let sheet = "steps:\n  - {name: Reboot, task: reboot, hosts: web, timeout: 1m, args: {only_if_needed: true}}\n  \
                 - {name: After, task: command, hosts: web, args: {run: 'touch /etc/after'}}\n";
    let Some((fleet, case)) = stage(sheet) else { return };
    on_host(&fleet, "web1", "touch /run/reboot-required");
    let before = ["web1", "web2"].map(|host| on_host(&fleet, host, BOOT_ID));
    let begun = Instant::now();

    let ran = case.run_with_flags(&["run", "boot", "-y", "-v"]).exits(0);

    assert!(ran.stderr.contains("started anew"), "{}", ran.stderr);
    assert_ne!(on_host(&fleet, "web1", BOOT_ID), before[0], "web1 was not started anew");
    assert_eq!(on_host(&fleet, "web2", BOOT_ID), before[1], "web2 was started anew, and nothing asked for it");
    assert!(begun.elapsed() < Duration::from_secs(50), "a host that stays as it is was waited for");
    for host in ["web1", "web2"] {
        assert_eq!(on_host(&fleet, host, "ls /etc/after").trim(), "/etc/after", "{host}");
    }
}

#[test]
fn fleet_a_host_whose_init_is_systemd_is_started_anew_and_its_service_restarted() {
    let sheet = "steps:\n  - {name: Reboot, task: reboot, hosts: web1, timeout: 1m}\n  \
                 - {name: After, task: service.restart, hosts: web1, args: {name: app}}\n";
    let Some(fleet) = Fleet::up_with_systemd(1) else { return };
    let (fleet, case) = with(fleet, sheet);
    on_host(&fleet, "web1", "printf '[Service]\\nExecStart=/bin/sleep 600\\n' >/etc/systemd/system/app.service");
    let before = on_host(&fleet, "web1", BOOT_ID);

    let ran = case.run_with_flags(&["run", "boot", "-y", "-v"]).exits(0);

    assert!(ran.stderr.contains("started anew"), "{}", ran.stderr);
    assert_ne!(on_host(&fleet, "web1", BOOT_ID), before, "it was not started anew");
    assert_eq!(on_host(&fleet, "web1", "systemctl is-active app").trim(), "active");
}

#[test]
fn fleet_f_16_a_host_that_is_rebooted_under_a_command_is_lost_for_that_reason_and_ends_the_sheet() {
    let sheet = "steps:\n  - {name: Work, task: command, hosts: web, args: {run: 'if [ $(hostname) = web1 ]; then reboot; sleep 600; fi'}}\n  \
         - {name: After, task: command, hosts: web, args: {run: 'touch /etc/after'}}\n";
    let Some((fleet, case)) = stage(sheet) else { return };

    let ran = case.run_with_flags(&["run", "boot", "-y"]).exits(8);

    assert!(ran.stderr.contains("the host was started anew before the end was seen"), "{}", ran.stderr);
    let state = case.all_state().into_iter().map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned());
    assert!(state.collect::<String>().contains("\"reason\":\"rebooted\""));
    for host in ["web1", "web2"] {
        assert_eq!(on_host(&fleet, host, "ls /etc/after"), "", "the next step ran on {host}");
    }
}

#[test]
fn fleet_f_16_a_connection_that_breaks_and_no_more_is_not_called_a_reboot() {
    let sheet = "steps:\n  - {name: Work, task: command, hosts: web1, args: {run: 'kill -9 $PPID; sleep 600'}}\n";
    let Some((_fleet, case)) = stage(sheet) else { return };
    let begun = Instant::now();

    let ran = case.run_with_flags(&["run", "boot", "-y"]).exits(8);

    assert!(ran.stderr.contains("the connection was closed before the end was seen"), "{}", ran.stderr);
    assert!(begun.elapsed() < Duration::from_secs(20), "a host that is up is not waited for");
}

#[test]
fn fleet_a_host_that_does_not_come_back_started_anew_fails_or_is_lost_when_its_time_is_over() {
    let sheet = |run: &str| {
        format!(
            "steps:\n  - {{name: Reboot, task: command, hosts: web1, reboots: true, timeout: 4s, args: {{run: '{run}'}}}}\n"
        )
    };
    let Some((_fleet, case)) = stage(&sheet("true")) else { return };

    let ran = case.run_with_flags(&["run", "boot", "-y"]).exits(5);
    ran.says("the host was not back, started anew, within 4s: it was not started anew");
    let case = case.file("sheets/boot.yaml", sheet("exit 3"));
    case.run_with_flags(&["run", "boot", "-y"]).exits(5).says("exit status 3");
    let case = case.file("sheets/boot.yaml", sheet("poweroff; sleep 600"));
    case.run_with_flags(&["run", "boot", "-y"]).exits(8).says("before the end was seen");
}
