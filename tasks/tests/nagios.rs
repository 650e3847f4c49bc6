//! The tasks for Nagios against the real one (Debian's nagios4), with a configuration of its own in a host of its own.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use runsheet_task::TaskError;
use serde_json::json;

use crate::fleet_host::FleetHost;
use crate::stage::Stage;

type Tested = Result<(), Box<dyn Error>>;

/// Everything where Debian has it, so that the tasks find it by their defaults. `db1` is down and its service is critical.
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
log_external_commands=1
";
const OBJECTS: &str = r"
define command {
    command_name up
    command_line /bin/true
}
define command {
    command_name down
    command_line /bin/sh -c 'exit 2'
}
define timeperiod {
    timeperiod_name always
    alias always
    sunday 00:00-24:00
    monday 00:00-24:00
    tuesday 00:00-24:00
    wednesday 00:00-24:00
    thursday 00:00-24:00
    friday 00:00-24:00
    saturday 00:00-24:00
}
define contact {
    contact_name nobody
    host_notification_period always
    service_notification_period always
    host_notification_commands up
    service_notification_commands up
}
define host {
    name any
    register 0
    max_check_attempts 1
    check_interval 2
    check_period always
    contacts nobody
    notification_period always
}
define host {
    use any
    host_name web1
    address 127.0.0.1
    check_command up
}
define host {
    use any
    host_name web2.example.com
    address 127.0.0.1
    check_command up
}
define host {
    use any
    host_name db1
    address 127.0.0.1
    check_command down
}
define hostgroup {
    hostgroup_name web servers
    alias web servers
    members web1,web2.example.com
}
define service {
    name every
    register 0
    max_check_attempts 1
    check_interval 2
    retry_interval 1
    check_period always
    contacts nobody
    notification_period always
}
define service {
    use every
    host_name web1,web2.example.com
    service_description HTTP of it
    check_command up
}
define service {
    use every
    host_name db1
    service_description SQL
    check_command down
}
";

/// Whether the watch over the writing, or what it waits with, has ended.
const NOTHING_LEFT: &str = "! pgrep -f '^sleep 10$'";

/// A Nagios that has looked at everything once.
struct OwnNagios {
    host: FleetHost,
}

impl OwnNagios {
    fn up() -> Option<Self> {
        let host = FleetHost::up()?;
        for (path, content) in [("/srv/nagios.cfg", CONFIG), ("/srv/objects.cfg", OBJECTS)] {
            host.sh(&format!("cat >{path} <<'END'\n{content}\nEND"));
        }
        let nagios = Self { host };
        nagios.host.sh("nagios4 -d /srv/nagios.cfg >/srv/started </dev/null");
        nagios.wait_for("every check", "[ $(grep -c has_been_checked=1 /var/lib/nagios4/status.dat) = 6 ]");
        nagios.wait_for("db1 down", "[ $(grep -c -E '^.current_state=[12]' /var/lib/nagios4/status.dat) = 2 ]");
        Some(nagios)
    }

    fn stage(&self) -> Stage {
        self.host.stage()
    }

    /// Waits until a command succeeds on the host.
    fn wait_for(&self, what: &str, command: &str) {
        let until = Instant::now() + Duration::from_secs(30);
        while !self.host.try_sh(command).0 {
            assert!(Instant::now() < until, "{what} did not come: {}", self.log());
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn log(&self) -> String {
        self.host.sh("cat /var/lib/nagios4/nagios.log")
    }

    /// Gives it a command as somebody else would.
    fn told(&self, command: &str) {
        self.host.sh(&format!("printf '[%s] %s\\n' \"$(date +%s)\" '{command}' >/var/lib/nagios4/rw/nagios.cmd"));
    }

    /// The values of a key in all blocks of a kind, in the file's order.
    fn status(&self, kind: &str, key: &str) -> Vec<String> {
        let awk =
            format!("awk '/^{kind} /{{ inside = 1 }} $1 == \"}}\" {{ inside = 0 }} inside && sub(/^\\t{key}=/, \"\")'");
        self.host.sh(&format!("{awk} /var/lib/nagios4/status.dat")).lines().map(str::to_owned).collect()
    }

    /// Which hosts are in a downtime, or have services in one, in the order of the file.
    fn in_downtime(&self, kind: &str) -> Vec<String> {
        self.status(kind, "host_name")
    }
}

#[tokio::test]
async fn a_downtime_is_scheduled_once_made_longer_and_removed_and_those_of_others_stay() -> Tested {
    let Some(nagios) = OwnNagios::up() else { return Ok(()) };
    let stage = nagios.stage();
    nagios.told("SCHEDULE_HOST_DOWNTIME;web1;1;4000000000;1;0;60;dana;a deployment");
    nagios.wait_for("dana's downtime", "grep -q author=dana /var/lib/nagios4/status.dat");

    let args = json!({"of": "web1", "for": "10m"});
    let dry = Stage { dry_run: true, ..nagios.stage() };
    let would = dry.run("nagios.downtime", args.clone()).await;
    assert!(matches!(would, Err(TaskError::Would { what }) if what == "schedule a downtime of 10m 00s for web1"));
    assert_eq!(nagios.in_downtime("hostdowntime").len(), 1, "a dry run has scheduled something");

    let scheduled = stage.run("nagios.downtime", args.clone()).await?;
    assert!(scheduled.is_ok() && scheduled.changed, "{scheduled:?}");
    assert_eq!(scheduled.opens[0].0, "downtime web1");
    assert_eq!(nagios.status("hostdowntime", "author"), ["dana", "runsheet"]);
    assert_eq!(nagios.status("hostdowntime", "comment"), ["a deployment", "a deployment"]);
    let first: u64 = nagios.status("hostdowntime", "end_time")[1].parse()?;
    nagios.wait_for("its beginning", "grep -q 'HOST DOWNTIME ALERT: web1;STARTED' /var/lib/nagios4/nagios.log");

    nagios.wait_for("the end of all that we have started", NOTHING_LEFT);

    let again = stage.run("nagios.downtime", args).await?;
    assert!(again.is_ok() && !again.changed, "{again:?}");
    assert_eq!(again.opens[0].0, "downtime web1");
    assert_eq!(nagios.in_downtime("hostdowntime").len(), 2);

    let longer = stage.run("nagios.downtime", json!({"of": "web1", "for": "1h"})).await?;
    assert!(longer.is_ok() && longer.changed, "{longer:?}");
    assert_eq!(nagios.status("hostdowntime", "author"), ["dana", "runsheet"], "the shorter one is still there");
    let second: u64 = nagios.status("hostdowntime", "end_time")[1].parse()?;
    assert!(second >= first + 3000, "{first} {second}");

    let removed = stage.run("nagios.downtime.remove", json!({"of": "web1"})).await?;
    assert!(removed.is_ok() && removed.changed, "{removed:?}");
    assert_eq!(removed.closes[0].0, "downtime web1");
    assert_eq!(nagios.status("hostdowntime", "author"), ["dana"], "another one went");
    let removed = stage.run("nagios.downtime.remove", json!({"of": "web1"})).await?;
    assert!(removed.is_ok() && !removed.changed, "{removed:?}");
    assert_eq!(removed.closes[0].0, "downtime web1");
    Ok(())
}

#[tokio::test]
async fn services_and_groups_have_downtimes_too() -> Tested {
    let Some(nagios) = OwnNagios::up() else { return Ok(()) };
    let stage = nagios.stage();
    let service = stage.run("nagios.downtime", json!({"of": "web1;HTTP of it", "for": "10m"})).await?;
    assert!(service.is_ok() && service.changed, "{service:?}");
    assert_eq!(nagios.in_downtime("hostdowntime").len(), 0);
    assert_eq!(nagios.status("servicedowntime", "service_description"), ["HTTP of it"]);

    let group = json!({"hostgroup": "web servers", "for": "1h", "services": true});
    let scheduled = stage.run("nagios.downtime", group.clone()).await?;
    assert!(scheduled.is_ok() && scheduled.changed, "{scheduled:?}");
    let mut hosts = nagios.in_downtime("hostdowntime");
    hosts.sort();
    assert_eq!(hosts, ["web1", "web2.example.com"]);
    assert_eq!(nagios.in_downtime("servicedowntime").len(), 2, "the shorter one of a service is still there");
    let again = stage.run("nagios.downtime", group).await?;
    assert!(again.is_ok() && !again.changed, "{again:?}");

    let hosts_only = stage.run("nagios.downtime.remove", json!({"hostgroup": "web servers"})).await?;
    assert!(hosts_only.is_ok() && hosts_only.changed, "{hosts_only:?}");
    assert_eq!(nagios.in_downtime("hostdowntime").len(), 0);
    assert_eq!(nagios.in_downtime("servicedowntime").len(), 2);
    let rest = json!({"of": "web2.example.com", "services": true});
    let rest = stage.run("nagios.downtime.remove", rest).await?;
    assert!(rest.is_ok() && rest.changed, "{rest:?}");
    assert_eq!(nagios.in_downtime("servicedowntime"), ["web1"]);

    for (args, part) in [
        (json!({"of": "nope", "for": "1h"}), "Nagios knows no host `nope`"),
        (json!({"of": "web1;nope", "for": "1h"}), "Nagios knows no service `nope` of a host `web1`"),
        (json!({"hostgroup": "nope", "for": "1h"}), "Nagios has no hostgroup nope"),
    ] {
        let error = stage.run("nagios.downtime", args).await.expect_err("there is none").to_string();
        assert_eq!(error, part);
    }
    Ok(())
}

#[tokio::test]
async fn strange_words_arrive_as_they_are_and_those_that_would_be_commands_do_not() -> Tested {
    let Some(nagios) = OwnNagios::up() else { return Ok(()) };
    let stage = nagios.stage();
    let comment = r#"it's "2" $(touch /srv/oops) `id` \n % -x é * #1"#;
    let args = json!({"of": "web1", "for": "10m", "comment": comment, "author": "-e o'neil"});
    let scheduled = stage.run("nagios.downtime", args.clone()).await?;
    assert!(scheduled.is_ok() && scheduled.changed, "{scheduled:?}");
    assert_eq!(nagios.status("hostdowntime", "comment"), [comment]);
    assert_eq!(nagios.status("hostdowntime", "author"), ["-e o'neil"]);
    let again = stage.run("nagios.downtime", args).await?;
    assert!(again.is_ok() && !again.changed, "{again:?}");
    assert!(!nagios.host.try_sh("ls /srv/oops").0);

    let before = nagios.log();
    for args in [
        json!({"of": "web1", "for": "1h", "comment": "x;y"}),
        json!({"of": "web1", "for": "1h", "comment": "x\n[1] SHUTDOWN_PROGRAM"}),
        json!({"of": "web1", "for": "1h", "author": " "}),
        json!({"of": "web1\n[1] SHUTDOWN_PROGRAM", "for": "1h"}),
        json!({"of": "web1;HTTP of it;1;2", "for": "1h"}),
        json!({"of": "web1;HTTP of it", "for": "1h", "services": true}),
        json!({"of": "web1", "hostgroup": "web servers", "for": "1h"}),
        json!({"for": "1h"}),
        json!({"of": "web1", "for": "0s"}),
    ] {
        let refused = stage.run("nagios.downtime", args.clone()).await?;
        assert_eq!((refused.value, refused.changed), (2, false), "{args}: {refused:?}");
    }
    let commands = |log: &str| log.matches("EXTERNAL COMMAND").count();
    assert_eq!(commands(&nagios.log()), commands(&before));
    Ok(())
}

#[tokio::test]
async fn problems_are_acknowledged_once() -> Tested {
    let Some(nagios) = OwnNagios::up() else { return Ok(()) };
    let stage = nagios.stage();
    let well = stage.run("nagios.ack", json!({"of": "web1", "services": true})).await?;
    assert!(well.is_ok() && !well.changed, "{well:?}");
    let host = stage.run("nagios.ack", json!({"of": "db1", "comment": "we know"})).await?;
    assert!(host.is_ok() && host.changed, "{host:?}");
    assert!(nagios.log().contains("ACKNOWLEDGE_HOST_PROBLEM;db1;2;0;0;runsheet;we know"), "{}", nagios.log());
    let acknowledged = nagios.status("hoststatus", "problem_has_been_acknowledged");
    assert_eq!(acknowledged.iter().filter(|flag| *flag == "1").count(), 1, "{acknowledged:?}");
    let both = json!({"of": "db1", "services": true, "sticky": false, "notify": true, "persistent": true});
    let service = stage.run("nagios.ack", both.clone()).await?;
    assert!(service.is_ok() && service.changed, "{service:?}");
    assert_eq!(service.message, "the problem of db1;SQL is acknowledged");
    assert!(nagios.log().contains("ACKNOWLEDGE_SVC_PROBLEM;db1;SQL;1;1;1;runsheet;a deployment"), "{}", nagios.log());
    let again = stage.run("nagios.ack", both).await?;
    assert!(again.is_ok() && !again.changed, "{again:?}");
    Ok(())
}

#[tokio::test]
async fn notifications_and_checks_are_switched_off_and_on() -> Tested {
    let Some(nagios) = OwnNagios::up() else { return Ok(()) };
    let stage = nagios.stage();
    for (of, what, kind, key) in [
        ("web1", "notifications", "hoststatus", "notifications_enabled"),
        ("web1", "checks", "hoststatus", "active_checks_enabled"),
        ("web1;HTTP of it", "notifications", "servicestatus", "notifications_enabled"),
        ("web1;HTTP of it", "checks", "servicestatus", "active_checks_enabled"),
    ] {
        let off = |nagios: &OwnNagios| nagios.status(kind, key).iter().filter(|flag| *flag == "0").count();
        let args = json!({"of": of, "what": what});
        let disabled = stage.run("nagios.disable", args.clone()).await?;
        assert!(disabled.is_ok() && disabled.changed, "{disabled:?}");
        assert_eq!(disabled.opens[0].0, format!("disabled {what} of {of}"));
        assert_eq!(off(&nagios), 1, "{of} {what}");
        let again = stage.run("nagios.disable", args.clone()).await?;
        assert!(again.is_ok() && !again.changed, "{again:?}");
        let enabled = stage.run("nagios.enable", args.clone()).await?;
        assert!(enabled.is_ok() && enabled.changed, "{enabled:?}");
        assert_eq!(enabled.closes, disabled.opens);
        assert_eq!(off(&nagios), 0, "{of} {what}");
        let again = stage.run("nagios.enable", args).await?;
        assert!(again.is_ok() && !again.changed, "{again:?}");
    }
    let all = stage.run("nagios.disable", json!({"of": "web1", "services": true})).await?;
    assert_eq!(all.message, "notifications of web1, web1;HTTP of it are disabled");
    Ok(())
}

#[tokio::test]
async fn a_nagios_that_does_not_run_is_told_and_nothing_waits_for_it() -> Tested {
    let Some(nagios) = OwnNagios::up() else { return Ok(()) };
    let stage = nagios.stage();
    let args = json!({"of": "web1", "for": "1h"});
    nagios.host.sh("kill -9 $(pgrep nagios4); while pgrep nagios4; do sleep 0.1; done");
    assert!(nagios.host.try_sh("test -p /var/lib/nagios4/rw/nagios.cmd").0, "the pipe is what could hang");
    let started = Instant::now();
    let error = stage.run("nagios.downtime", args.clone()).await.expect_err("it does not run").to_string();
    assert!(error.starts_with("Nagios does not run"), "{error}");

    // Its number belongs to something else by now: the file looks well, and the pipe has no reader.
    nagios.host.sh("sed -i 's/nagios_pid=.*/nagios_pid=1/' /var/lib/nagios4/status.dat");
    let error = stage.run("nagios.downtime", args.clone()).await.expect_err("it does not run").to_string();
    assert!(error.starts_with("Nagios does not run: nobody reads its command file"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    nagios.wait_for("the end of all that we have started", NOTHING_LEFT);

    nagios.host.sh("rm /var/lib/nagios4/rw/nagios.cmd");
    let error = stage.run("nagios.downtime", args.clone()).await.expect_err("no pipe").to_string();
    assert!(error.starts_with("there is no command file /var/lib/nagios4/rw/nagios.cmd"), "{error}");
    nagios.host.sh("rm /var/lib/nagios4/status.dat");
    let error = stage.run("nagios.downtime", args).await.expect_err("no file").to_string();
    assert_eq!(error, "there is no status file /var/lib/nagios4/status.dat");
    Ok(())
}

#[tokio::test]
async fn who_has_no_right_is_told_where_it_ends() -> Tested {
    let Some(nagios) = OwnNagios::up() else { return Ok(()) };
    let args = json!({"of": "web1", "for": "1h"});
    let error =
        nagios.host.stage_as("nobody").run("nagios.downtime", args.clone()).await.expect_err("denied").to_string();
    assert_eq!(error, "no right to enter /var/lib/nagios4");
    nagios.host.sh("chmod 755 /var/lib/nagios4; chmod 600 /var/lib/nagios4/status.dat");
    let error = nagios.host.stage_as("nobody").run("nagios.downtime.remove", args_of_web1()).await.expect_err("denied");
    assert_eq!(error.to_string(), "no right to read the status file /var/lib/nagios4/status.dat");
    let error = nagios.host.stage_as("www-data").run("nagios.disable", args_of_web1()).await.expect_err("denied");
    assert!(error.to_string().starts_with("no right to"), "{error}");
    // The user of Nagios may do everything that is needed.
    let scheduled = nagios.host.stage_as("nagios").run("nagios.downtime", args).await?;
    assert!(scheduled.is_ok() && scheduled.changed, "{scheduled:?}");
    assert_eq!(nagios.status("hostdowntime", "author"), ["runsheet"]);
    Ok(())
}

fn args_of_web1() -> serde_json::Value {
    json!({"of": "web1"})
}
