//! The sheet for agents of a Jenkins, on real hosts. **Stand-in:** the Jenkins, which is a web server of the test that keeps the state of its
//! agents and writes down what is done to them.
//!
//! Needs root for the namespaces; says so loudly where there is none.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::case::{Case, Ran};
use crate::support::fleet::Fleet;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/played_jenkins.py");
const WORKSPACES: &str = "/var/lib/jenkins/workspace";

struct Agents {
    fleet: Fleet,
    case: Case,
    folder: TempDir,
    jenkins: Child,
    url: String,
}

impl Agents {
    fn up() -> Option<Self> {
        let fleet = Fleet::up(2)?;
        let folder = tempfile::tempdir().expect("a folder");
        let mut jenkins = Command::new("/usr/bin/python3")
            .arg(SCRIPT)
            .arg(folder.path().join("log"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is installed by scripts/install-test-packages");
        let mut port = String::new();
        BufReader::new(jenkins.stdout.take().expect("a pipe")).read_line(&mut port).expect("a line");
        let subnet = fleet.address("web1").rsplit_once('.').expect("an address").0.to_owned();
        let url = format!("http://{subnet}.254:{}", port.trim());
        let token = folder.path().join("token");
        fs::write(&token, "s3cret-token\n").expect("a file");
        fs::set_permissions(&token, Permissions::from_mode(0o600)).expect("its owner's");
        let groups = format!(
            "defaults: {{user: root, identity: \"{}/id_ed25519\"}}\ngroups:\n  ci:\n    hosts:\n      - web1: {{address: {}}}\n      - web2: {{address: {}}}\n",
            fleet.folder().display(),
            fleet.address("web1"),
            fleet.address("web2"),
        );
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let known = fleet.folder().join("known_hosts");
        let case = Case::new()
            .file("hostgroups/ci.yaml", groups)
            .file("sheets/ci-agents.yaml", fs::read_to_string(root.join("sheets/ci-agents.yaml")).expect("the sheet"))
            .file("runsheet.yaml", format!("secrets:\n  jenkins_token: {{file: {}}}\n", token.display()))
            .file("ssh_config", format!("UserKnownHostsFile {}\nGlobalKnownHostsFile none\n", known.display()))
            .flags(&["-F", "ssh_config"]);
        for host in ["web1", "web2"] {
            let made = fleet.exec(
                host,
                &format!("mkdir -p {WORKSPACES}/old {WORKSPACES}/new && touch -d '30 days ago' {WORKSPACES}/old"),
            );
            assert!(made.status.success());
        }
        Some(Self { fleet, case, folder, jenkins, url })
    }

    /// Runs the sheet with another command in the place of the packages.
    fn run(&self, packages: &str) -> Ran {
        let (url, packages) = (format!("jenkins={}", self.url), format!("packages={packages}"));
        self.case.run_with_flags(&["run", "ci-agents", "--set", &url, "--set", "user=dana", "--set", &packages])
    }

    /// What was done to the agents.
    fn log(&self) -> Vec<String> {
        let log = fs::read_to_string(self.folder.path().join("log")).expect("the log");
        log.lines().map(str::to_owned).collect()
    }

    fn says(&self, host: &str, command: &str) -> String {
        String::from_utf8_lossy(&self.fleet.exec(host, command).stdout).trim().to_owned()
    }
}

impl Drop for Agents {
    fn drop(&mut self) {
        drop(self.jenkins.stdin.take());
        _ = self.jenkins.wait();
    }
}

#[test]
fn fleet_brings_agents_up_to_date_one_at_a_time() {
    let Some(agents) = Agents::up() else { return };
    let ran = agents.run("touch /srv/updated").exits(0);
    let steps = ["out: updated by runsheet", "disconnected", "connected", "back"];
    let log = agents.log();
    let first = if log[0].starts_with("web1") { ["web1", "web2"] } else { ["web2", "web1"] };
    let expected: Vec<_> =
        first.iter().flat_map(|host| steps.iter().map(move |step| format!("{host} {step}"))).collect();
    assert_eq!(log, expected);
    for host in first {
        assert_eq!(
            agents.says(host, &format!("ls {WORKSPACES} /srv/updated")),
            format!("/srv/updated\n\n{WORKSPACES}:\nnew")
        );
    }
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("s3cret"));
}

#[test]
fn fleet_puts_an_agent_back_that_cannot_be_brought_up_to_date_and_takes_nobody_else_out() {
    let Some(agents) = Agents::up() else { return };
    let ran = agents.run("echo no such package; exit 100").exits(5);
    let log = agents.log();
    let host = log[0].split(' ').next().expect("a name");
    assert_eq!(log, [format!("{host} out: updated by runsheet"), format!("{host} back")]);
    assert!(ran.stderr.contains("no such package"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("offline web"), "it tells of a debt that is paid: {}", ran.stderr);
}
