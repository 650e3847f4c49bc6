//! The tasks for nginx against the real one (Debian's nginx-light) in a real host without systemd; `systemd.rs` has one with it.

use std::error::Error;

use runsheet_model::Outcome;
use runsheet_task::TaskError;
use serde_json::{Value, json};

use crate::fleet_host::FleetHost;
use crate::stage::Stage;

type Tested = Result<(), Box<dyn Error>>;

fn ok(outcome: &Outcome, changed: bool) {
    assert!(outcome.is_ok() && outcome.changed == changed, "{outcome:?}");
}

fn failed(outcome: &Outcome, part: &str) {
    assert!(!outcome.is_ok() && !outcome.changed && outcome.message.contains(part), "{part}: {outcome:?}");
}

/// A host with a `/var/log` as an installed nginx has it.
fn up() -> Option<FleetHost> {
    let host = FleetHost::up()?;
    host.sh("mkdir -p /var/log/nginx");
    Some(host)
}

fn none() -> Value {
    json!({})
}

/// The master and the workers that are not about to end.
fn processes(host: &FleetHost) -> (String, Vec<String>) {
    let master = host.sh("cat /run/nginx.pid");
    let workers = host.sh(&format!("ps --ppid {master} -o pid=,args= | awk '!/shutting/ {{ print $1 }}' | sort"));
    (master, workers.lines().map(str::to_owned).collect())
}

fn make_site(host: &FleetHost, name: &str, port: u16) {
    host.sh(&format!(
        "printf 'server {{ listen {port}; location / {{ return 200 \"it is {name}\"; }} }}\\n' >/etc/nginx/sites-available/{name}"
    ));
}

#[tokio::test]
async fn nginx_is_started_checked_reloaded_restarted_and_stopped() -> Tested {
    let Some(host) = up() else { return Ok(()) };
    let stage = host.stage();
    let ask = "curl -sS -m 5 -o /dev/null -w '%{http_code}' http://127.0.0.1/";
    assert_eq!(stage.run("nginx.status", none()).await?.value, 3);
    failed(&stage.run("nginx.reload", none()).await?, "does not run");
    ok(&stage.run("nginx.stop", none()).await?, false);

    let dry = Stage { dry_run: true, ..host.stage() };
    assert!(matches!(dry.run("nginx.start", none()).await, Err(TaskError::Would { .. })));
    assert!(!host.try_sh("pgrep -x nginx").0, "a dry run has started it");

    ok(&stage.run("nginx.configtest", none()).await?, false);
    ok(&stage.run("nginx.start", none()).await?, true);
    assert_eq!(host.sh(ask), "200");
    let first = processes(&host);
    ok(&stage.run("nginx.start", none()).await?, false);
    assert_eq!(processes(&host), first, "a second start has touched the first");
    let status = stage.run("nginx.status", none()).await?;
    ok(&status, false);
    assert!(status.message.contains(&first.0), "{status:?}");

    ok(&stage.run("nginx.reload", none()).await?, true);
    let second = processes(&host);
    assert_eq!(second.0, first.0, "a reload keeps the master");
    assert!(!second.1.is_empty() && second.1.iter().all(|worker| !first.1.contains(worker)), "{first:?} {second:?}");

    ok(&stage.run("nginx.restart", none()).await?, true);
    let third = processes(&host);
    assert_ne!(third.0, first.0, "it is still the one from before the restart");
    assert_eq!(host.sh(ask), "200");

    ok(&stage.run("nginx.stop", none()).await?, true);
    assert!(!host.try_sh("pgrep -x nginx").0);
    let restarted = stage.run("nginx.restart", none()).await?;
    ok(&restarted, true);
    assert!(restarted.message.contains("was not running"), "{restarted:?}");
    Ok(())
}

#[tokio::test]
async fn a_broken_configuration_is_said_so_and_changes_nothing() -> Tested {
    let Some(host) = up() else { return Ok(()) };
    let stage = host.stage();
    ok(&stage.run("nginx.start", none()).await?, true);
    let before = processes(&host);
    host.sh("echo 'lisen 80;' >/etc/nginx/conf.d/bad.conf");
    for task in ["nginx.configtest", "nginx.start", "nginx.restart", "nginx.reload"] {
        failed(&stage.run(task, none()).await?, "lisen");
    }
    for task in ["nginx.status", "nginx.stop"] {
        let error = stage.run(task, none()).await.expect_err("nobody can tell");
        assert!(error.to_string().contains("lisen"), "{task}: {error}");
    }
    assert_eq!(processes(&host), before);
    Ok(())
}

#[tokio::test]
async fn a_reload_that_only_the_log_refuses_is_a_failure() -> Tested {
    let Some(host) = up() else { return Ok(()) };
    let stage = host.stage();
    ok(&stage.run("nginx.start", none()).await?, true);
    let before = processes(&host);
    // Somebody else has the port, which no check of a configuration finds.
    host.sh(
        "socat TCP-LISTEN:8090,fork SYSTEM:true >/dev/null 2>&1 & while ! ss -ltn | grep -q :8090; do sleep 0.05; done",
    );
    make_site(&host, "late", 8090);
    host.sh("ln -s /etc/nginx/sites-available/late /etc/nginx/sites-enabled/late");
    ok(&stage.run("nginx.configtest", none()).await?, false);
    let refused = stage.run("nginx.reload", none()).await?;
    failed(&refused, "has refused to reload");
    assert!(refused.message.contains("could not bind"), "{refused:?}");
    assert_eq!(processes(&host), before);
    // An old refusal is none of the next reload.
    host.sh("rm /etc/nginx/sites-enabled/late");
    ok(&stage.run("nginx.reload", none()).await?, true);
    Ok(())
}

#[tokio::test]
async fn a_reload_that_changes_nothing_is_a_failure() -> Tested {
    let Some(host) = up() else { return Ok(()) };
    let stage = host.stage();
    ok(&stage.run("nginx.start", none()).await?, true);
    // The master does not get to it.
    host.sh("kill -STOP $(cat /run/nginx.pid)");
    failed(&stage.run("nginx.reload", json!({"wait": "1s"})).await?, "no new workers");
    host.sh("kill -CONT $(cat /run/nginx.pid)");
    Ok(())
}

#[tokio::test]
async fn a_request_under_way_is_not_cut_off_by_a_reload() -> Tested {
    let Some(host) = up() else { return Ok(()) };
    let stage = host.stage();
    // So slow that it is under way for as long as it likes.
    host.sh("head -c 200000 /dev/zero >/var/www/html/slow && sed -i 's,server_name _;,limit_rate 40k;,' /etc/nginx/sites-available/default");
    ok(&stage.run("nginx.start", none()).await?, true);
    host.sh("curl -sS -o /tmp/slow http://127.0.0.1/slow >/dev/null 2>&1 & while ! ss -tn state established '( sport = :80 )' | grep -q :80; do sleep 0.05; done");
    ok(&stage.run("nginx.reload", none()).await?, true);
    let status = stage.run("nginx.status", none()).await?;
    assert!(status.message.contains("1 worker from before end"), "{status:?}");
    host.sh("for i in $(seq 200); do [ $(stat -c %s /tmp/slow) = 200000 ] && exit; sleep 0.1; done; exit 1");
    Ok(())
}

#[tokio::test]
async fn a_site_is_enabled_and_disabled_and_nginx_reads_it() -> Tested {
    let Some(host) = up() else { return Ok(()) };
    let stage = host.stage();
    make_site(&host, "shop", 8081);
    ok(&stage.run("nginx.start", none()).await?, true);
    let ask = "curl -sS -m 5 http://127.0.0.1:8081/";
    let enabled = "ls -l /etc/nginx/sites-enabled | awk '{ print $9, $11 }'; ls -A /etc/nginx";

    let dry = Stage { dry_run: true, ..host.stage() };
    let before = host.sh(enabled);
    let would = dry.run("nginx.site", json!({"name": "shop"})).await.expect_err("a dry run");
    assert!(matches!(&would, TaskError::Would { what } if what == "enable site `shop`"), "{would}");
    assert_eq!(host.sh(enabled), before);

    ok(&stage.run("nginx.site", json!({"name": "shop"})).await?, true);
    assert_eq!(host.sh(ask), "it is shop");
    let running = processes(&host);
    ok(&stage.run("nginx.site", json!({"name": "shop"})).await?, false);
    assert_eq!(processes(&host), running, "it was read again");

    let off = || json!({"name": "shop", "state": "disabled"});
    ok(&stage.run("nginx.site", off()).await?, true);
    assert_eq!(host.sh(enabled), before);
    assert!(!host.try_sh(ask).0, "the site still answers");
    ok(&stage.run("nginx.site", off()).await?, false);
    failed(&stage.run("nginx.site", json!({"name": "nothing"})).await?, "no site `nothing`");

    // Somebody has enabled it, or an attempt was lost, before nginx had read it.
    host.sh("sleep 0.2; ln -s ../sites-available/shop /etc/nginx/sites-enabled/shop");
    ok(&stage.run("nginx.site", json!({"name": "shop", "reload": false})).await?, false);
    assert!(!host.try_sh(ask).0, "nginx was told without `reload`");
    ok(&stage.run("nginx.site", json!({"name": "shop"})).await?, true);
    assert_eq!(host.sh(ask), "it is shop");
    Ok(())
}

#[tokio::test]
async fn a_site_that_breaks_the_configuration_is_taken_back() -> Tested {
    let Some(host) = up() else { return Ok(()) };
    let stage = host.stage();
    let enabled = "ls -l /etc/nginx/sites-enabled | awk '{ print $9, $11 }'; ls -A /etc/nginx";
    host.sh("echo 'server { lisen 80; }' >/etc/nginx/sites-available/bad");
    // The one names what the other one has.
    host.sh("echo 'upstream app { server 127.0.0.1:1; }' >/etc/nginx/sites-available/app");
    host.sh("echo 'server { listen 8082; location / { proxy_pass http://app; } }' >/etc/nginx/conf.d/uses-app.conf");
    host.sh("cd /etc/nginx/sites-enabled && ln -s ../sites-available/app app && echo '# mine' >own && touch ../sites-available/own");
    let before = host.sh(enabled);
    failed(&stage.run("nginx.site", json!({"name": "bad"})).await?, "lisen");
    assert_eq!(host.sh(enabled), before);
    failed(&stage.run("nginx.site", json!({"name": "app", "state": "disabled"})).await?, "it was taken back");
    assert_eq!(host.sh(enabled), before);
    for state in ["enabled", "disabled"] {
        failed(&stage.run("nginx.site", json!({"name": "own", "state": state})).await?, "is no link");
    }
    assert_eq!(host.sh("cat /etc/nginx/sites-enabled/own"), "# mine");

    host.sh("ln -s ../sites-available/bad /etc/nginx/sites-enabled/bad && touch /etc/nginx/sites-available/fine");
    failed(&stage.run("nginx.site", json!({"name": "fine"})).await?, "broken already");
    failed(
        &stage.run("nginx.site", json!({"name": "bad"})).await?,
        "is enabled already, but the configuration is broken",
    );
    ok(&stage.run("nginx.site", json!({"name": "bad", "state": "disabled"})).await?, true);
    for name in ["-f", "../x", "*", "a b", "x;touch /canary", ""] {
        let outcome = stage.run("nginx.site", json!({"name": name})).await?;
        assert_eq!(outcome.value, 2, "{name}: {outcome:?}");
    }
    host.sh("test ! -e /canary");
    Ok(())
}
