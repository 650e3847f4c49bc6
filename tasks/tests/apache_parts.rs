//! `apache.module` and `apache.site`, and the control programs of other systems, with Debian's real apache2 in a real host.

use std::error::Error;
use std::time::Duration;

use runsheet_model::Outcome;
use runsheet_task::TaskError;
use serde_json::json;

use crate::fleet_host::FleetHost;
use crate::stage::Stage;

type Tested = Result<(), Box<dyn Error>>;

fn ok(outcome: &Outcome, changed: bool) {
    assert!(outcome.is_ok() && outcome.changed == changed, "{outcome:?}");
}

fn failed(outcome: &Outcome, part: &str) {
    assert!(!outcome.is_ok() && !outcome.changed && outcome.message.contains(part), "{part}: {outcome:?}");
}

/// Links and marks of modules and sites, and who runs.
fn parts(host: &FleetHost) -> String {
    host.sh("cd /etc/apache2 && find mods-enabled sites-enabled /var/lib/apache2 -type l -printf '%p %l\\n' -o -type f -printf '%p\\n' | sort")
}

/// A site that answers with its name on a port of its own.
fn make_site(host: &FleetHost, name: &str, port: u16) {
    host.sh(&format!(
        "mkdir -p /srv/{name} && echo it is {name} >/srv/{name}/index.html && \
         printf 'Listen {port}\\n<VirtualHost *:{port}>\\nDocumentRoot /srv/{name}\\n<Directory /srv/{name}>\\nRequire all granted\\n\
         </Directory>\\n</VirtualHost>\\n' >/etc/apache2/sites-available/{name}.conf"
    ));
}

#[tokio::test]
async fn a_site_is_enabled_and_disabled_and_apache_reads_it() -> Tested {
    let Some(host) = FleetHost::up() else { return Ok(()) };
    let stage = host.stage();
    make_site(&host, "shop", 8081);
    ok(&stage.run("apache.start", json!({})).await?, true);
    let ask = "curl -sS -m 5 http://127.0.0.1:8081/";

    let dry = Stage { dry_run: true, ..host.stage() };
    let before = parts(&host);
    let would = dry.run("apache.site", json!({"name": "shop"})).await.expect_err("a dry run");
    assert!(matches!(&would, TaskError::Would { what } if what == "enable site `shop`"), "{would}");
    assert_eq!(parts(&host), before, "a dry run has changed something");

    ok(&stage.run("apache.site", json!({"name": "shop"})).await?, true);
    assert_eq!(host.sh(ask), "it is shop");
    let master = host.sh("cat /run/apache2/apache2.pid; stat -c %y /run/apache2/apache2.pid");
    ok(&stage.run("apache.site", json!({"name": "shop.conf"})).await?, false);
    assert_eq!(
        host.sh("cat /run/apache2/apache2.pid; stat -c %y /run/apache2/apache2.pid"),
        master,
        "it was read again"
    );

    let off = || json!({"name": "shop", "state": "disabled"});
    ok(&stage.run("apache.site", off()).await?, true);
    assert!(!host.try_sh(ask).0, "the site still answers");
    ok(&stage.run("apache.site", off()).await?, false);
    ok(&stage.run("apache.site", json!({"name": "nothing", "state": "disabled"})).await?, false);
    failed(&stage.run("apache.site", json!({"name": "nothing"})).await?, "no site `nothing`");

    // Somebody has enabled it, or an attempt was lost, before apache had read it.
    host.sh("a2ensite -q shop");
    ok(&stage.run("apache.site", json!({"name": "shop", "reload": false})).await?, false);
    assert!(!host.try_sh(ask).0, "apache was told without `reload`");
    ok(&stage.run("apache.site", json!({"name": "shop"})).await?, true);
    assert_eq!(host.sh(ask), "it is shop");
    Ok(())
}

#[tokio::test]
async fn what_breaks_the_configuration_is_taken_back() -> Tested {
    let Some(host) = FleetHost::up() else { return Ok(()) };
    let stage = host.stage();
    ok(&stage.run("apache.start", json!({})).await?, true);
    host.sh("echo Lisen 80 >/etc/apache2/sites-available/bad.conf");
    // A module that needs another one, and breaks the configuration.
    host.sh("printf '# Depends: rewrite\\nLoadModule bad_module /nowhere/mod_bad.so\\n' >/etc/apache2/mods-available/bad.load");
    // The default site needs a module that can be disabled.
    host.sh("a2enmod -q headers && echo 'Header set X-Shop yes' >>/etc/apache2/sites-available/000-default.conf");
    let before = parts(&host);
    failed(&stage.run("apache.site", json!({"name": "bad"})).await?, "Lisen");
    assert_eq!(parts(&host), before);
    failed(&stage.run("apache.module", json!({"name": "bad"})).await?, "mod_bad.so");
    assert_eq!(parts(&host), before, "a module that was needed is left");
    failed(&stage.run("apache.module", json!({"name": "headers", "state": "disabled"})).await?, "it was taken back");
    assert_eq!(parts(&host), before);
    host.sh("apachectl configtest");

    // In a configuration that somebody else has broken nothing is enabled, but what breaks it can be disabled.
    host.sh("ln -s ../sites-available/bad.conf /etc/apache2/sites-enabled/bad.conf");
    failed(&stage.run("apache.module", json!({"name": "rewrite"})).await?, "broken already");
    failed(
        &stage.run("apache.site", json!({"name": "bad"})).await?,
        "is enabled already, but the configuration is broken",
    );
    ok(&stage.run("apache.site", json!({"name": "bad", "state": "disabled", "reload": false})).await?, true);
    assert!(!parts(&host).contains("sites-enabled/bad"));
    Ok(())
}

#[tokio::test]
async fn a_module_is_enabled_with_what_it_needs_and_refused_where_others_need_it() -> Tested {
    let Some(host) = FleetHost::up() else { return Ok(()) };
    let stage = host.stage();
    let loaded = "apachectl -M 2>/dev/null | grep -c proxy";
    // It does not run: it is not started by this.
    ok(&stage.run("apache.module", json!({"name": "proxy_http"})).await?, true);
    assert_eq!(host.sh(loaded), "2", "proxy_http and proxy");
    assert_eq!(stage.run("apache.status", json!({})).await?.value, 3);
    ok(&stage.run("apache.module", json!({"name": "proxy_http"})).await?, false);
    failed(&stage.run("apache.module", json!({"name": "proxy", "state": "disabled"})).await?, "proxy_http");
    failed(&stage.run("apache.module", json!({"name": "dir", "state": "disabled"})).await?, "essential");
    assert_eq!(host.sh(loaded), "2");
    ok(&stage.run("apache.module", json!({"name": "proxy_http", "state": "disabled"})).await?, true);
    ok(&stage.run("apache.module", json!({"name": "proxy", "state": "disabled"})).await?, true);
    // A link to nothing is neither enabled nor gone.
    host.sh("ln -s ../mods-available/gone.load /etc/apache2/mods-enabled/gone.load");
    ok(&stage.run("apache.module", json!({"name": "gone", "state": "disabled"})).await?, true);
    assert!(!host.try_sh("test -h /etc/apache2/mods-enabled/gone.load").0);
    for name in ["-f", "../x", "*", "a b", "x;touch /canary", ""] {
        let outcome = stage.run("apache.module", json!({"name": name})).await?;
        assert_eq!(outcome.value, 2, "{name}: {outcome:?}");
    }
    host.sh("mv /usr/sbin/a2enmod /usr/sbin/a2dismod /root; test ! -e /canary");
    assert_eq!(stage.run("apache.module", json!({"name": "rewrite"})).await?.value, 127);
    Ok(())
}

/// The three control programs. `httpd` is Debian's apache under its name on other systems, whose configuration names everything itself.
#[tokio::test]
async fn every_control_program_does_it_all() -> Tested {
    for control in ["apachectl", "apache2ctl", "httpd"] {
        let Some(host) = FleetHost::up() else { return Ok(()) };
        let others = ["apachectl", "apache2ctl"].into_iter().filter(|name| *name != control).collect::<Vec<_>>();
        let keep = format!("cp --remove-destination $(readlink -f /usr/sbin/{control}) /usr/sbin/{control}.kept");
        match control {
            "httpd" => host.sh(
                "cp /usr/sbin/apache2 /usr/sbin/httpd && . /etc/apache2/envvars && mkdir -p $APACHE_RUN_DIR $APACHE_LOCK_DIR && \
                 env | sed -n 's/^\\(APACHE_[A-Z_]*\\)=\\(.*\\)/s,${\\1},\\2,g/p' >/tmp/values && \
                 find /etc/apache2 -type f -exec sed -i -f /tmp/values {} +",
            ),
            _ => host.sh(&keep),
        };
        for other in others {
            host.sh(&format!("rm -f /usr/sbin/{other}"));
        }
        if control != "httpd" {
            host.sh(&format!("mv -f /usr/sbin/{control}.kept /usr/sbin/{control}"));
        }
        let stage = Stage { limit: Duration::from_secs(40), ..host.stage() };
        let ask = "curl -sS -m 5 -o /dev/null -w '%{http_code}' http://127.0.0.1/";
        ok(&stage.run("apache.configtest", json!({})).await?, false);
        assert_eq!(stage.run("apache.status", json!({})).await?.value, 3, "{control}");
        ok(&stage.run("apache.start", json!({})).await?, true);
        assert_eq!(host.sh(ask), "200", "{control}");
        ok(&stage.run("apache.start", json!({})).await?, false);
        ok(&stage.run("apache.graceful", json!({})).await?, true);
        ok(&stage.run("apache.restart", json!({})).await?, true);
        ok(&stage.run("apache.status", json!({})).await?, false);
        ok(&stage.run("apache.site", json!({"name": "000-default", "state": "disabled"})).await?, true);
        host.sh("echo Lisen 80 >>/etc/apache2/apache2.conf");
        failed(&stage.run("apache.graceful", json!({})).await?, "Lisen");
        host.sh("sed -i '/^Lisen/d' /etc/apache2/apache2.conf");
        ok(&stage.run("apache.stop", json!({})).await?, true);
        assert!(!host.try_sh(ask).0, "{control}");
    }
    Ok(())
}
