use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::sshd::Sshd;
use crate::support::sshd_config::SshdConfig;

/// The key exchange that OpenSSH's client and runsheet both have and that is cheap: what OpenSSH takes by default costs it ten times
/// as much, so that a tool which starts `ssh` is measured with both.
const SAME_KEX: &str = "curve25519-sha256";

/// Many addresses of one real sshd, and a project in which every tool finds them in its own form.
pub(crate) struct Fleet {
    pub(crate) sshd: Sshd,
    folder: TempDir,
    pub(crate) hosts: u32,
}

impl Fleet {
    pub(crate) fn start(hosts: u32) -> Self {
        let config = SshdConfig {
            address: "0.0.0.0",
            extra: "MaxStartups 2000\nSubsystem sftp internal-sftp\n",
            ..SshdConfig::default()
        };
        let fleet = Self { sshd: Sshd::start_with(&config), folder: tempfile::tempdir().expect("a folder"), hosts };
        fleet.write_files();
        fleet
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same as text, for arguments.
    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn identity(&self) -> String {
        self.sshd.identity().display().to_string()
    }

    fn write_files(&self) {
        let (user, port, identity) = (self.sshd.user(), self.sshd.port(), self.identity());
        let addresses: Vec<_> =
            (0..self.hosts).map(|number| format!("127.1.{}.{}", number / 250, number % 250 + 1)).collect();
        let known = fs::read_to_string(self.sshd.known_hosts()).expect("known_hosts");
        let key = known.lines().next().and_then(|line| line.split_once(' ')).expect("a key").1.to_owned();
        let write = |path: &str, text: String| fs::write(self.path(path), text).expect("a file");
        for path in ["hostgroups", "sheets", "home/.ssh"] {
            fs::create_dir_all(self.path(path)).expect("a folder");
        }
        // Not every tool understands a pattern.
        let lines = |line: &dyn Fn(&str) -> String| addresses.iter().map(|address| line(address)).collect::<String>();
        write("known_hosts", lines(&|address| format!("[{address}]:{port} {key}\n")));
        // bssh knows no other place.
        write("home/.ssh/known_hosts", lines(&|address| format!("[{address}]:{port} {key}\n")));
        write("hosts", lines(&|address| format!("{address}\n")));
        let listed = lines(&|address| format!("      - {address}\n"));
        let defaults = format!("defaults: {{user: {user}, port: {port}, identity: {identity}}}\n");
        write("hostgroups/all.yaml", format!("{defaults}groups:\n  all:\n    hosts:\n{listed}"));
        let one = addresses[0].as_str();
        write("hostgroups/one.yaml", format!("groups: {{one: {{hosts: [{one}]}}}}\n"));
        let step =
            |number| format!("  - {{name: Step {number}, hosts: all, task: command, args: {{run: \"true\"}}}}\n");
        write("sheets/five.yaml", format!("steps:\n{}", (1..=5).map(step).collect::<String>()));
        let link = "{task: command, args: {run: \"true\"}}";
        for (name, links) in [("first", link.to_owned()), ("second", format!("{link}, {link}"))] {
            write(&format!("sheets/{name}.yaml"), format!("steps: [{{name: S, hosts: one, do: [{links}]}}]\n"));
        }
        let known = self.text("known_hosts");
        let config = format!(
            "Host *\nUser {user}\nPort {port}\nIdentityFile {identity}\nIdentitiesOnly yes\nUserKnownHostsFile {known}\n\
             GlobalKnownHostsFile none\nStrictHostKeyChecking yes\nBatchMode yes\n"
        );
        write("ssh_config_same", format!("{config}KexAlgorithms {SAME_KEX}\n"));
        write("ssh_config", config);
        write("ansible", format!("[all]\n{}", addresses.join("\n")));
        let data = format!(
            "{{'ssh_port': {port}, 'ssh_user': '{user}', 'ssh_key': '{identity}', 'ssh_known_hosts_file': '{known}', \
             'ssh_strict_host_key_checking': 'yes', 'source': '{}', 'target': '{}'}}",
            self.text("artifact"),
            self.text("there")
        );
        let inventory = lines(&|address| format!("    ('{address}', {data}),\n"));
        write("inventory.py", format!("hosts = [\n{inventory}]\n"));
    }
}
