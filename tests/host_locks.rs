//! Locks on the hosts: two people on two machines, which are two projects with a state folder each, and OpenSSH's own sshd.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant, SystemTime};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::case::{Case, Ran};
use crate::support::fleet::Fleet;
use crate::support::sshd::Sshd;
use crate::support::sshd_config::SshdConfig;

/// Longer than anything takes that goes well.
const PATIENCE: Duration = Duration::from_mins(1);

const SHEET: &str = "name: Weekly\nlock: {hosts: .}\nsteps:\n  - name: Restart apache\n    task: command\n    hosts: all\n    \
    args: {run: 'echo begun >>log; until [ -e go ]; do sleep 0.05; done'}\n";

/// Two hosts, and two machines from which one deploys to them.
struct Rig {
    hosts: [(Sshd, TempDir); 2],
    here: Case,
    there: Case,
}

impl Rig {
    fn new() -> Self {
        // The first one is first by address, so it is locked first.
        let hosts = [host("127.0.0.1"), host("127.0.0.2")];
        let (here, there) = (machine(&hosts, "dana"), machine(&hosts, "sam"));
        Self { hosts, here, there }
    }

    fn file(&self, host: usize, name: &str) -> PathBuf {
        self.hosts[host].1.path().join(name)
    }

    fn begun(&self, host: usize) -> usize {
        fs::read_to_string(self.file(host, "log")).map_or(0, |text| text.lines().count())
    }

    fn lock(&self, host: usize) -> PathBuf {
        self.file(host, "runsheet.lock")
    }

    /// Starts a deploy to the second host, and gives it back when that is being worked on.
    fn start(&self) -> Child {
        let times = self.begun(1);
        let mut command = self.here.command(&["run", "deploy", "--yes", "--limit", "h1", "-F", "ssh_config"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let deadline = Instant::now() + PATIENCE;
        while self.begun(1) == times {
            assert!(Instant::now() < deadline, "the step does not begin within {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
        child
    }

    fn let_go(&self) {
        fs::write(self.file(0, "go"), "").expect("a file");
        fs::write(self.file(1, "go"), "").expect("a file");
    }
}

/// A host whose commands run in a folder of its own.
fn host(address: &str) -> (Sshd, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let forced = format!("ForceCommand cd {} && exec sh -c \"$SSH_ORIGINAL_COMMAND\"\n", folder.path().display());
    (Sshd::start_with(&SshdConfig { address, extra: &forced, ..SshdConfig::default() }), folder)
}

fn machine(hosts: &[(Sshd, TempDir)], user: &str) -> Case {
    let mut groups = format!("defaults: {{user: {}}}\ngroups:\n  all:\n    hosts:\n", hosts[0].0.user());
    let mut known = String::new();
    for (number, (sshd, _)) in hosts.iter().enumerate() {
        let (port, identity) = (sshd.port(), sshd.identity());
        let place = format!("{{address: 127.0.0.{}, port: {port}, identity: {}}}", number + 1, identity.display());
        groups.push_str(&format!("      - h{number}: {place}\n"));
        known.push_str(&fs::read_to_string(sshd.known_hosts()).expect("known_hosts"));
    }
    let case =
        Case::new().file("hostgroups/all.yaml", groups).file("known_hosts", known).file("sheets/deploy.yaml", SHEET);
    let known = case.path("known_hosts");
    let config = format!("UserKnownHostsFile {}\nGlobalKnownHostsFile none\n", known.display());
    case.file("ssh_config", config).flags(&["-F", "ssh_config"]).env("USER", user)
}

fn ends(child: Child) -> Ran {
    Ran::of(&child.wait_with_output().expect("it ends"))
}

fn run_of(case: &Case) -> String {
    let folder = case.runs().first().cloned().expect("a run");
    folder.file_name().expect("a name").to_string_lossy().into_owned()
}

/// As if nobody had renewed it for so long.
fn make_stale(lock: &PathBuf) {
    let then = SystemTime::now() - Duration::from_mins(5);
    File::open(lock).expect("the lock").set_modified(then).expect("a time");
}

#[test]
fn two_machines_do_not_work_on_one_host_and_what_was_half_taken_is_given_back() {
    let rig = Rig::new();
    let holder = rig.start();
    let run = run_of(&rig.here);
    let owner = fs::read_to_string(rig.lock(1).join("owner")).expect("the lock says who has it");
    assert_eq!(owner.lines().next(), Some(run.as_str()));

    let refused = rig.there.run_with_flags(&["run", "deploy", "--yes"]).exits(7);

    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert!(said.contains(&format!("h1 is locked by run {run} of dana (pid {} on ", holder.id())), "{said}");
    assert!(said.contains(": run `Weekly`"), "{said}");
    assert!(!rig.lock(0).exists(), "the first host is still locked");
    assert_eq!((rig.begun(0), rig.begun(1)), (0, 1));
    rig.there.run_with_flags(&["run", "deploy", "--yes", "--limit", "h1"]).exits(7);

    rig.let_go();
    ends(holder).exits(0);
    assert!(!rig.lock(1).exists(), "the lock is still there");
    rig.there.run_with_flags(&["run", "deploy", "--yes"]).exits(0);
    assert!(!rig.lock(0).exists() && !rig.lock(1).exists());
    let logins = rig.hosts[0].0.log().matches("Accepted publickey").count();
    assert_eq!(logins, 2, "two runs reached the first host, each by one connection");
}

#[test]
fn the_lock_of_a_run_that_is_no_more_is_taken_over_once_it_is_stale() {
    let rig = Rig::new();
    let mut holder = rig.start();
    holder.kill().expect("killed");
    holder.wait().expect("it is over");
    rig.let_go();
    rig.there.run_with_flags(&["run", "deploy", "--yes"]).exits(7).says("of dana (pid ");
    make_stale(&rig.lock(1));

    let ran = rig.there.run_with_flags(&["run", "deploy", "--yes"]).exits(0);

    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("the lock on h1 was stale"), "{said}");
    assert!(!rig.lock(0).exists() && !rig.lock(1).exists());
}

#[test]
fn ctrl_c_ends_the_locks_on_the_hosts() {
    let rig = Rig::new();
    let holder = rig.start();
    assert!(rig.lock(1).is_dir());
    kill_process(Pid::from_child(&holder), Signal::INT).expect("a signal");
    kill_process(Pid::from_child(&holder), Signal::INT).expect("a signal");
    rig.let_go();
    let code = ends(holder).code;
    assert!([130, 8].contains(&code), "{code}");
    assert!(!rig.lock(1).exists(), "the lock is still there");
}

#[test]
fn locks_on_hosts_are_broken_by_the_run_that_has_them_and_by_no_other_name() {
    let rig = Rig::new();
    for by_whom in [&rig.here, &rig.there] {
        let mut holder = rig.start();
        let owner = fs::read_to_string(rig.lock(1).join("owner")).expect("the lock");
        let run = owner.lines().next().expect("a run").to_owned();
        holder.kill().expect("killed");
        holder.wait().expect("it is over");
        let other = "0199f6a0-0000-7000-8000-000000000007";
        let of_other =
            rig.there.run_with_flags(&["lock", "break", other, "-H", "h1", "--folder", ".", "--yes"]).exits(0);
        assert!(of_other.stdout.contains(&format!("h1: left alone, it belongs to run {run}")), "{}", of_other.stdout);
        assert!(rig.lock(1).is_dir());
        rig.there.run_with_flags(&["lock", "break", &run]).exits(2).says("there is no lock of run");

        // Whoever started it knows where; others say it.
        let mut args = vec!["lock", "break", &run];
        if std::ptr::eq(by_whom, &raw const rig.there) {
            args.extend(["-g", "all", "--folder", "."]);
        }
        by_whom.run_with_flags(&args).exits(2).says("`--yes`");
        args.push("--yes");
        let broken = by_whom.run_with_flags(&args).exits(0);
        assert!(broken.stdout.contains("h1: ended"), "{}", broken.stdout);
        assert!(!rig.lock(1).exists());
        let audit = by_whom.run(&["lock", "audit", "--format", "json"]).exits(0);
        assert!(audit.stdout.contains(&run) && audit.stdout.contains("h1: ended"), "{}", audit.stdout);
    }
    rig.let_go();
}

#[test]
fn fleet_hosts_have_their_locks_where_all_users_of_a_host_find_them() {
    let Some(fleet) = Fleet::up(1) else { return };
    let groups = fs::read_to_string(fleet.folder().join("hostgroups.yaml")).expect("the host groups");
    let known = fleet.folder().join("known_hosts");
    let sheet = "lock: hosts\nsteps: [{name: A, task: command, hosts: web1, args: {run: stat -c %A:%U /run/lock/runsheet.lock}}]\n";
    let case = Case::new()
        .file("hostgroups/web.yaml", groups)
        .file("sheets/deploy.yaml", sheet)
        .file("ssh_config", format!("UserKnownHostsFile {}\nGlobalKnownHostsFile none\n", known.display()))
        .flags(&["-F", "ssh_config"]);
    let ran = case.run_with_flags(&["run", "deploy", "--yes"]).exits(0);
    assert!(ran.stdout.contains("drwx------:root"), "{}", ran.stdout);
    assert!(!fleet.exec("web1", "test -e /run/lock/runsheet.lock").status.success(), "the lock is still there");
    // What somebody else made there is neither believed nor touched.
    fleet.exec("web1", "mkdir /run/lock/runsheet.lock; chown nobody /run/lock/runsheet.lock");
    let ran = case.run_with_flags(&["run", "deploy", "--yes"]).exits(7);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("locked by a run that logs in there as nobody"), "{said}");
}
