//! Becoming another user by a password, with the real sudo and an account that the test makes for itself. That needs root.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

use crate::case::{Case, Ran};
use crate::passwords::{Account, PASSWORD, PLAIN, stage};
use crate::secrets::Watcher;
use crate::support::sshd::Sshd;
use crate::terminal::Terminal;

/// What sudo lets an account do, for as long as the test runs.
pub(crate) struct Sudoers(PathBuf);

impl Sudoers {
    pub(crate) fn let_become_root(account: &Account, tags: &str) -> Self {
        let path = PathBuf::from(format!("/etc/sudoers.d/{}", account.name));
        fs::write(&path, format!("{} ALL=(ALL) {tags}ALL\n", account.name)).expect("only root may write there");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).expect("its mode is set");
        Self(path)
    }
}

impl Drop for Sudoers {
    fn drop(&mut self) {
        // Whatever fails here was told before.
        let _ = fs::remove_file(&self.0);
    }
}

/// Hosts on which the account logs in by key.
pub(crate) fn hosts(account: &Account, count: usize) -> (Sshd, Case) {
    let (sshd, case) = stage(account, &format!("{PLAIN}AuthorizedKeysFile .ssh/authorized_keys\n"), count);
    account.allow(&sshd.identity());
    (sshd, case)
}

fn exec(sshd: &Sshd, more: &[&str]) -> Vec<String> {
    let identity = sshd.identity().display().to_string();
    let first = ["exec", "-g", "all", "-F", "ssh_config", "-i", &identity, "--sudo"];
    first.iter().chain(more).map(|word| (*word).to_owned()).collect()
}

fn words(owned: &[String]) -> Vec<&str> {
    owned.iter().map(String::as_str).collect()
}

fn with_password(case: &Case, sshd: &Sshd, password: &str, more: &[&str]) -> Ran {
    let flags = exec(sshd, &[&["-K"], more].concat());
    let mut terminal = Terminal::start(case.command(&words(&flags)));
    terminal.says("sudo password: ").types(password);
    terminal.ends()
}

#[test]
fn sudo_gets_its_password_and_the_command_and_every_other_place_do_not() {
    let Some(account) = Account::new() else { return };
    let _sudoers = Sudoers::let_become_root(&account, "");
    let (sshd, case) = hosts(&account, 3);

    let watcher = Watcher::start();
    let ran = with_password(&case, &sshd, PASSWORD, &["-vvvv", "--", "id -un; wc -c; sleep 0.3"]);
    let command_lines = watcher.stop();

    let ran = ran.exits(0);
    assert_eq!(ran.stderr.matches("] root").count(), 3, "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("] 0").count(), 3, "the command has read something: {}", ran.stderr);
    let state =
        case.all_state().iter().map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect::<String>();
    for (place, text) in
        [("command lines", command_lines), ("output", ran.stderr), ("state", state), ("log", sshd.log())]
    {
        assert!(!text.contains("c4n4ry"), "the password is in {place}: {text}");
    }
}

#[test]
fn what_a_command_reads_arrives_whole_after_the_password() {
    let Some(account) = Account::new() else { return };
    let _sudoers = Sudoers::let_become_root(&account, "");
    let (sshd, case) = hosts(&account, 1);
    let (there, text) = (case.path("there"), "first line\n\tlast, of many\n".repeat(10_000));
    let sheet = format!(
        "vars: {{text: {text:?}}}\nsteps:\n  - name: Write\n    task: command\n    hosts: h1\n    sudo: true\n    \
         args: {{run: 'cat >{}', stdin: '{{{{ vars.text }}}}'}}\n",
        there.display()
    );
    let case = case.file("sheets/write.yaml", sheet);
    let identity = sshd.identity().display().to_string();

    let flags = ["run", "write", "-y", "-F", "ssh_config", "-i", &identity, "-K"];
    let mut terminal = Terminal::start(case.command(&flags));
    terminal.says("sudo password: ").types(PASSWORD);
    terminal.ends().exits(0);

    assert_eq!(fs::metadata(&there).expect("written").uid(), 0, "root wrote it");
    assert!(fs::read_to_string(&there).expect("written") == text);
}

#[test]
fn sudo_is_told_a_password_out_of_the_secrets_and_nobody_is_asked() {
    let Some(account) = Account::new() else { return };
    let _sudoers = Sudoers::let_become_root(&account, "");
    let (sshd, case) = hosts(&account, 3);
    let case = case
        .file("runsheet.yaml", "secrets: {become: {env: BECOME}}\nssh: {sudo_password: {secret: become}}\n")
        .env("BECOME", PASSWORD);

    let watcher = Watcher::start();
    let ran = case.run(&words(&exec(&sshd, &["-vvvv", "--", "id -un; wc -c; sleep 0.3"])));
    let command_lines = watcher.stop();

    let ran = ran.exits(0);
    assert_eq!(ran.stdout.matches("] root").count(), 3, "{}", ran.stderr);
    assert_eq!(ran.stdout.matches("] 0").count(), 3, "the command has read something: {}", ran.stderr);
    let state =
        case.all_state().iter().map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect::<String>();
    for (place, text) in
        [("command lines", command_lines), ("output", ran.stdout + &ran.stderr), ("state", state), ("log", sshd.log())]
    {
        assert!(!text.contains("c4n4ry"), "the password is in {place}: {text}");
    }
}

#[test]
fn a_password_for_sudo_is_read_only_for_a_plan_with_sudo_and_a_missing_one_is_told_before() {
    let case = Case::new()
        .file("runsheet.yaml", "secrets: {become: {env: BECOME}}\nssh: {sudo_password: {secret: become}}\n")
        .file("hostgroups/all.yaml", "groups: {all: {hosts: [h1: {address: 127.0.0.1, port: 1}]}}\n");
    case.run(&["exec", "-g", "all", "-F", "none", "--sudo", "--", "true"]).exits(2).says("BECOME");
    case.run(&["exec", "-g", "all", "-F", "none", "--doas", "--", "true"]).exits(4);
    let case = case.file("runsheet.yaml", "ssh: {sudo_password: {secret: become}}\n");
    let ran = case.run(&["exec", "-g", "all", "--", "true"]).exits(2);
    ran.says("runsheet.yaml:1:22: there is no secret `become` for sudo's password");
}

#[test]
fn where_sudo_asks_for_nothing_nobody_hears_the_password() {
    let Some(account) = Account::new() else { return };
    let _sudoers = Sudoers::let_become_root(&account, "NOPASSWD: ");
    let (sshd, case) = hosts(&account, 1);

    let ran = with_password(&case, &sshd, PASSWORD, &["--", "wc -c; id -un"]).exits(0);

    assert!(ran.stderr.contains("] 0") && ran.stderr.contains("] root"), "{}", ran.stderr);
}

#[test]
fn a_sudo_that_wants_a_terminal_gets_one_and_its_password_there() {
    let Some(account) = Account::new() else { return };
    let _sudoers = Sudoers::let_become_root(&account, "");
    let more = format!("Defaults:{} requiretty\n", account.name);
    let sudoers = PathBuf::from("/etc/sudoers.d").join(&account.name);
    let rules = fs::read_to_string(&sudoers).expect("the rules") + &more;
    fs::write(&sudoers, rules).expect("written");
    let (sshd, case) = hosts(&account, 1);

    let ran = with_password(&case, &sshd, PASSWORD, &["--", "id -un"]).exits(5);
    assert!(ran.stderr.contains("you must have a tty"), "{}", ran.stderr);
    let ran = with_password(&case, &sshd, PASSWORD, &["--pty", "--", "id -un; tty; wc -c"]).exits(0);

    assert!(ran.stderr.contains("] root") && ran.stderr.contains("] /dev/pts/"), "{}", ran.stderr);
    assert!(ran.stderr.contains("] 0") && !ran.stderr.contains("c4n4ry"), "{}", ran.stderr);
}

#[test]
fn a_wrong_sudo_password_is_said_to_five_hosts_at_most_and_once_and_a_right_one_to_all() {
    let Some(account) = Account::new() else { return };
    let _sudoers = Sudoers::let_become_root(&account, "");
    let (sshd, case) = hosts(&account, 20);
    let log = case.path("sudo.log");
    let sudoers = PathBuf::from("/etc/sudoers.d").join(&account.name);
    let more = format!("Defaults:{} logfile={}\n", account.name, log.display());
    let rules = fs::read_to_string(&sudoers).expect("the rules") + &more;
    fs::write(&sudoers, rules).expect("written");
    let evidence = case.path("ran");
    let command = format!("echo ran >>{}", evidence.display());

    let ran = with_password(&case, &sshd, "not the password", &["--", &command]).exits(5);

    let said = fs::read_to_string(&log).expect("sudo's own log");
    assert_eq!(said.matches("1 incorrect password attempt").count(), 5, "{said}");
    assert!(ran.stderr.contains("with the same sudo password"), "{}", ran.stderr);
    assert!(!evidence.exists());

    with_password(&case, &sshd, PASSWORD, &["--", &command]).exits(0);

    assert_eq!(fs::read_to_string(&evidence).expect("it ran").lines().count(), 20);
}

#[test]
fn f_30_a_sudo_that_wants_a_password_that_nobody_has_fails_and_does_not_hang() {
    let Some(account) = Account::new() else { return };
    let _sudoers = Sudoers::let_become_root(&account, "");
    let (sshd, case) = hosts(&account, 1);

    let ran = case.run(&words(&exec(&sshd, &["--", "true"]))).exits(5);
    ran.says("sudo asked for a password to become `root`")
        .says("asks for sudo's password once")
        .says("sudo_password: {secret: NAME}");
    case.run(&words(&exec(&sshd, &["-K", "--", "true"]))).exits(2).says("sudo's password (`-K`) is asked for");
}
