use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write as _, stdin};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use runsheet_practice::{Fleet, raise_open_files};
use tempfile::TempDir;

use crate::measured::Measured;
use crate::say;

/// The first argument of a process that is hosts.
pub(crate) const WORD: &str = "be-hosts";

/// How many hosts one process is at most: it holds a listener and up to two connections for each.
const A_PROCESS: usize = 2_500;

/// What hosts do where they are asked to run a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conduct {
    /// They play: nothing is started.
    Play,
    /// They run it.
    Run,
}

/// Practice hosts in processes of their own, and a project that reaches them. They end when it is dropped.
pub(crate) struct Hosts {
    folder: TempDir,
    processes: Vec<Process>,
}

impl Hosts {
    pub(crate) fn start(count: usize, conduct: Conduct) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for path in ["hostgroups", "sheets"] {
            fs::create_dir(folder.path().join(path)).expect("a folder");
        }
        let mut processes = Vec::new();
        for first in (0..count).step_by(A_PROCESS) {
            processes.push(Process::start(folder.path(), first, A_PROCESS.min(count - first), conduct));
        }
        processes.iter_mut().for_each(Process::wait_until_ready);
        let known: String = processes.iter().fold(String::new(), |mut text, process| {
            let _ = write!(text, " {}", process.path("fleet").join("known_hosts").display());
            text
        });
        fs::write(folder.path().join("ssh_config"), format!("UserKnownHostsFile{known}\nGlobalKnownHostsFile none\n"))
            .expect("a file");
        Self { folder, processes }
    }

    /// A pattern of all of them.
    pub(crate) fn pattern(&self) -> String {
        self.processes.iter().map(|process| process.group.as_str()).collect::<Vec<_>>().join(",")
    }

    /// The name of a host, from 0.
    pub(crate) fn name(number: usize) -> String {
        format!("h{number:05}")
    }

    pub(crate) fn sheet(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join("sheets").join(format!("{name}.yaml")), text).expect("a file");
    }

    /// Adds a group of hosts that are nowhere.
    pub(crate) fn group(&self, name: &str, range: &str) {
        let file = self.folder.path().join("hostgroups").join(format!("{name}.yaml"));
        fs::write(file, format!("groups: {{{name}: {{hosts: [\"{range}\"]}}}}\n")).expect("a file");
    }

    /// Starts a sheet of this project.
    pub(crate) fn run(&self, sheet: &str, flags: &[&str]) -> Measured {
        let mut command = Command::new(env!("CARGO_BIN_EXE_runsheet"));
        command
            .args(["run", "-y", "-F", "ssh_config", "--format", "json"])
            .args(flags)
            .arg(sheet)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("XDG_STATE_HOME", self.folder.path().join("state"))
            .env_remove("SSH_AUTH_SOCK")
            .stdin(Stdio::null());
        Measured::start(command)
    }

    /// How many commands the hosts were asked to run whose last line is this. They are the witness.
    pub(crate) fn commands(&mut self, line: &str) -> usize {
        self.processes.iter_mut().map(|process| process.ask(line)).sum()
    }
}

/// A process that is hosts. It ends when its standard input does.
struct Process {
    group: String,
    folder: PathBuf,
    _child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Process {
    fn start(folder: &Path, first: usize, count: usize, conduct: Conduct) -> Self {
        let group = format!("from{first}");
        let conduct = if conduct == Conduct::Play { "play" } else { "run" };
        let mut child = Command::new(env::current_exe().expect("this program"))
            .args([WORD, &group, &first.to_string(), &count.to_string(), conduct])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let questions = child.stdin.take().expect("a pipe");
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { folder: folder.join(&group), group, _child: child, questions, answers }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn wait_until_ready(&mut self) {
        assert_eq!(self.answer(), "ready");
    }

    fn ask(&mut self, line: &str) -> usize {
        writeln!(self.questions, "{line}").expect("a question");
        self.answer().parse().expect("a number")
    }

    fn answer(&mut self) -> String {
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("an answer");
        answer.trim_end().to_owned()
    }
}

/// Is hosts: a group's name, the number of the first, how many, and what they do. It answers each line with how many commands ended with it.
pub(crate) fn serve(words: &[String]) {
    let [group, first, count, conduct] = words else { panic!("hosts are told four words, not {words:?}") };
    let (first, count): (usize, usize) = (first.parse().expect("a number"), count.parse().expect("a number"));
    raise_open_files().expect("the limit of open files is ours to raise");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = Path::new(group);
    fs::create_dir(folder).expect("a folder");
    let builder = Fleet::builder().hosts((first..first + count).map(Hosts::name)).folder(folder.join("fleet"));
    let builder = if conduct == "play" { builder.played() } else { builder };
    let fleet = runtime.block_on(builder.start()).expect("practice hosts");
    let mut groups = format!(
        "groups:\n  {group}:\n    user: {}\n    identity: {}\n    hosts:\n",
        fleet.user(),
        fs::canonicalize(fleet.identity()).expect("the key").display()
    );
    for host in fleet.hosts() {
        let address = host.address();
        let _ = writeln!(groups, "      - {}: {{address: {}, port: {}}}", host.name(), address.ip(), address.port());
    }
    fs::write(Path::new("hostgroups").join(format!("{group}.yaml")), groups).expect("a file");
    say("ready");
    for line in stdin().lines() {
        let line = line.expect("a question");
        let ended = |command: &&String| command.lines().next_back() == Some(line.as_str());
        say(&fleet.hosts().iter().map(|host| host.commands().iter().filter(ended).count()).sum::<usize>().to_string());
    }
    runtime.block_on(fleet.shutdown());
}
