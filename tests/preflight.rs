//! What `runsheet preflight` finds, and what it leaves alone.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::case::{Case, Ran};
use crate::hostile_hosts::{Beside, ESCAPES};
use crate::passwords::{Account, PASSWORD};
use crate::practice_runs::Stage;
use crate::real_sshd::{many_addresses, settled};
use crate::sudo::{Sudoers, hosts};
use crate::support::sshd::Sshd;
use crate::support::sshd_config::SshdConfig;
use crate::terminal::Terminal;

/// Bounds that no machine that runs tests is beyond.
const WIDE: [&str; 4] = ["--clock", "10m", "--free", "1B"];

fn sshd(extra: &str) -> (Sshd, Case) {
    let extra = format!("MaxStartups 200:30:300\n{extra}");
    let sshd = Sshd::start_with(&SshdConfig { address: "0.0.0.0", extra: &extra, ..SshdConfig::default() });
    let case = settled(many_addresses(&sshd, 20));
    (sshd, case)
}

fn preflight(case: &Case, args: &[&str]) -> Ran {
    case.run_with_flags(&[&["preflight", "-g", "all"], &WIDE[..], args].concat())
}

/// What each group says of which hosts.
fn findings(ran: &Ran) -> Vec<(String, String, Value)> {
    let report: Value = serde_json::from_str(&ran.stdout).expect("one document of JSON");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let groups = report["findings"].as_array().expect("a list").iter();
    groups.map(|group| (text(&group["check"]), text(&group["says"]), group["hosts"].clone())).collect()
}

/// Puts a program before all others of a practice host.
fn program(stage: &Stage, host: &str, name: &str, script: &str) {
    let path = stage.host(host).home().join("bin").join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a program");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its mode");
}

#[test]
fn where_all_is_well_each_host_is_asked_once_and_nothing_is_left_behind() {
    let (sshd, case) = sshd("");
    let before = fs::read_dir(sshd.folder()).expect("the login folder").count();

    let ran = preflight(&case, &[]).exits(0);

    assert_eq!(ran.stdout, "20 hosts looked at: all is well\n");
    assert_eq!(sshd.log().matches("Accepted publickey").count(), 20);
    assert_eq!(sshd.log().matches("Starting session: ").count(), 20, "more than one command a host: {}", sshd.log());
    let after = fs::read_dir(sshd.folder()).expect("the login folder").count();
    assert_eq!(before, after);
    assert!(case.runs().is_empty() && case.all_state().is_empty(), "a run was recorded");
}

#[test]
fn what_is_wrong_is_told_by_cause_with_the_hosts_it_concerns() {
    let stage = Stage::new("web[1-8]: ok; web[1-2]: refuse; web3: wrong-key; web4: deny; web[5-6]: close");
    let group = stage.case.path("hostgroups/web.yaml");
    let text = fs::read_to_string(&group).expect("a file");
    fs::write(&group, format!("{text}      - dead: {{address: no-such-host.invalid}}\n")).expect("a file");
    let args = [&["preflight", "@web", "--format", "json"], &WIDE[..]].concat();

    let ran = stage.case.run_with_flags(&args).exits(4);

    let found = findings(&ran);
    let about = |check: &str| -> Vec<_> { found.iter().filter(|(about, ..)| about == check).collect() };
    assert_eq!(about("name")[0].2, json!(["dead"]), "{found:#?}");
    assert!(about("connection").iter().all(|(_, says, _)| says.contains("refused")), "{found:#?}");
    assert_eq!(about("connection").iter().map(|(.., hosts)| hosts.as_array().map_or(0, Vec::len)).sum::<usize>(), 2);
    assert_eq!(about("host_key")[0].2, json!(["web3"]));
    assert_eq!(about("login")[0].2, json!(["web4"]));
    assert_eq!(about("shell")[0].2, json!(["web5", "web6"]), "{found:#?}");
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!((&report["hosts"], &report["fine"]), (&json!(9), &json!(["web7", "web8"])));

    let ran = stage.case.run_with_flags(&args[..2]).exits(4);
    assert!(ran.stdout.contains("login\n  web4  the host does not let `"), "{}", ran.stdout);
    assert!(ran.stdout.contains("  web[5-6] (2)  the channel was closed"), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("9 hosts looked at: something is wrong with 7\n"), "{}", ran.stdout);
}

#[test]
fn a_wrong_login_is_tried_on_five_hosts_at_most() {
    let (sshd, case) = sshd("");
    let ran = preflight(&case, &["-u", "stranger"]).exits(4);
    assert!(ran.stdout.contains("20 hosts looked at: something is wrong with 20"), "{}", ran.stdout);
    assert!(ran.stdout.contains("not asked: 5 hosts refused `stranger`"), "{}", ran.stdout);
    assert_eq!(sshd.log().matches("Invalid user stranger from").count(), 5, "{}", sshd.log());
}

#[test]
fn what_login_scripts_print_is_found_and_does_not_get_among_the_answers() {
    let (_sshd, case) = sshd("ForceCommand echo \"Good morning\"; eval \"$SSH_ORIGINAL_COMMAND\"\n");
    let ran = preflight(&case, &["--format", "json"]).exits(4);
    let found = findings(&ran);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].1, "its login scripts print to standard output: `Good morning`");
    assert_eq!(found[0].2.as_array().map(Vec::len), Some(20));
}

#[test]
fn a_login_shell_that_runs_nothing_is_told_with_what_it_says() {
    let (_sshd, case) = sshd("ForceCommand echo \"This account is not available.\"; exit 1\n");
    let ran = preflight(&case, &[]).exits(4);
    assert!(ran.stdout.contains("(20)  its login shell does not run commands"), "{}", ran.stdout);
    assert!(ran.stdout.contains("it says `This account is not available.`"), "{}", ran.stdout);
}

#[test]
fn a_login_script_that_waits_is_given_up_in_time() {
    let (_sshd, case) = sshd("ForceCommand sleep 60; eval \"$SSH_ORIGINAL_COMMAND\"\n");
    let ran = preflight(&case, &["-T", "1s", "--limit", "h[0-1]"]).exits(4);
    assert!(ran.stdout.contains("h[0-1] (2)  1s went by before its login shell started"), "{}", ran.stdout);
}

#[test]
fn clocks_that_are_off_are_told_with_how_much() {
    let stage = Stage::new("web[1-4]: ok");
    program(&stage, "web1", "date", "/bin/date -u -d '-100 seconds' +%s.%N");
    program(&stage, "web2", "date", "/bin/date -u -d '-500 seconds' +%s");
    program(&stage, "web3", "date", "echo 'what time?'");
    let ran = stage.case.run_with_flags(&["preflight", "@web", "--clock", "30s", "--free", "1B"]).exits(4);
    let line = ran.stdout.lines().find(|line| line.contains("web[1-2] (2)")).expect("one line for both");
    assert!(line.starts_with("  web[1-2] (2)  the clock is more than 30s behind ours: 1m "), "{line}");
    assert!(line.contains(" to 8m "), "{line}");
    assert!(ran.stdout.contains("  web3  its clock cannot be read: `date` says `what time?`"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("web4"), "{}", ran.stdout);
}

/// A small file system in the place of a folder.
struct Small<'a>(&'a Path);

impl<'a> Small<'a> {
    #[expect(clippy::print_stderr, reason = "a test that was left out must not look like one that passed")]
    fn at(folder: &'a Path) -> Option<Self> {
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m,mode=0777", "tmpfs"]).arg(folder).status();
        if mount.is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        assert!(std::env::var_os("RUNSHEET_REQUIRE_ROOT_TESTS").is_none(), "only root can mount");
        eprintln!("LEFT OUT: only root can mount a small file system");
        None
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        // Whatever fails here was told before.
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn a_full_file_system_of_the_login_folder_is_found() {
    let stage = Stage::new("web[1-3]: ok");
    let home = stage.host("web2").home().to_owned();
    let Some(_small) = Small::at(&home) else { return };
    fs::write(home.join("filler"), vec![0; 1536 * 1024]).expect("it fits");
    let args = ["preflight", "@web", "--clock", "10m", "--free", "1MiB"];
    let ran = stage.case.run_with_flags(&args).exits(4);
    assert!(
        ran.stdout.contains("free space\n  web2  less than 1MiB is free in the login folder: 512KiB"),
        "{}",
        ran.stdout
    );
    fs::remove_file(home.join("filler")).expect("removed");
    stage.case.run_with_flags(&args).exits(0);
}

#[test]
fn sudo_that_wants_a_password_names_the_flag_that_asks_for_it() {
    let Some(account) = Account::new() else { return };
    let _sudoers = Sudoers::let_become_root(&account, "");
    let (sshd, case) = hosts(&account, 3);
    let identity = sshd.identity().display().to_string();
    let args = [&["preflight", "-g", "all", "-F", "ssh_config", "-i", &identity], &WIDE[..]].concat();

    case.run(&args).exits(0);
    let with_sudo = [&args[..], &["--sudo"]].concat();
    let ran = case.run(&with_sudo).exits(4);
    assert!(ran.stdout.contains("sudo\n  h[1-3] (3)  sudo does not let us become `root`"), "{}", ran.stdout);
    assert!(ran.stdout.contains("a password is required") && ran.stdout.contains("asks for sudo's password once"));

    for (password, code) in [(PASSWORD, 0), ("not the password", 4)] {
        let mut terminal = Terminal::start(case.command(&[&with_sudo[..], &["-K"]].concat()));
        terminal.says("sudo password: ").types(password);
        let ran = terminal.ends().exits(code);
        assert_eq!(ran.stderr.contains("1 incorrect password attempt`"), code == 4, "{}", ran.stderr);
        assert_eq!(ran.stderr.contains("is not the login user's there"), code == 4, "{}", ran.stderr);
    }
    drop(sshd);
}

#[test]
fn a_password_that_a_host_says_back_is_not_shown() {
    let stage = Stage::new("web[1-2]: ok");
    program(
        &stage,
        "web1",
        "sudo",
        "printf %s \"$3\" >&2; read -r heard; echo \"sudo: $heard, thank you\" >&2; exit 1",
    );
    let args = [&["preflight", "@web", "--sudo", "-K", "-F", "ssh_config"], &WIDE[..]].concat();
    let mut terminal = Terminal::start(stage.case.command(&args));
    terminal.says("sudo password: ").types("c4n4ry of sudo");
    let ran = terminal.ends().exits(4).says("it says `sudo: ********, thank you`");
    assert!(!ran.stderr.contains("c4n4ry"), "{}", ran.stderr);
}

#[test]
fn the_hosts_of_a_sheet_are_checked_for_what_its_steps_need_of_them() {
    let stage = Stage::new("web[1-4]: ok; lb: ok").sheet(
        "vars: {who: 'web[1-3]'}\nsteps:\n\
         \x20 - {name: As root, task: command, hosts: web1, sudo: true, args: {run: 'true'}}\n\
         \x20 - {name: As me, task: command, hosts: '{{ vars.who }}!web1!web3', args: {run: 'true'}}\n\
         \x20 - {name: Elsewhere, hosts: web3, do: [{task: command, delegate: lb, sudo: solr, args: {run: 'true'}}]}\n\
         \x20 - {name: Left out, task: command, hosts: web4, enabled: false, args: {run: 'true'}}\n",
    );
    for host in ["web1", "web2", "web3", "web4", "lb"] {
        program(&stage, host, "sudo", "echo 'sudo: a password is required' >&2; exit 1");
    }
    let args = [&["preflight", "deploy", "--format", "json"], &WIDE[..]].concat();
    let ran = stage.case.run_with_flags(&args).exits(4);
    let found: Vec<_> = findings(&ran).into_iter().map(|(_, says, hosts)| (says, hosts)).collect();
    let says = |user: &str| format!("sudo does not let us become `{user}`: it says `sudo: a password is required`");
    assert_eq!(found, [(says("root"), json!(["web1"])), (says("solr"), json!(["lb"]))]);
    let connections = ["web1", "web2", "web3", "web4", "lb"].map(|host| stage.host(host).connections());
    assert_eq!(connections, [1, 1, 0, 0, 1], "who is not needed is left alone");

    let all = [&args[..], &["--only", "As me"]].concat();
    stage.case.run_with_flags(&all).exits(0);
    stage.case.run_with_flags(&["preflight", "@web", "--only", "As me"]).exits(2);
    stage.case.run_with_flags(&["preflight"]).exits(2);
    stage.case.run_with_flags(&["preflight", "--sudo", "web"]).exits(2).says("`--sudo web` says whom to become");
    stage.case.run_with_flags(&["preflight", "nobody"]).exits(2);
}

#[test]
fn a_host_that_answers_with_harm_is_told_and_drives_nothing() {
    let flood = |mut peer: runsheet_hostile::Peer| async move {
        peer.arrive().await?;
        let session = peer.session().await?;
        for _ in 0..50 {
            peer.send(&session.out(ESCAPES.repeat(100))).await?;
            peer.send(&session.extended(1, ESCAPES.repeat(100))).await?;
        }
        peer.send_all(&[session.exit_status(0), session.eof(), session.close()]).await?;
        peer.hold().await;
        Ok(())
    };
    let for_ever = |mut peer: runsheet_hostile::Peer| async move {
        peer.arrive().await?;
        let session = peer.session().await?;
        peer.send_for_ever(&session.out(ESCAPES)).await
    };
    let args = [&["preflight", "@web", "-T", "3s", "--color", "never"], &WIDE[..]].concat();
    let ran = Beside::new(flood).run(&args).exits(4);
    assert!(ran.stdout.contains("  evil  its login shell does not run commands"), "{}", ran.stdout);
    assert!(ran.stdout.contains("\\x1b]0;owned"), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("3 hosts looked at: something is wrong with 1\n"), "{}", ran.stdout);
    let ran = Beside::new(for_ever).run(&args).exits(4);
    assert!(ran.stdout.contains("  evil  "), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("3 hosts looked at: something is wrong with 1\n"), "{}", ran.stdout);
}
