//! Logins by password, with an account that the test makes for itself. That needs root.

use std::env;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::case::{Case, Ran};
use crate::secrets::Watcher;
use crate::support::sshd::Sshd;
use crate::support::sshd_config::SshdConfig;
use crate::terminal::Terminal;

pub(crate) const PASSWORD: &str = "c4n4ry pass'word";

/// What sshd needs to be told so that it asks PAM in its own words.
const QUESTIONS: &str = "UsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication yes\n";
/// And so that it takes the password as it is.
pub(crate) const PLAIN: &str = "UsePAM no\nPasswordAuthentication yes\nKbdInteractiveAuthentication no\n";

/// An account of this machine with a password, which goes with the test.
pub(crate) struct Account {
    pub(crate) name: String,
}

impl Account {
    /// Makes one, where that is possible.
    #[expect(clippy::print_stderr, reason = "a test that was left out must not look like one that passed")]
    pub(crate) fn new() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            assert!(env::var_os("RUNSHEET_REQUIRE_ROOT_TESTS").is_none(), "only root can make accounts");
            eprintln!("LEFT OUT: only root can make accounts");
            return None;
        }
        let account = Self { name: format!("rs-test-{}", std::process::id()) };
        let made = Command::new("useradd").args(["-m", "-s", "/bin/sh", &account.name]).output().expect("useradd");
        assert!(made.status.success(), "useradd: {}", String::from_utf8_lossy(&made.stderr));
        let mut setting = Command::new("chpasswd").stdin(Stdio::piped()).spawn().expect("chpasswd starts");
        let line = format!("{}:{PASSWORD}\n", account.name);
        setting.stdin.take().expect("a pipe").write_all(line.as_bytes()).expect("written");
        assert!(setting.wait().expect("it ends").success());
        Some(account)
    }

    /// Lets a key in as well.
    pub(crate) fn allow(&self, key: &Path) {
        let folder = Path::new("/home").join(&self.name).join(".ssh");
        fs::create_dir_all(&folder).expect("a folder");
        fs::copy(key.with_extension("pub"), folder.join("authorized_keys")).expect("copied");
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        // Its folder of mail was never made, which is told as a failure.
        let _ = Command::new("userdel").args(["-r", "-f", &self.name]).output();
    }
}

/// A project with `count` hosts, all of them one sshd, on which one can log in by password only.
pub(crate) fn stage(account: &Account, extra: &str, count: usize) -> (Sshd, Case) {
    let extra = format!("MaxStartups 500\n{extra}");
    let sshd = Sshd::start_with(&SshdConfig { address: "0.0.0.0", extra: &extra, ..SshdConfig::default() });
    let mut groups =
        format!("defaults: {{user: {}, port: {}}}\ngroups:\n  all:\n    hosts:\n", account.name, sshd.port());
    for n in 1..=count {
        groups.push_str(&format!("      - h{n}: {{address: 127.1.0.{n}}}\n"));
    }
    let config = format!("UserKnownHostsFile {}\nGlobalKnownHostsFile none\n", sshd.known_hosts().display());
    let case = Case::new().file("hostgroups/all.yaml", groups).file("ssh_config", config);
    (sshd, case)
}

const EXEC: [&str; 7] = ["exec", "-g", "all", "-F", "ssh_config", "-k", "--"];

#[test]
fn a_password_is_asked_for_once_and_lets_in_on_all_hosts() {
    let Some(account) = Account::new() else { return };
    for extra in [PLAIN, QUESTIONS] {
        let (sshd, case) = stage(&account, extra, 20);

        let mut terminal = Terminal::start(case.command(&[&EXEC[..], &["id -un"]].concat()));
        terminal.says("login password: ").types(PASSWORD);
        let ran = terminal.ends().exits(0);

        assert_eq!(ran.stderr.matches("password").count(), 1, "{}", ran.stderr);
        assert_eq!(ran.stderr.matches(&format!("] {}", account.name)).count(), 20, "{}", ran.stderr);
        assert_eq!(sshd.log().matches("Accepted ").count(), 20, "{}", sshd.log());
        assert_eq!(sshd.log().matches("Failed ").count(), 0, "{}", sshd.log());
    }
}

#[test]
fn a_wrong_password_is_said_to_five_hosts_at_most_and_to_each_once() {
    let Some(account) = Account::new() else { return };
    for (extra, failed) in [(PLAIN, "Failed password"), (QUESTIONS, "Failed keyboard-interactive")] {
        let (sshd, case) = stage(&account, extra, 20);

        let mut terminal = Terminal::start(case.command(&[&EXEC[..], &["true"]].concat()));
        terminal.says("login password: ").types("not the password");
        let ran = terminal.ends().exits(4);

        assert!(ran.stderr.contains("the password"), "{}", ran.stderr);
        assert_eq!(sshd.log().matches(failed).count(), 5, "{}", sshd.log());
    }
}

#[test]
fn a_password_that_is_not_there_is_told_before_any_host_is_touched() {
    let Some(account) = Account::new() else { return };
    let (sshd, case) = stage(&account, PLAIN, 1);

    case.run(&[&EXEC[..], &["true"]].concat()).exits(2).says("the login password (`-k`) is asked for at the terminal");
    let case = case.file("runsheet.yaml", "ssh: {password: {secret: login}}\n");
    let ran = case.run(&["exec", "-g", "all", "-F", "ssh_config", "--", "true"]).exits(2);
    ran.says("runsheet.yaml:1:").says("there is no secret `login` for the login password");
    let case = case.file("runsheet.yaml", "ssh: {password: {secret: login}}\nsecrets: {login: {env: NOT_SET}}\n");
    case.run(&["exec", "-g", "all", "-F", "ssh_config", "--", "true"]).exits(2).says("`NOT_SET` is not set");
    // A plan does not need it.
    case.run(&["exec", "-g", "all", "-F", "ssh_config", "--dry-run", "--", "true"]).exits(0);

    assert!(!sshd.log().contains("Connection from"), "{}", sshd.log());
}

#[test]
fn a_host_that_is_not_the_right_one_does_not_hear_the_password() {
    let Some(account) = Account::new() else { return };
    let (sshd, case) = stage(&account, PLAIN, 1);
    let case = case.file("ssh_config", "UserKnownHostsFile /dev/null\nGlobalKnownHostsFile none\n");

    let mut terminal = Terminal::start(case.command(&[&EXEC[..], &["true"]].concat()));
    terminal.says("login password: ").types(PASSWORD);
    terminal.ends().exits(4);

    assert!(sshd.log().contains("Connection from"), "{}", sshd.log());
    assert!(!sshd.log().contains("password for"), "{}", sshd.log());
}

#[test]
fn a_login_password_is_written_nowhere() {
    let Some(account) = Account::new() else { return };
    for (extra, log) in [(PLAIN, "trace"), (QUESTIONS, "")] {
        let (sshd, case) = stage(&account, extra, 3);
        let yaml = "ssh: {password: {secret: login}}\nsecrets: {login: {env: LOGIN}}\n";
        let case = case.file("runsheet.yaml", yaml).env("LOGIN", PASSWORD);
        let case = if log.is_empty() { case } else { case.env("RUNSHEET_LOG", log) };
        for format in ["plain", "json"] {
            let watcher = Watcher::start();
            let all =
                ["exec", "-g", "all", "-F", "ssh_config", "-vvvv", "--format", format, "--", "echo in; sleep 0.3"];
            let ran = case.run(&all).exits(0);
            let command_lines = watcher.stop();
            let show = case.run(&["show", "-a"]).exits(0);
            let mut places = vec![("command lines", command_lines), ("sshd's log", sshd.log())];
            for Ran { stdout, stderr, .. } in [ran, show] {
                places.extend([("stdout", stdout), ("stderr", stderr)]);
            }
            places.extend(case.all_state().iter().map(|(_, bytes)| ("state", String::from_utf8_lossy(bytes).into())));
            for (place, text) in places {
                for form in ["c4n4ry", "YzRuNHJ5"] {
                    assert!(!text.contains(form), "{format}: the password is in {place}: {text}");
                }
            }
        }
        assert_eq!(sshd.log().matches("Accepted ").count(), 6, "{}", sshd.log());
    }
}

#[test]
fn a_key_and_a_password_together_let_in_where_both_are_asked_for() {
    let Some(account) = Account::new() else { return };
    for (extra, second) in [(PLAIN, "password"), (QUESTIONS, "keyboard-interactive")] {
        let methods =
            format!("{extra}AuthenticationMethods publickey,{second}\nAuthorizedKeysFile .ssh/authorized_keys\n");
        let (sshd, case) = stage(&account, &methods, 3);
        account.allow(&sshd.identity());
        let identity = sshd.identity();
        let flags = ["exec", "-g", "all", "-F", "ssh_config", "-i", identity.to_str().expect("text")];

        let ran = case.run(&[&flags[..], &["--", "true"]].concat()).exits(4);
        assert!(ran.stderr.contains("accepted, but more is asked for"), "{}", ran.stderr);

        let mut terminal = Terminal::start(case.command(&[&flags[..], &["-k", "--", "id -un"]].concat()));
        terminal.says("login password: ").types(PASSWORD);
        let ran = terminal.ends().exits(0);
        assert_eq!(ran.stderr.matches(&format!("] {}", account.name)).count(), 3, "{}", ran.stderr);
        assert_eq!(sshd.log().matches("Failed ").count(), 0, "{}", sshd.log());
    }
}

#[test]
fn that_a_key_lets_in_says_nothing_about_the_password() {
    let Some(account) = Account::new() else { return };
    let mixed = format!(
        "{PLAIN}AuthorizedKeysFile .ssh/authorized_keys\nMatch LocalAddress 127.1.0.5/32,127.1.0.6/31,127.1.0.8/29,127.1.0.16/28\n  \
         PubkeyAuthentication no\n"
    );
    let (sshd, case) = stage(&account, &mixed, 20);
    account.allow(&sshd.identity());
    let identity = sshd.identity();
    let identity = identity.to_str().expect("text");

    // In two steps, so that the key has let in before the password is first needed.
    let sheet = "steps:\n\
        \x20 - {name: By key, task: command, hosts: 'h[1-4]', args: {run: 'true'}}\n\
        \x20 - {name: By password, task: command, hosts: '@all', args: {run: 'true'}}\n";
    let case = case.file("sheets/mixed.yaml", sheet);
    let flags = ["run", "mixed", "-y", "-F", "ssh_config", "-i", identity, "-k"];
    let mut terminal = Terminal::start(case.command(&flags));
    terminal.says("login password: ").types("not the password");
    let ran = terminal.ends().exits(4);

    assert_eq!(sshd.log().matches("Accepted publickey").count(), 4, "{}", sshd.log());
    assert_eq!(sshd.log().matches("Failed password").count(), 5, "{}", sshd.log());
    assert!(ran.stderr.contains("with the same password and none let it in"), "{}", ran.stderr);
}
