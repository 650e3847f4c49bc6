//! Sheets on practice hosts: the whole program, with hosts that can be told to misbehave.

use std::fs;

use runsheet_practice::{Fleet, PracticeHost};
use tokio::runtime::Runtime;

use crate::case::Case;

/// Practice hosts and a project that knows them.
pub(crate) struct Stage {
    pub(crate) case: Case,
    pub(crate) fleet: Running,
}

/// Practice hosts that run until this is dropped.
pub(crate) struct Running {
    fleet: Option<Fleet>,
    runtime: Runtime,
}

impl Stage {
    /// Starts hosts by a scenario, such as `web[1-4]: ok; web2: exit 1`; all of them are in the group `web`.
    pub(crate) fn new(scenario: &str) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let fleet =
            runtime.block_on(Fleet::builder().scenario(scenario).expect("a scenario").start()).expect("practice hosts");
        let case = Case::new().file("hostgroups/web.yaml", hostgroups(&fleet)).file("ssh_config", ssh_config(&fleet));
        Self { case: case.flags(&["-F", "ssh_config"]), fleet: Running { fleet: Some(fleet), runtime } }
    }

    /// Writes a sheet.
    pub(crate) fn sheet(self, text: &str) -> Self {
        Self { case: self.case.file("sheets/deploy.yaml", text), ..self }
    }

    pub(crate) fn host(&self, name: &str) -> &PracticeHost {
        self.fleet.host(name)
    }

    /// How often a file that commands append to has been written on a host.
    pub(crate) fn lines(&self, host: &str, file: &str) -> usize {
        fs::read_to_string(self.host(host).home().join(file)).map_or(0, |text| text.lines().count())
    }
}

impl Running {
    fn host(&self, name: &str) -> &PracticeHost {
        self.fleet.as_ref().expect("it runs").host(name).expect("a host")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(fleet) = self.fleet.take() {
            self.runtime.block_on(fleet.shutdown());
        }
    }
}

fn hostgroups(fleet: &Fleet) -> String {
    let mut text = format!("defaults: {{user: {}, identity: {}}}\n", fleet.user(), fleet.identity().display());
    text.push_str("groups:\n  web:\n    hosts:\n");
    for host in fleet.hosts() {
        let address = host.address();
        text.push_str(&format!("      - {}: {{address: {}, port: {}}}\n", host.name(), address.ip(), address.port()));
    }
    text
}

fn ssh_config(fleet: &Fleet) -> String {
    format!("UserKnownHostsFile {}\nGlobalKnownHostsFile none\n", fleet.known_hosts().display())
}

const TWO_STEPS: &str = "name: Two steps\nsteps:\n\
    \x20 - {name: First, task: command, hosts: web, args: {run: echo first >>log}}\n\
    \x20 - {name: Second, task: command, hosts: web, args: {run: echo second >>log}}\n";

#[test]
fn a_sheet_runs_on_all_its_hosts() {
    let stage = Stage::new("web[1-4]: ok").sheet(TWO_STEPS);
    stage.case.run_with_flags(&["run", "deploy"]).exits(0).says("ok");
    for host in ["web1", "web2", "web3", "web4"] {
        assert_eq!(stage.lines(host, "log"), 2);
        assert_eq!(stage.host(host).connections(), 1, "more than one connection to {host}");
    }
}

#[test]
fn a_failed_host_ends_the_sheet_after_its_step() {
    let stage = Stage::new("web[1-4]: ok; web2: exit 3").sheet(TWO_STEPS);
    let ran = stage.case.run_with_flags(&["run", "deploy"]).exits(5);
    assert!(ran.stderr.contains("web2"), "{}", ran.stderr);
    for host in ["web1", "web3", "web4"] {
        assert_eq!(stage.lines(host, "log"), 1, "{host}");
    }
}

#[test]
fn hosts_that_cannot_be_reached_are_told_apart() {
    let stage = Stage::new("web[1-4]: ok; web1: refuse; web2: wrong-key; web3: deny").sheet(TWO_STEPS);
    let ran = stage.case.run_with_flags(&["run", "deploy"]).exits(4);
    for host in ["web1", "web2", "web3"] {
        assert!(ran.stderr.contains(host), "{}", ran.stderr);
        assert_eq!(stage.lines(host, "log"), 0);
    }
    assert_eq!(stage.lines("web4", "log"), 1);
}

#[test]
fn an_end_that_was_not_seen_is_lost_and_exits_8() {
    let stage = Stage::new("web[1-3]: ok; web2: cut").sheet(TWO_STEPS);
    stage.case.run_with_flags(&["run", "deploy"]).exits(8).says("web2");
    assert_eq!(stage.lines("web1", "log"), 1, "the next step started");
}

#[test]
fn exec_shows_each_line_with_its_host() {
    let stage = Stage::new("web[1-3]: ok");
    let ran = stage.case.run_with_flags(&["exec", "-H", "web[1-3]", "--", "echo", "hello;", "pwd"]).exits(0);
    let mut lines: Vec<_> = ran.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines[0], "[web1] /".to_owned() + &lines[0][8..], "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line.ends_with("] hello")).count(), 3, "{lines:?}");
}

#[test]
fn exec_takes_all_that_follows_its_own_flags() {
    let stage = Stage::new("web1: ok");
    let ran = stage.case.run(&["exec", "-F", "ssh_config", "-H", "web1", "echo", "-n", "-g", "x; echo"]).exits(0);
    assert_eq!(ran.stdout, "[web1] -g x\n");
}

#[test]
fn exec_takes_its_command_as_it_is() {
    let stage = Stage::new("web1: ok");
    let ran = stage.case.run_with_flags(&["exec", "-H", "web1", "--", "printf '%s' '{{ .Names }} {% x %}'"]).exits(0);
    assert_eq!(ran.stdout, "[web1] {{ .Names }} {% x %}\n");
}

#[test]
fn gathered_output_is_folded() {
    let stage = Stage::new("web[1-4]: ok");
    let command = ["exec", "-H", "@web", "-b", "--", "case $HOSTNAME in web4) echo other;; *) echo same;; esac"];
    let ran = stage.case.run_with_flags(&command).exits(0);
    assert!(ran.stdout.contains("web[1-3] (3)"), "{}", ran.stdout);
    assert_eq!(ran.stdout.matches("same").count(), 1, "{}", ran.stdout);
}

#[test]
fn json_events_are_those_of_the_journal() {
    let stage = Stage::new("web[1-2]: ok").sheet(TWO_STEPS);
    let ran = stage.case.run_with_flags(&["run", "deploy", "--format", "json"]).exits(0);
    let journal = fs::read_to_string(stage.case.runs()[0].join("journal.ndjson")).expect("a journal");
    let kind = |line: &str| {
        let event = runsheet_events::decode(line).expect("an event");
        (event.seq, serde_json::to_value(event.kind).expect("json"))
    };
    let shown: Vec<_> = ran.stdout.lines().map(kind).collect();
    let kept: Vec<_> = journal.lines().map(kind).collect();
    assert_eq!(shown, kept);
}

#[test]
fn files_go_to_hosts_and_come_back() {
    let stage = Stage::new("web[1-3]: ok");
    let bytes: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    fs::write(stage.case.path("blob"), &bytes).expect("a file");
    stage.case.run_with_flags(&["put", "-H", "@web", "blob", "copy"]).exits(0);
    for host in ["web1", "web2", "web3"] {
        assert_eq!(fs::read(stage.host(host).home().join("copy")).expect("the copy"), bytes);
    }
    stage.case.run_with_flags(&["get", "-H", "@web", "copy", "fetched"]).exits(0);
    assert_eq!(fs::read(stage.case.path("fetched/web2/copy")).expect("the file"), bytes);
}

#[test]
fn folders_go_to_hosts_and_come_back() {
    let stage = Stage::new("web[1-2]: ok");
    let case = stage.case.file("site/index.html", "hello").file("site/a/b/page", "page");
    let there = |host: &str, name: &str| fs::read_to_string(stage.fleet.host(host).home().join("www").join(name)).ok();

    case.run_with_flags(&["put", "-H", "@web", "site", "www"]).exits(0).says("2 ok (2 changed)");
    assert_eq!(there("web2", "a/b/page").as_deref(), Some("page"));

    let www = stage.fleet.host("web1").home().join("www");
    let target = www.to_str().expect("text");
    case.run_with_flags(&["put", "-H", "web1", "site", target]).exits(0).says("ok: 1 ok  in");
    fs::write(www.join("a/old"), "old").expect("written");
    case.run_with_flags(&["put", "-H", "web1", "site", target]).exits(0);
    assert_eq!(there("web1", "a/old").as_deref(), Some("old"));
    case.run_with_flags(&["put", "-H", "web1", "site", target, "--delete"]).exits(0).says("1 ok (1 changed)");
    assert_eq!((there("web1", "a/old"), there("web1", "index.html").as_deref()), (None, Some("hello")));

    case.run_with_flags(&["get", "-H", "@web", "www", "fetched"]).exits(0);
    let fetched = |name: &str| fs::read_to_string(case.path("fetched").join(name)).expect("a file");
    assert_eq!((fetched("web1/www/index.html").as_str(), fetched("web2/www/a/b/page").as_str()), ("hello", "page"));
}

#[test]
fn history_show_and_replay_tell_of_the_run() {
    let stage = Stage::new("web[1-3]: ok; web3: exit 1").sheet(TWO_STEPS);
    stage.case.run_with_flags(&["run", "deploy"]).exits(5);
    let history = stage.case.run(&["history"]).exits(0);
    assert!(history.stdout.contains("Two steps") && history.stdout.contains("1 failed"), "{}", history.stdout);
    let show = stage.case.run(&["show"]).exits(0);
    assert!(show.stdout.contains("web3") && show.stdout.contains("First"), "{}", show.stdout);
    let replay = stage.case.run(&["replay", "--speed", "0"]).exits(0);
    assert!(replay.stderr.contains("web3"), "{}", replay.stderr);
    stage.case.run(&["journal", "verify"]).exits(0);
    let rebuilt = stage.case.run(&["history", "--rebuild"]).exits(0);
    assert_eq!(rebuilt.stdout, history.stdout);
}

#[test]
fn a_plan_touches_no_host() {
    let stage = Stage::new("web[1-3]: ok").sheet(TWO_STEPS);
    let plan = stage.case.run(&["plan", "deploy"]).exits(0);
    assert!(plan.stdout.contains("web[1-3] (3)"), "{}", plan.stdout);
    stage.case.run_with_flags(&["exec", "-H", "web1", "--dry-run", "--", "id"]).exits(0);
    for host in ["web1", "web2", "web3"] {
        assert_eq!(stage.host(host).connections(), 0);
    }
}

#[test]
fn a_dry_run_asks_the_hosts_and_changes_nothing() {
    let sheet = "name: Deploy\nvars: {target: /tmp/x}\nsteps:\n  - {name: Conf, task: file.write, hosts: web, args: {content: new, target: \"{{ vars.target }}\"}}\n  \
                 - {name: Say, manual: Tell them.}\n  - {name: Restart, task: command, hosts: web, args: {run: touch restarted}}\n";
    let target = tempfile::tempdir().expect("a folder");
    let target = target.path().join("app.conf");
    let stage = Stage::new("web[1-2]: ok").sheet(sheet);
    let set = format!("target={}", target.display());
    let args = ["run", "deploy", "--set", set.as_str(), "--dry-run"];

    let ran = stage.case.run_with_flags(&args).exits(0).says("dry run: hosts are asked, and nothing is changed");
    let written = format!("web1: file.write: would send 3 bytes to `{}`", target.display());
    let ran = ran.says(&written).says("web2: command: would run `touch restarted`");
    assert!(!ran.stderr.contains("full output"), "{}", ran.stderr);
    assert!(!target.exists() && !stage.host("web1").home().join("restarted").exists());
    assert!(stage.case.runs().is_empty(), "a dry run is in the history");

    std::fs::write(&target, "new").expect("a file");
    let again = stage.case.run_with_flags(&args).exits(0);
    assert!(
        again.stderr.contains("web1: file.write: ") && again.stderr.contains("is already as it should be"),
        "{}",
        again.stderr
    );
}

#[test]
fn what_a_host_prints_cannot_drive_the_terminal() {
    let stage = Stage::new("web1: ok");
    let hostile = r"printf '\033]0;title\007\033[2J\033]52;c;aGk=\007ok\rFAILED\n\302\233\n\342\200\256evil\n\377\n'";
    let ran = stage.case.run_with_flags(&["exec", "-H", "web1", "--color", "never", "--", hostile]).exits(0);
    let wild = |c: char| c.is_control() && c != '\n' || c == '\u{202e}' || c == '\u{fffd}';
    assert!(!ran.stdout.contains(wild), "{:?}", ran.stdout);
}
