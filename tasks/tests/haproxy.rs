//! The tasks for HAProxy against the real one (Debian's haproxy), between two real web servers, in a real host.

use std::error::Error;

use runsheet_model::{Debt, Outcome};
use runsheet_task::TaskError;
use serde_json::{Value, json};

use crate::fleet_host::FleetHost;
use crate::stage::Stage;

type Tested = Result<(), Box<dyn Error>>;

/// Checks often, so that nobody has to wait; `fixed` is a backend whose weights are.
const CONFIG: &str = "global
    stats socket /run/haproxy/admin.sock level admin
defaults
    mode http
    timeout connect 2s
    timeout client 20s
    timeout server 20s
frontend front
    bind 127.0.0.1:8000
    default_backend web
backend web
    balance roundrobin
    default-server check inter 100ms fall 1 rise 1
    server web1 127.0.0.1:8001 weight 100
    server web2 127.0.0.1:8002 weight 100
backend fixed
    balance static-rr
    server web1 127.0.0.1:8001
";

fn up() -> Option<FleetHost> {
    let host = FleetHost::up()?;
    host.sh(&format!("mkdir -p /run/haproxy && cat >/etc/haproxy/haproxy.cfg <<'END'\n{CONFIG}END\nhaproxy -D -f /etc/haproxy/haproxy.cfg"));
    for web in ["web1", "web2"] {
        start(&host, web);
    }
    wait_for(&host, "web1", "UP");
    wait_for(&host, "web2", "UP");
    Some(host)
}

fn start(host: &FleetHost, web: &str) {
    host.sh(&format!(
        "mkdir -p /srv/{web} && echo {web} >/srv/{web}/index.html && cd /srv/{web} && \
         {{ python3 -m http.server --bind 127.0.0.1 800{} >/dev/null 2>&1 & echo $! >/run/{web}.pid; }}",
        &web[3..]
    ));
}

/// What HAProxy itself says of a server.
fn status(host: &FleetHost, server: &str) -> String {
    host.sh(&format!(
        "echo 'show stat' | socat - UNIX-CONNECT:/run/haproxy/admin.sock | awk -F, '$1 == \"web\" && $2 == \"{server}\" {{ print $18 }}'"
    ))
}

fn wait_for(host: &FleetHost, server: &str, wanted: &str) {
    for _ in 0..100 {
        if status(host, server) == wanted {
            return;
        }
        host.sh("sleep 0.1");
    }
    panic!("{server} is {}, not {wanted}", status(host, server));
}

/// Who answers, of so many requests.
fn answers(host: &FleetHost, count: u32) -> Vec<String> {
    let said = host.sh(&format!("for i in $(seq {count}); do curl -sS -m 5 http://127.0.0.1:8000/; done"));
    said.lines().map(str::to_owned).collect()
}

fn ok(outcome: &Outcome, changed: bool) {
    assert!(outcome.is_ok() && outcome.changed == changed, "{outcome:?}");
}

fn web1() -> Value {
    json!({"backend": "web", "server": "web1"})
}

#[tokio::test]
async fn a_server_is_taken_out_and_put_back() -> Tested {
    let Some(host) = up() else { return Ok(()) };
    let stage = host.stage();
    let debt = [Debt("in maintenance web/web1".to_owned())];
    let dry = Stage { dry_run: true, ..host.stage() };
    let would = dry.run("haproxy.disable", web1()).await.expect_err("a dry run");
    assert!(matches!(would, TaskError::Would { .. }), "{would}");
    assert_eq!(status(&host, "web1"), "UP");

    let out = stage.run("haproxy.disable", web1()).await?;
    ok(&out, true);
    assert_eq!(out.opens, debt);
    assert_eq!(status(&host, "web1"), "MAINT");
    assert!(answers(&host, 6).iter().all(|web| web == "web2"));
    ok(&stage.run("haproxy.disable", web1()).await?, false);

    let back = stage.run("haproxy.enable", web1()).await?;
    ok(&back, true);
    assert_eq!(back.closes, debt);
    assert_eq!(status(&host, "web1"), "UP");
    assert!(answers(&host, 6).iter().any(|web| web == "web1"));
    ok(&stage.run("haproxy.enable", web1()).await?, false);
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_down_or_drained_is_not_back() -> Tested {
    let Some(host) = up() else { return Ok(()) };
    let stage = host.stage();
    ok(&stage.run("haproxy.drain", web1()).await?, true);
    let drained = stage.run("haproxy.enable", web1()).await?;
    assert!(!drained.is_ok() && drained.message.contains("`haproxy.undrain`"), "{drained:?}");
    assert_eq!(status(&host, "web1"), "DRAIN", "a drained server was put back");

    let out = stage.run("haproxy.disable", web1()).await?;
    ok(&out, true);
    assert_eq!(out.closes, [Debt("drained web/web1".to_owned())]);
    host.sh("kill $(cat /run/web1.pid)");
    let down = stage.run("haproxy.enable", json!({"backend": "web", "server": "web1", "wait": "1s"})).await?;
    assert!(!down.is_ok() && down.message.contains("is DOWN"), "{down:?}");
    start(&host, "web1");
    wait_for(&host, "web1", "UP");
    Ok(())
}

#[tokio::test]
async fn a_weight_is_set_and_counts() -> Tested {
    let Some(host) = up() else { return Ok(()) };
    let stage = host.stage();
    let weight = |weight: u32| json!({"backend": "web", "server": "web1", "weight": weight});
    ok(&stage.run("haproxy.weight", weight(100)).await?, false);
    let set = stage.run("haproxy.weight", weight(50)).await?;
    ok(&set, true);
    assert!(set.message.contains("it was 100"), "{set:?}");
    let said = "echo 'get weight web/web1' | socat - UNIX-CONNECT:/run/haproxy/admin.sock";
    assert_eq!(host.sh(said), "50 (initial 100)");
    assert_eq!(answers(&host, 12).iter().filter(|web| *web == "web1").count(), 4);
    ok(&stage.run("haproxy.weight", weight(0)).await?, true);
    assert!(answers(&host, 6).iter().all(|web| web == "web2"));
    ok(&stage.run("haproxy.weight", web1()).await?, true);
    assert_eq!(host.sh(said), "100 (initial 100)");

    let fixed = json!({"backend": "fixed", "server": "web1", "weight": 7});
    let error = stage.run("haproxy.weight", fixed).await.expect_err("HAProxy refuses");
    assert!(error.to_string().contains("HAProxy refuses"), "{error}");
    Ok(())
}

#[tokio::test]
async fn what_is_not_there_or_no_name_is_refused() -> Tested {
    let Some(host) = up() else { return Ok(()) };
    let stage = host.stage();
    for task in ["haproxy.disable", "haproxy.enable", "haproxy.weight"] {
        for (args, part) in [
            (json!({"backend": "web", "server": "web9"}), "has no server `web9`, but web1, web2"),
            (json!({"backend": "nope", "server": "web1"}), "no backend `nope`"),
            (json!({"backend": "web", "server": "web1;disable server web/web2"}), "cannot be the name"),
            (json!({"backend": "web", "server": "web1", "socket": "/run/none.sock"}), "there is no socket"),
        ] {
            let error = stage.run(task, args.clone()).await.expect_err("that is nothing");
            assert!(error.to_string().contains(part), "{task} {args}: {error}");
        }
    }
    assert_eq!((status(&host, "web1"), status(&host, "web2")), ("UP".to_owned(), "UP".to_owned()));
    Ok(())
}
