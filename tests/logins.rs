//! What somebody is asked about logging in: once, at the terminal, before any host hears of us.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::case::Case;
use crate::support::sshd::Sshd;
use crate::support::sshd_config::SshdConfig;
use crate::terminal::Terminal;

/// The passphrase of encrypted keys.
const PASSPHRASE: &str = "opens sesame";

fn keygen(args: &[&str], key: &Path) {
    let made = Command::new("ssh-keygen").arg("-q").args(args).arg(key).stdin(Stdio::null()).status();
    assert!(made.expect("ssh-keygen starts").success());
}

/// An sshd that is many hosts, and a project that reaches three of them with keys that the test chooses.
struct Stage {
    sshd: Sshd,
    case: Case,
}

impl Stage {
    fn new(extra: &str) -> Self {
        let sshd = Sshd::start_with(&SshdConfig { address: "0.0.0.0", extra, ..SshdConfig::default() });
        let hosts = ["1", "2", "3"].map(|n| format!("      - h{n}: {{address: 127.1.0.{n}}}\n")).concat();
        let groups =
            format!("defaults: {{user: {}, port: {}}}\ngroups:\n  all:\n    hosts:\n{hosts}", sshd.user(), sshd.port());
        let config = format!("UserKnownHostsFile {}\nGlobalKnownHostsFile none\n", sshd.known_hosts().display());
        let case = Case::new().file("hostgroups/all.yaml", groups).file("ssh_config", config);
        Self { sshd, case }
    }

    /// Makes a key that all hosts let in.
    fn key(&self, name: &str, args: &[&str]) -> PathBuf {
        let key = self.case.path(name);
        keygen(&[args, &["-C", name, "-f"]].concat(), &key);
        let mut allowed = fs::read(self.sshd.folder().join("authorized_keys")).expect("keys that are let in");
        allowed.extend(fs::read(key.with_extension("pub")).expect("the public half"));
        fs::write(self.sshd.folder().join("authorized_keys"), allowed).expect("written");
        key
    }

    fn exec(&self, flags: &[&str]) -> Command {
        let all = [&["exec", "-g", "all", "-F", "ssh_config"], flags, &["--", "echo in"]].concat();
        self.case.command(&all)
    }

    fn nobody_came(&self) {
        assert!(!self.sshd.log().contains("Connection from"), "{}", self.sshd.log());
    }
}

#[test]
fn a_passphrase_is_asked_for_once_and_opens_the_key_for_all_hosts() {
    for format in [&["-t", "ed25519"][..], &["-t", "rsa", "-b", "2048", "-m", "PEM"]] {
        let stage = Stage::new("");
        let key = stage.key("locked", &[format, &["-N", PASSPHRASE]].concat());

        let mut terminal = Terminal::start(stage.exec(&["-i", "locked"]));
        terminal.says(&format!("passphrase of {}: ", key.display())).types(PASSPHRASE);
        let ran = terminal.ends().exits(0);

        assert_eq!(ran.stderr.matches("passphrase").count(), 1, "{}", ran.stderr);
        assert_eq!(ran.stderr.matches("] in").count(), 3, "{}", ran.stderr);
        assert!(!ran.stderr.contains(PASSPHRASE), "it is shown: {}", ran.stderr);
        assert_eq!(stage.sshd.log().matches("Accepted publickey").count(), 3, "{}", stage.sshd.log());
    }
}

#[test]
fn three_wrong_passphrases_end_the_run_before_any_host_is_touched() {
    let stage = Stage::new("");
    stage.key("locked", &["-t", "ed25519", "-N", PASSPHRASE]);

    let mut terminal = Terminal::start(stage.exec(&["-i", "locked"]));
    for wrong in ["no", "", "opens Sesame"] {
        terminal.says("passphrase of ").types(wrong);
    }
    terminal.ends().exits(2).says("none of the passphrases opens it").says("ssh-add");

    stage.nobody_came();
    assert!(stage.case.runs().is_empty());
}

#[test]
fn a_second_passphrase_may_be_the_right_one() {
    let stage = Stage::new("");
    stage.key("locked", &["-t", "ecdsa", "-N", PASSPHRASE]);

    let mut terminal = Terminal::start(stage.exec(&["-i", "locked"]));
    terminal.says("passphrase of ").types("wrong");
    terminal.says("that passphrase does not open it; try again").says("passphrase of ").types(PASSPHRASE);
    terminal.ends().exits(0);
}

#[test]
fn ctrl_c_at_a_question_ends_the_run_and_leaves_the_terminal_as_it_was() {
    let stage = Stage::new("");
    stage.key("locked", &["-t", "ed25519", "-N", PASSPHRASE]);

    let mut terminal = Terminal::start(stage.exec(&["-i", "locked"]));
    terminal.says("passphrase of ").says(": ");
    assert!(!terminal.shows_keys());
    terminal.presses("half\x03");

    assert_eq!(terminal.is_ended_by(), Some(2));
    assert!(terminal.shows_keys());
    stage.nobody_came();
}

#[test]
fn an_encrypted_key_with_nobody_to_ask_is_told_before_any_host_is_touched() {
    let stage = Stage::new("");
    let key = stage.key("locked", &["-t", "ed25519", "-N", PASSPHRASE]);
    let hint = format!("ssh-add {}", key.display());

    let ran = Terminal::start(stage.exec(&["-i", "locked", "--no-input"])).ends().exits(2);
    // A terminal breaks lines, a pipe does not.
    assert!(ran.stderr.contains("nobody to ask for its passphrase"), "{}", ran.stderr);
    let ran = stage.exec(&["-i", "locked"]).output().expect("it runs");
    let ran = crate::case::Ran::of(&ran).exits(2);
    ran.says("locked` cannot be used").says("nobody to ask for its passphrase").says(&hint);

    stage.nobody_came();
    assert!(stage.case.runs().is_empty());
}

#[test]
fn nobody_is_asked_for_what_is_not_needed() {
    let stage = Stage::new("");
    stage.key("locked", &["-t", "ed25519", "-N", PASSPHRASE]);
    stage.key("open", &["-t", "ed25519", "-N", ""]);

    // Another key may do: without a terminal the encrypted one is passed over, and at one it can be left out.
    let both = ["-i", "locked", "-i", "open"];
    assert!(stage.exec(&both).status().expect("it runs").success());
    let mut terminal = Terminal::start(stage.exec(&both));
    terminal.says("(Enter leaves it out): ").types("");
    terminal.ends().exits(0);

    // A plan alone asks for nothing.
    let ran = Terminal::start(stage.exec(&["-i", "locked", "--dry-run"])).ends().exits(0);
    assert!(!ran.stderr.contains("passphrase"), "{}", ran.stderr);
}

#[test]
fn a_key_that_the_agent_has_is_not_asked_for() {
    let stage = Stage::new("");
    let key = stage.key("locked", &["-t", "ed25519", "-N", PASSPHRASE]);
    let askpass = stage.case.path("askpass");
    fs::write(&askpass, format!("#!/bin/sh\necho '{PASSPHRASE}'\n")).expect("written");
    let executable = Command::new("chmod").arg("700").arg(&askpass).status().expect("chmod starts");
    assert!(executable.success());

    // The agent ends with the shell that it starts.
    let inner = stage.exec(&["-i", "locked"]);
    let script = "ssh-add -q \"$1\" && shift && exec \"$@\"";
    let mut command = Command::new("ssh-agent");
    command.args(["sh", "-c", script, "sh"]).arg(&key).arg(inner.get_program()).args(inner.get_args());
    command.current_dir(inner.get_current_dir().expect("a folder")).env_clear();
    for (name, value) in inner.get_envs() {
        command.env(name, value.expect("a value"));
    }
    command.env("SSH_ASKPASS_REQUIRE", "force").env("SSH_ASKPASS", askpass);
    let ran = Terminal::start(command).ends().exits(0);

    assert!(!ran.stderr.contains("passphrase"), "{}", ran.stderr);
    assert_eq!(stage.sshd.log().matches("Accepted publickey").count(), 3, "{}", stage.sshd.log());
}

#[test]
fn a_certificate_out_of_its_time_is_told_with_its_date_before_anything_runs() {
    let stage = Stage::new("");
    keygen(&["-t", "ed25519", "-N", "", "-f"], &stage.case.path("authority"));
    for (name, times, said) in [
        ("expired", "20200101000000Z:20200102030405Z", "ago, on 2020-01-02 03:04:05"),
        ("early", "20990101000000Z:20990202000000Z", ", from 2099-01-01 00:00:00 on"),
    ] {
        let key = stage.key(name, &["-t", "ed25519", "-N", ""]);
        let authority = stage.case.path("authority");
        let authority = authority.to_str().expect("text");
        keygen(&["-I", "test", "-n", "root", "-V", times, "-s", authority], &key.with_extension("pub"));

        let ran = stage.exec(&["-i", name]).env("TZ", "UTC").output().expect("it runs");
        let ran = crate::case::Ran::of(&ran).exits(0).says(&format!("warning: {}-cert.pub is not used", key.display()));

        let warning = ran.stderr.lines().position(|line| line.contains(said));
        let first = ran.stderr.lines().position(|line| line.contains("h1"));
        assert!(warning.is_some() && first.is_none_or(|first| warning < Some(first)), "{}", ran.stderr);
        assert_eq!(ran.stderr.matches("is not used").count(), 1, "{}", ran.stderr);
    }
}

#[test]
fn the_agent_is_forwarded_where_ssh_config_wants_it_and_the_project_allows_it() {
    let stage = Stage::new("");
    let key = stage.key("mine", &["-t", "ed25519", "-N", ""]);
    let config = fs::read_to_string(stage.case.path("ssh_config")).expect("the config");
    fs::write(stage.case.path("ssh_config"), format!("{config}ForwardAgent yes\n")).expect("written");
    let look = |stage: &Stage| {
        let inner = stage.exec(&["-i", "mine"]);
        let mut command = Command::new("ssh-agent");
        let words: Vec<_> = inner.get_args().collect();
        let (_, before) = words.split_last().expect("some");
        let script = "ssh-add -q \"$1\" && shift && exec \"$@\"";
        command.args(["sh", "-c", script, "sh"]).arg(&key).arg(inner.get_program()).args(before);
        command.arg("test -z \"$SSH_AUTH_SOCK\" && echo none || ssh-add -l");
        command.current_dir(inner.get_current_dir().expect("a folder")).env_clear();
        for (name, value) in inner.get_envs() {
            command.env(name, value.expect("a value"));
        }
        crate::case::Ran::of(&command.output().expect("it runs")).exits(0)
    };

    let ran = look(&stage).says("warning: `ForwardAgent yes` is not honoured for h[1-3]: ");
    assert_eq!(ran.stderr.matches("ForwardAgent").count(), 1, "{}", ran.stderr);
    assert_eq!(ran.stdout.matches("] none").count(), 3, "{}", ran.stdout);

    fs::write(stage.case.path("runsheet.yaml"), "ssh: {forward_agent: [all]}\n").expect("written");
    let ran = look(&stage);
    assert!(!ran.stderr.contains("ForwardAgent"), "{}", ran.stderr);
    assert_eq!(ran.stdout.matches("(ED25519)").count(), 3, "{}", ran.stdout);
}
