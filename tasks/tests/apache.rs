//! The tasks for apache against the real one (Debian's apache2), with a configuration, a port and folders of its own.

use std::error::Error;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::processes::{children_of, end, started_at};
use crate::shell_remote::ShellRemote;
use crate::stage::{self, Stage};

type Tested = Result<(), Box<dyn Error>>;

/// An apache of this test, which ends with it.
struct OwnApache {
    folder: TempDir,
    port: u16,
}

impl OwnApache {
    fn new() -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::Builder::new()
            .prefix("apache")
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .tempdir()?;
        let dir = folder.path().display();
        for name in ["run", "lock", "log", "www"] {
            fs::create_dir(folder.path().join(name))?;
        }
        fs::write(folder.path().join("www/index.html"), "it is me\n")?;
        fs::write(
            folder.path().join("envvars"),
            format!(
                "export APACHE_RUN_DIR={dir}/run APACHE_LOCK_DIR={dir}/lock APACHE_LOG_DIR={dir}/log\n\
                 export APACHE_RUN_USER=www-data APACHE_PID_FILE={dir}/run/apache2.pid\n"
            ),
        )?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let apache = Self { folder, port };
        apache.configure("")?;
        Ok(apache)
    }

    /// Writes the configuration, with a line more.
    fn configure(&self, more: &str) -> Result<(), Box<dyn Error>> {
        let dir = self.path().display();
        let port = self.port;
        let modules = "/usr/lib/apache2/modules";
        let config = format!(
            "ServerName localhost\nListen 127.0.0.1:{port}\nUser www-data\nGroup www-data\n\
             DefaultRuntimeDir {dir}/run\nPidFile ${{APACHE_PID_FILE}}\nMutex file:{dir}/lock default\n\
             LoadModule mpm_event_module {modules}/mod_mpm_event.so\n\
             LoadModule authz_core_module {modules}/mod_authz_core.so\n\
             LoadModule dir_module {modules}/mod_dir.so\n\
             StartServers 2\nThreadsPerChild 5\nDocumentRoot {dir}/www\nDirectoryIndex index.html\n\
             ErrorLog {dir}/log/error.log\n{more}\n"
        );
        Ok(fs::write(self.path().join("apache2.conf"), config)?)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn pid_file(&self) -> PathBuf {
        self.path().join("run/apache2.pid")
    }

    fn stage(&self) -> Stage {
        self.stage_on(ShellRemote::new())
    }

    fn stage_on(&self, remote: ShellRemote) -> Stage {
        let confdir = self.path().to_string_lossy().into_owned();
        stage::on(Arc::new(remote.env("APACHE_CONFDIR", &confdir)))
    }

    /// The master: its process id and when it was started.
    fn master(&self) -> Option<(u32, u64)> {
        let master = fs::read_to_string(self.pid_file()).ok()?.trim().parse().ok()?;
        Some((master, started_at(master)?))
    }
}

impl Drop for OwnApache {
    fn drop(&mut self) {
        // Its folder must not vanish before it.
        if let Some((master, _)) = self.master() {
            end(master, "apache2");
        }
    }
}

#[tokio::test]
async fn apache_is_started_checked_restarted_and_stopped() -> Tested {
    let apache = OwnApache::new()?;
    let stage = apache.stage();

    let status = stage.run("apache.status", json!({})).await?;
    assert_eq!((status.value, status.message.as_str()), (3, "apache is not running"));

    let before = Instant::now();
    let started = stage.run("apache.start", json!({})).await?;
    assert!(started.is_ok() && started.changed, "{started:?}");
    assert!(before.elapsed() < Duration::from_secs(5), "the start took {:?}", before.elapsed());
    let master = apache.master().expect("a master");
    let children = children_of(master.0);
    assert!(!children.is_empty());

    let again = stage.run("apache.start", json!({})).await?;
    assert!(again.is_ok() && !again.changed, "{again:?}");
    assert_eq!(apache.master(), Some(master), "a second start has touched the first");

    let status = stage.run("apache.status", json!({})).await?;
    assert_eq!((status.value, status.changed), (0, false), "{status:?}");
    assert!(status.message.contains(&master.0.to_string()), "{status:?}");

    let url = format!("http://127.0.0.1:{}/", apache.port);
    for from in ["host", "here"] {
        let page = json!({"url": url, "text": "it is me", "from": from});
        let page = stage.run("http.check", page).await?;
        assert!(page.is_ok(), "{page:?}");
        let port = stage.run("wait.port", json!({"port": apache.port, "from": from})).await?;
        assert!(port.is_ok(), "{port:?}");
    }

    let restarted = stage.run("apache.restart", json!({})).await?;
    assert!(restarted.is_ok() && restarted.changed, "{restarted:?}");
    assert_eq!(apache.master(), Some(master), "a restart keeps the master");
    let renewed = children_of(master.0);
    assert!(!renewed.is_empty());
    assert!(
        renewed.iter().all(|child| children.get_key_value(child.0) != Some(child)),
        "a child from before the restart is left: {children:?} {renewed:?}"
    );

    let graceful = stage.run("apache.graceful", json!({})).await?;
    assert!(graceful.is_ok() && graceful.changed, "{graceful:?}");
    assert_eq!(apache.master(), Some(master), "a graceful restart keeps the master");
    let regained = children_of(master.0);
    assert!(
        regained.iter().any(|child| renewed.get_key_value(child.0) != Some(child)),
        "no child is new: {renewed:?} {regained:?}"
    );

    let stopped = stage.run("apache.stop", json!({})).await?;
    assert!(stopped.is_ok() && stopped.changed, "{stopped:?}");
    // The master takes its number out of the file before its very last moment.
    let gone = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        started_at(master.0).is_none()
    });
    assert!(gone, "the master still runs");
    let stopped = stage.run("apache.stop", json!({})).await?;
    assert!(stopped.is_ok() && !stopped.changed, "{stopped:?}");
    Ok(())
}

#[tokio::test]
async fn a_start_does_not_wait_for_those_who_write_the_logs() -> Tested {
    let apache = OwnApache::new()?;
    // Apache starts its log writers twice, and those of the first time before it becomes a daemon: they have our output. This one
    // takes its time at its end, as one that compresses what it wrote does.
    let writer = apache.path().join("writer");
    fs::write(&writer, "trap '' TERM\ncat >/dev/null\nexec sleep 8\n")?;
    apache.configure(&format!("CustomLog \"|/bin/sh {}\" \"%r\"", writer.display()))?;
    let before = Instant::now();
    let started = apache.stage().run("apache.start", json!({})).await?;
    assert!(started.is_ok() && started.changed, "{started:?}");
    assert!(before.elapsed() < Duration::from_secs(5), "the start took {:?}", before.elapsed());
    Ok(())
}

#[tokio::test]
async fn a_broken_configuration_is_said_so_and_changes_nothing() -> Tested {
    let apache = OwnApache::new()?;
    let stage = apache.stage();
    let started = stage.run("apache.start", json!({})).await?;
    assert!(started.is_ok(), "{started:?}");
    let master = apache.master().expect("a master");
    let children = children_of(master.0);

    apache.configure("Lisen 80")?;
    for task in ["apache.configtest", "apache.start", "apache.restart", "apache.graceful"] {
        let outcome = stage.run(task, json!({})).await?;
        assert!(!outcome.is_ok() && !outcome.changed, "{task}: {outcome:?}");
        assert!(outcome.message.contains("Lisen"), "{task}: {outcome:?}");
    }
    for task in ["apache.status", "apache.stop"] {
        let error = stage.run(task, json!({})).await.expect_err("nobody can tell");
        assert!(error.to_string().contains("Lisen"), "{task}: {error}");
    }
    assert_eq!(apache.master(), Some(master));
    let now = children_of(master.0);
    assert!(
        // It may have started more of them meanwhile, as it likes.
        children.iter().all(|child| now.get_key_value(child.0) == Some(child)),
        "a broken configuration has ended children: {children:?} {now:?}"
    );

    apache.configure("")?;
    let checked = stage.run("apache.configtest", json!({})).await?;
    assert!(checked.is_ok() && !checked.changed, "{checked:?}");
    Ok(())
}

#[tokio::test]
async fn a_start_that_fails_tells_why() -> Tested {
    let apache = OwnApache::new()?;
    // Somebody else has its port, which no check of a configuration finds.
    let _other = TcpListener::bind(("127.0.0.1", apache.port))?;
    let outcome = apache.stage().run("apache.start", json!({})).await?;
    assert!(!outcome.is_ok(), "{outcome:?}");
    assert!(outcome.message.contains("Address already in use"), "{outcome:?}");
    Ok(())
}

#[tokio::test]
async fn the_number_of_another_process_is_not_taken_for_apache() -> Tested {
    let apache = OwnApache::new()?;
    let mut other = Command::new("sleep").arg("60").spawn()?;
    fs::write(apache.pid_file(), other.id().to_string())?;
    let status = apache.stage().run("apache.status", json!({})).await;
    other.kill()?;
    other.wait()?;
    let status = status?;
    assert_eq!(status.value, 3, "{status:?}");
    Ok(())
}

#[tokio::test]
async fn a_restart_starts_an_apache_that_does_not_run() -> Tested {
    let apache = OwnApache::new()?;
    for task in ["apache.restart", "apache.graceful"] {
        let outcome = apache.stage().run(task, json!({})).await?;
        assert!(outcome.is_ok() && outcome.changed, "{task}: {outcome:?}");
        assert!(outcome.message.contains("was started"), "{task}: {outcome:?}");
        assert!(apache.master().is_some());
        let stopped = apache.stage().run("apache.stop", json!({})).await?;
        assert!(stopped.is_ok() && stopped.changed, "{stopped:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_host_without_ps_tells_of_apache_too() -> Tested {
    let apache = OwnApache::new()?;
    let hide = "mount --bind /dev/null /usr/bin/ps && exec \"$@\"";
    let words = ["unshare", "--user", "--map-root-user", "--mount", "/bin/sh", "-c", hide, "sh"];
    let stage = apache.stage_on(ShellRemote::new().by_way_of(&words));
    let started = apache.stage().run("apache.start", json!({})).await?;
    assert!(started.is_ok(), "{started:?}");
    let (master, _) = apache.master().expect("a master");
    let status = stage.run("apache.status", json!({})).await?;
    assert!(status.is_ok() && status.message.contains(&master.to_string()), "{status:?}");
    Ok(())
}

#[tokio::test]
async fn a_host_without_apache_says_so() -> Tested {
    // The script looks in the usual folders too, so they have to go: an empty file system is put over them.
    let hide = "mount -t tmpfs none /usr/sbin && exec \"$@\"";
    let words = ["unshare", "--user", "--map-root-user", "--mount", "/bin/sh", "-c", hide, "sh"];
    let remote = ShellRemote::new().by_way_of(&words);
    let outcome = stage::on(Arc::new(remote)).run("apache.configtest", json!({})).await?;
    assert_eq!(outcome.value, 127, "{outcome:?}");
    assert!(outcome.message.contains("`apachectl`"), "{outcome:?}");
    Ok(())
}
