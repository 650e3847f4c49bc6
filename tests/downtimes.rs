//! A downtime in a real Nagios is extended while the work of its step goes on, and ends with it.
//!
//! Needs root for the namespaces; says so loudly where there is none.

use std::thread;
use std::time::{Duration, Instant};

use crate::case::Case;
use crate::support::fleet::Fleet;

/// The host on which Nagios runs.
const MONITOR: &str = "web2";

const CONFIG: &str = r"
log_file=/var/lib/nagios4/nagios.log
cfg_file=/srv/objects.cfg
object_cache_file=/var/lib/nagios4/objects.cache
status_file=/var/lib/nagios4/status.dat
status_update_interval=1
nagios_user=nagios
nagios_group=nagios
check_external_commands=1
command_file=/var/lib/nagios4/rw/nagios.cmd
lock_file=/var/lib/nagios4/nagios4.pid
temp_file=/var/lib/nagios4/nagios.tmp
check_result_path=/var/lib/nagios4/spool/checkresults
interval_length=1
";

const OBJECTS: &str = r"
define command {
    command_name up
    command_line /bin/true
}
define timeperiod {
    timeperiod_name always
    alias always
}
define contact {
    contact_name nobody
    host_notification_period always
    service_notification_period always
    host_notification_commands up
    service_notification_commands up
}
define host {
    host_name web1
    address 127.0.0.1
    check_command up
    max_check_attempts 1
    check_period always
    contacts nobody
    notification_period always
}
define service {
    host_name web1
    service_description HTTP
    check_command up
    max_check_attempts 1
    check_period always
    contacts nobody
    notification_period always
}
";

/// Its downtime is for twenty seconds, its work takes fifty: it is extended when a quarter is left, which a busy machine has to be in time for.
const SHEET: &str = r#"
steps:
  - name: Restart
    hosts: web
    do:
      - task: nagios.downtime
        delegate: monitor
        args: {of: "{{ host.name }}", for: 20s, comment: release 7}
      - task: command
        args: {run: sleep 50}
    always:
      - task: nagios.downtime.remove
        delegate: monitor
        args: {of: "{{ host.name }}", comment: release 7}
"#;

fn case(fleet: &Fleet) -> Case {
    let groups = format!(
        "defaults: {{user: root, identity: \"{}/id_ed25519\"}}\ngroups:\n  web: {{hosts: [web1: {{address: {}}}]}}\n  monitoring: {{hosts: [monitor: {{address: {}}}]}}\n",
        fleet.folder().display(),
        fleet.address("web1"),
        fleet.address(MONITOR),
    );
    let known = fleet.folder().join("known_hosts");
    Case::new()
        .file("hostgroups/all.yaml", groups)
        .file("sheets/restart.yaml", SHEET)
        .file("ssh_config", format!("UserKnownHostsFile {}\nGlobalKnownHostsFile none\n", known.display()))
        .flags(&["-F", "ssh_config"])
}

fn start_nagios(fleet: &Fleet) {
    for (path, content) in [("/srv/nagios.cfg", CONFIG), ("/srv/objects.cfg", OBJECTS)] {
        assert!(fleet.exec(MONITOR, &format!("cat >{path} <<'END'\n{content}\nEND")).status.success());
    }
    let started =
        fleet.exec(MONITOR, "nagios4 -d /srv/nagios.cfg >/srv/started 2>&1 </dev/null || cat /srv/started >&2");
    assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
    let until = Instant::now() + Duration::from_secs(30);
    while !fleet.exec(MONITOR, "test -s /var/lib/nagios4/status.dat").status.success() {
        assert!(Instant::now() < until, "Nagios did not start");
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn fleet_extends_a_downtime_while_its_work_goes_on_and_removes_it_at_the_end() {
    let Some(fleet) = Fleet::up(2) else { return };
    start_nagios(&fleet);
    let case = case(&fleet);
    let ran = case.run_with_flags(&["run", "restart"]).exits(0);
    assert!(ran.stderr.contains("web1: renewed: web1 is in downtime for 20.0s"), "{}", ran.stderr);
    // Nagios itself: the host was in downtime once, without a gap, for as long as the work took.
    let log = fleet.exec(MONITOR, "grep 'HOST DOWNTIME ALERT' /var/lib/nagios4/nagios.log").stdout;
    let log = String::from_utf8_lossy(&log);
    let at = |line: &str| line[1..].split(']').next().and_then(|time| time.parse::<u64>().ok()).expect("a time");
    let lines: Vec<_> = log.lines().collect();
    let [started, ended] = lines[..] else { panic!("not one downtime from its beginning to its end: {log}") };
    assert!(started.contains("web1;STARTED") && !ended.contains("STARTED"), "{log}");
    assert!(at(ended) - at(started) >= 50, "{log}");
    let left = fleet.exec(MONITOR, "grep -c '^hostdowntime' /var/lib/nagios4/status.dat").stdout;
    assert_eq!(String::from_utf8_lossy(&left).trim(), "0");
}
