//! Host keys that `runsheet preflight` finds on no record: gathered, shown, and learned with one answer.

use std::fs;
use std::process::Command;

use crate::case::Case;
use crate::practice_runs::Stage;
use crate::support::sshd::Sshd;
use crate::support::sshd_config::SshdConfig;
use crate::terminal::Terminal;

const QUESTION: &str = "put all of them on record? [y/N] ";

fn sshd() -> Sshd {
    Sshd::start_with(&SshdConfig { address: "0.0.0.0", extra: "MaxStartups 100\n", ..SshdConfig::default() })
}

/// A project whose known_hosts is not there yet. Each sshd is three hosts, `a1` to `a3`, `b1` to `b3` and so on; `more` goes into ssh_config.
fn strangers(sshds: &[&Sshd], more: &str) -> Case {
    let mut groups = "groups:\n  all:\n    hosts:\n".to_owned();
    for (letter, sshd) in ('a'..).zip(sshds) {
        for n in 1..=3 {
            groups.push_str(&format!(
                "      - {letter}{n}: {{address: 127.1.0.{n}, port: {}, user: {}, identity: {}}}\n",
                sshd.port(),
                sshd.user(),
                sshd.identity().display()
            ));
        }
    }
    let case = Case::new().file("hostgroups/all.yaml", groups);
    let known = case.path("known_hosts").display().to_string();
    case.file("ssh_config", format!("UserKnownHostsFile {known}\nGlobalKnownHostsFile none\n{more}")).flags(&[
        "-F",
        "ssh_config",
        "--clock",
        "10m",
        "--free",
        "1B",
    ])
}

/// The fingerprint of an sshd's key, as ssh-keygen tells it.
fn fingerprint(sshd: &Sshd) -> String {
    let key = sshd.folder().join("host_ed25519.pub");
    let output = Command::new("ssh-keygen").arg("-lf").arg(key).output().expect("ssh-keygen");
    String::from_utf8_lossy(&output.stdout).split(' ').nth(1).expect("a fingerprint").to_owned()
}

/// What ssh-keygen finds in a known_hosts file.
fn found(case: &Case, name: &str) -> bool {
    let known = case.path("known_hosts");
    Command::new("ssh-keygen").args(["-F", name, "-f"]).arg(known).output().expect("ssh-keygen").status.success()
}

const PREFLIGHT: [&str; 9] =
    ["preflight", "@all", "-F", "ssh_config", "--clock", "10m", "--free", "1B", "--color=never"];

#[test]
fn unknown_keys_of_many_hosts_are_learned_with_one_answer() {
    let (one, other) = (sshd(), sshd());
    let case = strangers(&[&one, &other], "");

    let mut terminal = Terminal::start(case.command(&PREFLIGHT));
    terminal.says(&fingerprint(&one)).says("ssh-ed25519  a[1-3]  the same key on 3 hosts");
    terminal.says(&fingerprint(&other)).says("b[1-3]").says(QUESTION);
    for sshd in [&one, &other] {
        assert_eq!(sshd.log().matches("Accepted ").count(), 0, "nobody has proven who it is: {}", sshd.log());
    }
    assert!(!case.path("known_hosts").exists());
    terminal.types("yes");
    let ran = terminal.ends().exits(0).says("host keys put on record").says("6 hosts looked at: all is well");

    assert_eq!(ran.stderr.matches(QUESTION).count(), 1, "{}", ran.stderr);
    assert_eq!(fs::read_to_string(case.path("known_hosts")).expect("written").lines().count(), 6);
    for sshd in [&one, &other] {
        assert_eq!(sshd.log().matches("Accepted publickey ").count(), 3, "{}", sshd.log());
        assert!((1..=3).all(|n| found(&case, &format!("[127.1.0.{n}]:{}", sshd.port()))));
    }
    case.run(&["exec", "-F", "ssh_config", "--host-keys", "strict", "-g", "all", "--", "true"]).exits(0);
    assert!(case.runs().len() == 1, "preflight has recorded a run");
}

#[test]
fn without_a_yes_no_key_is_learned() {
    let sshd = sshd();
    let case = strangers(&[&sshd], "");
    for answer in ["", "n", "yess"] {
        let mut terminal = Terminal::start(case.command(&PREFLIGHT));
        terminal.says(QUESTION).types(answer);
        terminal.ends().exits(4).says("a[1-3] (3)  its host key is not on record").says("`--learn`");
    }
    let ran = Terminal::start(case.command(&[&PREFLIGHT[..], &["--no-input"]].concat())).ends().exits(4);
    assert!(!ran.stderr.contains(QUESTION), "{}", ran.stderr);
    let ran = case.run(&PREFLIGHT).exits(4);
    assert!(ran.stdout.contains(&fingerprint(&sshd)), "{}", ran.stdout);

    assert!(!case.path("known_hosts").exists());
    assert_eq!(sshd.log().matches("Accepted ").count(), 0, "{}", sshd.log());
}

#[test]
fn a_flag_learns_for_scripts_and_the_rest_is_checked_at_once() {
    let sshd = sshd();
    let case = strangers(&[&sshd], "HashKnownHosts yes\n");
    let ran = case.run(&[&PREFLIGHT[..], &["--learn", "--format", "json"]].concat()).exits(0);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one document");
    assert_eq!(report["fine"], serde_json::json!(["a1", "a2", "a3"]));
    assert_eq!(report["unknown_keys"][0]["learned"], true);
    assert_eq!(report["unknown_keys"][0]["fingerprint"], fingerprint(&sshd));
    let before = fs::read(case.path("known_hosts")).expect("written");

    let again = case.run(&[&PREFLIGHT[..], &["--learn"]].concat()).exits(0);
    assert!(!again.stdout.contains("on record"), "{}", again.stdout);
    assert_eq!(fs::read(case.path("known_hosts")).expect("written"), before);
}

#[test]
fn a_changed_key_is_never_offered_for_learning() {
    let stage = Stage::new("web[1-3]: ok; web2: wrong-key");
    let config = fs::read_to_string(stage.case.path("ssh_config")).expect("a file");
    let known = config.lines().next().and_then(|line| line.split(' ').nth(1)).expect("a path").to_owned();
    let before = fs::read(&known).expect("known_hosts");

    let ran = stage.case.run_with_flags(&["preflight", "@web", "--learn", "--clock", "10m", "--free", "1B"]).exits(4);

    assert!(ran.stdout.contains("web2  the host key of") && ran.stdout.contains("has changed"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("put on record"), "{}", ran.stdout);
    assert!(ran.stdout.contains("hint: if the host was rebuilt, forget its old key: ssh-keygen -R"), "{}", ran.stdout);
    assert_eq!(fs::read(&known).expect("known_hosts"), before);
    assert_eq!(stage.host("web2").commands(), Vec::<String>::new());
}

#[test]
fn a_name_that_shows_two_keys_is_not_learned() {
    let (one, other) = (sshd(), sshd());
    let case = strangers(&[&one, &other], "HostKeyAlias shared\n");
    let ran = case.run(&[&PREFLIGHT[..], &["--learn"]].concat()).exits(4);
    assert!(ran.stdout.contains("shows one key now and another then"), "{}", ran.stdout);
    assert!(!case.path("known_hosts").exists());
}

#[test]
fn keys_of_jump_hosts_and_of_those_behind_them_are_learned_in_turn() {
    let (bastion, inner) = (sshd(), sshd());
    let jump = format!("-J{}@127.2.0.1:{}", bastion.user(), bastion.port());
    let identity = format!("Match host 127.2.0.1\nIdentityFile {}\n", bastion.identity().display());
    let case = strangers(&[&inner], &identity);
    let flags = |more: &[&'static str]| {
        let all = [&PREFLIGHT[..], more].concat().into_iter().map(ToOwned::to_owned);
        all.chain([jump.clone()]).collect::<Vec<_>>()
    };
    let run = |flags: &[String]| case.command(&flags.iter().map(String::as_str).collect::<Vec<_>>());

    let mut terminal = Terminal::start(run(&flags(&[])));
    terminal.says(&fingerprint(&bastion)).says("jump host").says(QUESTION).types("y");
    terminal.says(&fingerprint(&inner)).says("a[1-3]").says(QUESTION).types("n");
    terminal.ends().exits(4).says("a[1-3] (3)  its host key is not on record");
    assert!(found(&case, &format!("[127.2.0.1]:{}", bastion.port())));
    assert!(!found(&case, &format!("[127.1.0.1]:{}", inner.port())));

    fs::remove_file(case.path("known_hosts")).expect("removed");
    let mut command = run(&flags(&["--learn"]));
    let ran = crate::case::Ran::of(&command.output().expect("it runs")).exits(0);
    assert!(ran.stdout.contains("3 hosts looked at: all is well"), "{}", ran.stdout);
    assert!(found(&case, &format!("[127.1.0.3]:{}", inner.port())));
}

#[test]
fn where_new_hosts_are_let_in_anyway_nobody_is_asked() {
    let sshd = sshd();
    let case = strangers(&[&sshd], "StrictHostKeyChecking accept-new\n");
    let ran = Terminal::start(case.command(&PREFLIGHT)).ends().exits(0);
    assert!(!ran.stderr.contains(QUESTION), "{}", ran.stderr);
    assert!(ran.stderr.contains("host keys put on record: a[1-3]"), "{}", ran.stderr);
}
