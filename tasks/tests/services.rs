//! `service.*` and `solr.*` with a real shell. Init scripts are called by Debian's real `service`, and their daemon is a real process;
//! the scripts themselves are ours. `systemd.rs` has the real systemd. **Stand-ins:** `systemctl`, for its exact words and where a name is
//! strange, and solr, which Debian does not have: a web server of a few lines, beside a service that is only a process.

use std::error::Error;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use runsheet_model::Outcome;
use runsheet_task::TaskError;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::processes::{end, started_at};
use crate::shell_remote::ShellRemote;
use crate::stage::{self, Stage};
use crate::web_server::WebServer;

type Tested = Result<(), Box<dyn Error>>;

/// Starts and stops a real daemon with Debian's start-stop-daemon(8). The daemon's own output stays open, as that of careless
/// init scripts does.
const INIT_SCRIPT: &str = r#"#!/bin/sh
PID=HOST/pid
daemon() { start-stop-daemon --pidfile $PID --name sleep "$@"; }
case "$1" in
    start) echo started >>HOST/log; daemon --start --quiet --background --make-pidfile --no-close --startas /bin/sleep -- 600 ;;
    stop) daemon --stop --quiet --remove-pidfile --retry TERM/5 ;;
    restart) $0 stop; $0 start ;;
    reload) echo reloaded >>HOST/log ;;
    status) daemon --status || exit 3; echo "sleep is running" ;;
    *) echo "Usage: $0 {start|stop|restart|reload|status}" >&2; exit 3 ;;
esac
"#;

/// As much of systemd's `systemctl` as is asked of it, with the state of one unit in a file.
const SYSTEMCTL: &str = r#"#!/bin/sh
for word; do last=$word; done
echo "$*" >>HOST/log
[ "$last" = app ] || { case "$1" in
    show) printf 'LoadState=not-found\nActiveState=inactive\nType=\n'; exit 0 ;;
    *) echo "Failed: Unit $last.service not found." >&2; exit 5 ;;
esac; }
case "$*" in
    show*) printf 'LoadState=loaded\nActiveState=%s\nType=notify\n' "$(cat HOST/active)" ;;
    *" restart -- "* | *" start -- "*) [ ! -e HOST/broken ] || {
            echo failed >HOST/active
            echo 'Job for app.service failed.' >&2
            exit 1
        }
        echo active >HOST/active ;;
    *" stop -- "*) echo inactive >HOST/active ;;
    *" reload -- "*) ;;
    status*) echo 'app[12]: no such file: /etc/app.conf' ;;
esac
"#;

/// A host in a mount namespace of its own, where other init scripts and another `/run` can be put over the real ones.
struct ServiceHost {
    folder: TempDir,
    stage: Stage,
}

impl ServiceHost {
    /// `mounts` is shell text in which `HOST` is the host's folder; `init.d` and `bin` are in it.
    fn new(mounts: &str) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let host = folder.path().to_string_lossy().into_owned();
        for name in ["init.d", "bin"] {
            fs::create_dir(folder.path().join(name))?;
        }
        fs::write(folder.path().join("active"), "inactive\n")?;
        for (name, text) in [("init.d/app", INIT_SCRIPT), ("bin/systemctl", SYSTEMCTL)] {
            let path = folder.path().join(name);
            fs::write(&path, text.replace("HOST", &host))?;
            fs::set_permissions(&path, Permissions::from_mode(0o755))?;
        }
        let mounts = format!("{} && exec \"$@\"", mounts.replace("HOST", &host));
        let words = ["unshare", "--user", "--map-root-user", "--mount", "/bin/sh", "-c", &mounts, "sh"];
        let remote = ShellRemote::new().env("PATH", &format!("{host}/bin:/usr/bin:/bin")).by_way_of(&words);
        Ok(Self { stage: stage::on(Arc::new(remote)), folder })
    }

    fn with_service() -> Result<Self, Box<dyn Error>> {
        Self::new("mount --bind HOST/init.d /etc/init.d")
    }

    fn with_init_scripts_only() -> Result<Self, Box<dyn Error>> {
        Self::new("mount --bind HOST/init.d /etc/init.d && mount --bind /dev/null /usr/sbin/service")
    }

    fn with_systemd() -> Result<Self, Box<dyn Error>> {
        Self::new("mount -t tmpfs none /run && mkdir -p /run/systemd/system")
    }

    async fn run(&self, task: &str, args: Value) -> Result<Outcome, TaskError> {
        self.stage.run(task, args).await
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    /// The daemon: its process id and when it was started.
    fn daemon(&self) -> Option<(u32, u64)> {
        let process = self.file("pid").trim().parse().ok()?;
        Some((process, started_at(process)?))
    }
}

impl Drop for ServiceHost {
    fn drop(&mut self) {
        if let Some((process, _)) = self.daemon() {
            end(process, "sleep");
        }
    }
}

fn ok(outcome: &Outcome, changed: bool) {
    assert!(outcome.is_ok() && outcome.changed == changed, "{outcome:?}");
}

#[tokio::test]
async fn init_scripts_are_called_and_their_daemon_is_seen() -> Tested {
    for host in [ServiceHost::with_service()?, ServiceHost::with_init_scripts_only()?] {
        let app = || json!({"name": "app"});
        let status = host.run("service.status", app()).await?;
        assert_eq!(status.value, 3, "{status:?}");
        ok(&host.run("service.stop", app()).await?, false);

        ok(&host.run("service.start", app()).await?, true);
        let first = host.daemon().expect("a daemon");
        ok(&host.run("service.start", app()).await?, false);
        assert_eq!(host.daemon(), Some(first), "a second start has touched the first");
        ok(&host.run("service.status", app()).await?, false);

        ok(&host.run("service.restart", app()).await?, true);
        let second = host.daemon().expect("a daemon");
        assert_ne!(second, first, "it is still the one from before the restart");
        assert_eq!(started_at(first.0), None, "the one from before still runs");

        ok(&host.run("service.reload", app()).await?, true);
        assert_eq!(host.file("log"), "started\nstarted\nreloaded\n");

        ok(&host.run("service.stop", app()).await?, true);
        assert_eq!(host.daemon(), None);
        let reload = host.run("service.reload", app()).await?;
        assert!(!reload.is_ok(), "{reload:?}");
    }
    Ok(())
}

#[tokio::test]
async fn systemd_is_asked_where_it_runs_the_host() -> Tested {
    let host = ServiceHost::with_systemd()?;
    let app = || json!({"name": "app"});
    ok(&host.run("service.stop", app()).await?, false);
    ok(&host.run("service.start", app()).await?, true);
    ok(&host.run("service.start", app()).await?, false);
    ok(&host.run("service.status", app()).await?, false);
    ok(&host.run("service.restart", app()).await?, true);
    ok(&host.run("service.reload", app()).await?, true);
    ok(&host.run("service.stop", app()).await?, true);
    let asked: Vec<_> = host.file("log").lines().filter(|line| !line.starts_with("show")).map(str::to_owned).collect();
    assert_eq!(
        asked,
        ["start", "restart", "reload", "stop"].map(|action| format!("--no-ask-password {action} -- app"))
    );

    fs::write(host.folder.path().join("broken"), "")?;
    let failed = host.run("service.start", app()).await?;
    assert!(!failed.is_ok(), "{failed:?}");
    assert!(failed.message.contains("Job for app.service failed"), "{failed:?}");
    assert!(failed.message.contains("no such file: /etc/app.conf"), "its log is missing: {failed:?}");
    Ok(())
}

#[tokio::test]
async fn a_strange_name_is_one_word_and_no_service() -> Tested {
    for host in [ServiceHost::with_service()?, ServiceHost::with_init_scripts_only()?, ServiceHost::with_systemd()?] {
        let canary = host.folder.path().join("canary");
        let name = format!("a b; touch {}", canary.display());
        for task in ["service.start", "service.stop", "service.restart", "service.reload"] {
            // Without `service` there is nobody to ask at all, which is an error too.
            let error = host.run(task, json!({"name": name})).await.expect_err("there is no such service");
            assert!(error.to_string().contains("service"), "{task}: {error}");
        }
        for name in ["-x", "--all", "*", "a[bc]", " ", "a\nb"] {
            let error = host.run("service.stop", json!({"name": name})).await.expect_err("that is no name");
            assert!(error.to_string().contains("not the name of one service"), "{name:?}: {error}");
        }
        assert!(!canary.exists(), "the name was run");
    }
    Ok(())
}

#[tokio::test]
async fn solr_is_restarted_and_asked_until_it_answers() -> Tested {
    let host = ServiceHost::with_service()?;
    let server = WebServer::answering(&[(503, "loading"), (503, "loading"), (200, "{}")]);
    let args = || json!({"service": "app", "port": server.address.port(), "wait": "20s"});

    let status = host.run("solr.status", args()).await?;
    assert_eq!(status.value, 3, "{status:?}");
    ok(&host.run("solr.restart", args()).await?, true);
    assert_eq!(server.answered(), 3, "the restart was over before solr was ready");
    let daemon = host.daemon().expect("a daemon");
    ok(&host.run("solr.status", args()).await?, false);
    ok(&host.run("solr.start", args()).await?, false);
    assert_eq!(host.daemon(), Some(daemon), "a start has touched a solr that runs");

    let short = json!({"service": "app", "port": server.address.port(), "wait": "300ms"});
    let stopped = host.run("solr.stop", short).await?;
    assert!(stopped.message.contains("still answers 200"), "{stopped:?}");
    assert_eq!(host.daemon(), None);
    Ok(())
}

#[tokio::test]
async fn a_solr_that_does_not_get_ready_says_what_it_answered_last() -> Tested {
    let host = ServiceHost::with_service()?;
    let server = WebServer::answering(&[(503, "loading")]);
    let args = json!({"service": "app", "port": server.address.port(), "wait": "300ms"});
    for task in ["solr.start", "solr.restart"] {
        let outcome = host.run(task, args.clone()).await?;
        assert!(!outcome.is_ok() && outcome.message.contains("last: status 503"), "{task}: {outcome:?}");
    }
    drop(server);
    ok(&host.run("solr.stop", args.clone()).await?, true);
    ok(&host.run("solr.stop", args).await?, false);
    Ok(())
}
