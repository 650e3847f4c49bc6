//! A fleet of real hosts on this machine, made by `tests/fleet/fleet`, which says how.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Output, Stdio};

use tempfile::TempDir;

use super::ssh::Ssh;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fleet/fleet");

/// The script's exit code on a machine that does not let us make hosts, and on one that lets us make none with systemd.
const NOT_HERE: i32 = 77;
const NO_SYSTEMD: i32 = 78;

/// The hosts `web1` … `webN`: namespaces of their own, sshd running, apache2 installed and not running.
///
/// They are taken down on drop. If this process is killed instead, the fleet ends with it, and only its folder stays.
pub(crate) struct Fleet {
    folder: TempDir,
    /// The fleet lives as long as this pipe is open.
    lifeline: Option<ChildStdin>,
}

impl Fleet {
    /// Makes a fleet of `hosts` hosts, 1 to 250, and returns once each of them takes logins.
    ///
    /// Returns `None`, loudly, where that needs rights that we do not have; the test then says that it was left out by
    /// returning. With `RUNSHEET_REQUIRE_ROOT_TESTS` in the environment this panics instead, so that a CI run cannot be
    /// green because nothing was tested.
    pub(crate) fn up(hosts: usize) -> Option<Self> {
        Self::make(hosts, &[])
    }

    /// The same with the real systemd as the init of each. A machine without cgroups of version 2 has none, root or not.
    pub(crate) fn up_with_systemd(hosts: usize) -> Option<Self> {
        Self::make(hosts, &["--systemd"])
    }

    fn make(hosts: usize, flags: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder for the fleet");
        let mut script: Child = Command::new(SCRIPT)
            .args(["up", "--tied"])
            .args(flags)
            .arg(hosts.to_string())
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("tests/fleet/fleet starts");
        // Taken out first: waiting would close it.
        let lifeline = script.stdin.take();
        let output = script.wait_with_output().expect("tests/fleet/fleet ends");

        if let Some(code @ (NOT_HERE | NO_SYSTEMD)) = output.status.code() {
            left_out(&output, code == NOT_HERE);
            return None;
        }
        assert!(output.status.success(), "the fleet did not come up: {}", text_of(&output));
        Some(Self { folder, lifeline })
    }

    /// Returns the folder with `hostgroups.yaml`, `known_hosts`, `id_ed25519`, `subnet` and, for each host,
    /// `hosts/webI/{pid1,sshd.log,access.log}`.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns a host's address.
    pub(crate) fn address(&self, host: &str) -> String {
        let subnet = fs::read_to_string(self.folder().join("subnet")).expect("the fleet's network");
        format!("{}.{}", subnet.trim(), host.trim_start_matches("web"))
    }

    /// Runs a command in a host through the real ssh.
    pub(crate) fn ssh(&self, host: &str, command: &str) -> Output {
        let identity = self.folder().join("id_ed25519");
        let known_hosts = self.folder().join("known_hosts");
        let login = Ssh { identity: &identity, known_hosts: &known_hosts, user: "root", port: 22 };
        login.run(&self.address(host), command)
    }

    /// Runs a shell command as root in a host, around ssh.
    ///
    /// Standard input is empty. A command that ends its own host, such as `reboot`, is killed with it.
    pub(crate) fn exec(&self, host: &str, command: &str) -> Output {
        Command::new(SCRIPT)
            .arg("exec")
            .arg(self.folder())
            .args([host, "--", "sh", "-c", command])
            .stdin(Stdio::null())
            .output()
            .expect("tests/fleet/fleet starts")
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let down = Command::new(SCRIPT).arg("down").arg(self.folder.path()).stdin(Stdio::null()).output();
        drop(self.lifeline.take());
        let down = down.expect("tests/fleet/fleet starts");
        // A second panic would abort the process and hide the first.
        assert!(down.status.success() || std::thread::panicking(), "the fleet did not go down: {}", text_of(&down));
    }
}

#[expect(clippy::print_stderr, reason = "a test that was left out must not look like one that passed")]
fn left_out(output: &Output, has_to_be: bool) {
    let why = text_of(output);
    let has_to_be = has_to_be && env::var_os("RUNSHEET_REQUIRE_ROOT_TESTS").is_some();
    assert!(!has_to_be, "RUNSHEET_REQUIRE_ROOT_TESTS is set, but: {why}");
    eprintln!("LEFT OUT: {why}");
}

fn text_of(output: &Output) -> String {
    format!("{}, {}{}", output.status, String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn fleet_hosts_are_apart_and_their_apache_runs_on_after_the_login() {
        let Some(fleet) = Fleet::up(2) else { return };

        let started = fleet.ssh("web1", "hostname; apachectl start");

        assert!(started.status.success(), "{}", text_of(&started));
        assert_eq!(String::from_utf8_lossy(&started.stdout), "web1\n");
        let page = fleet.ssh("web2", "curl -s http://web1/");
        assert!(String::from_utf8_lossy(&page.stdout).contains("<h1>web1</h1>"), "{}", text_of(&page));
        assert!(!fleet.exec("web2", "pgrep apache2").status.success(), "web2 sees an apache that it did not start");
        let log = fs::read_to_string(fleet.folder().join("hosts/web1/access.log")).expect("web1's access log");
        assert_eq!(log.lines().count(), 1, "{log}");
        let log = fs::read_to_string(fleet.folder().join("hosts/web1/sshd.log")).expect("web1's sshd log");
        assert_eq!(log.matches("Accepted publickey for root").count(), 1, "{log}");
    }

    #[test]
    fn a_fleet_host_that_reboots_keeps_its_files_and_gets_another_boot_id() {
        const BOOT_ID: &str = "cat /proc/sys/kernel/random/boot_id /etc/kept";
        let Some(fleet) = Fleet::up(1) else { return };
        let before = fleet.ssh("web1", &format!("echo kept >/etc/kept; {BOOT_ID}"));
        assert!(before.status.success(), "{}", text_of(&before));

        assert_eq!(fleet.ssh("web1", "reboot; sleep 600").status.code(), Some(255), "the connection breaks");

        let deadline = Instant::now() + Duration::from_secs(20);
        let after = loop {
            let after = fleet.ssh("web1", BOOT_ID);
            if after.status.success() {
                break after;
            }
            assert!(Instant::now() < deadline, "web1 is not back after 20 s: {}", text_of(&after));
        };
        let (before, after) = (String::from_utf8_lossy(&before.stdout), String::from_utf8_lossy(&after.stdout));
        assert_eq!(after.lines().nth(1), Some("kept"));
        assert_ne!(before.lines().next(), after.lines().next());
    }

    fn init_of(fleet: &Fleet, host: &str) -> PathBuf {
        let id = fs::read_to_string(fleet.folder().join("hosts").join(host).join("pid1")).expect("the host's init");
        Path::new("/proc").join(id.trim())
    }

    #[test]
    fn a_fleet_that_went_down_leaves_no_process_behind() {
        let Some(fleet) = Fleet::up(1) else { return };
        let init = init_of(&fleet, "web1");
        assert!(init.exists());

        drop(fleet);

        assert!(!init.exists());
    }

    #[test]
    fn a_fleet_ends_by_itself_when_its_maker_is_gone() {
        let Some(mut fleet) = Fleet::up(1) else { return };
        let init = init_of(&fleet, "web1");

        // As the kernel does it for a process that is killed.
        drop(fleet.lifeline.take());

        let deadline = Instant::now() + Duration::from_secs(20);
        while init.exists() {
            assert!(Instant::now() < deadline, "web1 still runs after 20 s");
            thread::sleep(Duration::from_millis(10));
        }
    }
}
