//! `service.*` and `nginx.*` where the real systemd is the init of the host, with units of ours and of Debian's nginx-light.

use std::error::Error;

use runsheet_model::Outcome;
use serde_json::json;

use crate::fleet_host::FleetHost;

type Tested = Result<(), Box<dyn Error>>;

/// A daemon that is ready at once, and one whose file is missing.
const UNITS: &str = "cat >/etc/systemd/system/app.service <<'END'
[Service]
ExecStart=/bin/sleep 600
ExecReload=/bin/sh -c 'echo reloaded >>/tmp/app.log'
END
cat >/etc/systemd/system/broken.service <<'END'
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo no such file: /etc/broken.conf >&2; exit 3'
END
systemctl daemon-reload";

fn ok(outcome: &Outcome, changed: bool) {
    assert!(outcome.is_ok() && outcome.changed == changed, "{outcome:?}");
}

fn main_process(host: &FleetHost, unit: &str) -> String {
    host.sh(&format!("systemctl show -p MainPID --value {unit}"))
}

#[tokio::test]
async fn a_unit_is_started_once_restarted_reloaded_and_stopped() -> Tested {
    let Some(host) = FleetHost::up_with_systemd() else { return Ok(()) };
    host.sh(UNITS);
    let stage = host.stage();
    let app = || json!({"name": "app"});
    assert_eq!(stage.run("service.status", app()).await?.value, 3);
    ok(&stage.run("service.stop", app()).await?, false);

    ok(&stage.run("service.start", app()).await?, true);
    let first = main_process(&host, "app");
    assert_eq!(host.sh(&format!("ps -o args= {first}")), "/bin/sleep 600");
    ok(&stage.run("service.start", app()).await?, false);
    ok(&stage.run("service.status", app()).await?, false);
    assert_eq!(main_process(&host, "app"), first, "a second start has touched the first");

    ok(&stage.run("service.reload", app()).await?, true);
    assert_eq!((host.sh("cat /tmp/app.log"), main_process(&host, "app")), ("reloaded".to_owned(), first.clone()));
    ok(&stage.run("service.restart", app()).await?, true);
    assert_ne!(main_process(&host, "app"), first, "it is still the one from before the restart");

    ok(&stage.run("service.stop", app()).await?, true);
    assert_eq!(main_process(&host, "app"), "0");
    assert_eq!(host.try_sh("systemctl is-active app"), (false, "inactive".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_unit_that_does_not_start_says_why_in_the_words_of_its_log_and_one_that_is_not_there_is_told() -> Tested {
    let Some(host) = FleetHost::up_with_systemd() else { return Ok(()) };
    host.sh(UNITS);
    let stage = host.stage();
    let broken = stage.run("service.start", json!({"name": "broken"})).await?;
    assert!(!broken.is_ok() && broken.message.contains("no such file: /etc/broken.conf"), "{broken:?}");
    let missing = stage.run("service.start", json!({"name": "missing"})).await.expect_err("there is no such unit");
    assert!(missing.to_string().contains("missing"), "{missing}");
    Ok(())
}

#[tokio::test]
async fn nginx_is_a_unit_of_systemd() -> Tested {
    let Some(host) = FleetHost::up_with_systemd() else { return Ok(()) };
    host.sh("mkdir -p /var/log/nginx");
    let stage = host.stage();
    ok(&stage.run("nginx.start", json!({})).await?, true);
    assert_eq!(host.sh("systemctl is-active nginx"), "active");
    let first = main_process(&host, "nginx");
    ok(&stage.run("nginx.reload", json!({})).await?, true);
    assert_eq!(main_process(&host, "nginx"), first, "a reload has ended the master");
    ok(&stage.run("nginx.restart", json!({})).await?, true);
    assert_ne!(main_process(&host, "nginx"), first);
    host.sh("curl -fsS http://127.0.0.1/ >/dev/null");
    ok(&stage.run("nginx.stop", json!({})).await?, true);
    assert_eq!(host.try_sh("systemctl is-active nginx").1, "inactive");
    host.sh("rm /usr/sbin/nginx");
    assert_eq!(stage.run("nginx.configtest", json!({})).await?.value, 127);
    Ok(())
}
