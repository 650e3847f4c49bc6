//! The program against OpenSSH's own sshd, one process that answers on many loopback addresses.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use crate::case::Case;
use crate::support::sshd::Sshd;
use crate::support::sshd_config::SshdConfig;

/// A project whose hosts are `count` addresses of one sshd.
pub(crate) fn many_addresses(sshd: &Sshd, count: usize) -> Case {
    let mut groups = format!(
        "defaults: {{user: {}, port: {}, identity: {}}}\ngroups:\n  all:\n    hosts:\n",
        sshd.user(),
        sshd.port(),
        sshd.identity().display()
    );
    for number in 0..count {
        groups.push_str(&format!("      - h{number}: {{address: 127.1.{}.{}}}\n", number / 250, number % 250 + 1));
    }
    // One key for all addresses.
    let known = fs::read_to_string(sshd.known_hosts()).expect("known_hosts");
    let key = known.lines().next().and_then(|line| line.split_once(' ')).expect("a key").1.to_owned();
    Case::new()
        .file("hostgroups/all.yaml", groups)
        .file("known_hosts", format!("* {key}\n[*]:{} {key}\n", sshd.port()))
        .file("ssh_config", "UserKnownHostsFile known_hosts\nGlobalKnownHostsFile none\n")
}

/// The paths of an ssh_config are those of the user: absolute.
pub(crate) fn settled(case: Case) -> Case {
    let known = case.path("known_hosts");
    case.file("ssh_config", format!("UserKnownHostsFile {}\nGlobalKnownHostsFile none\n", known.display()))
        .flags(&["-F", "ssh_config"])
}

#[test]
fn three_hundred_addresses_of_one_sshd_all_answer() {
    let config = SshdConfig { address: "0.0.0.0", extra: "MaxStartups 200:30:300\n", ..SshdConfig::default() };
    let sshd = Sshd::start_with(&config);
    let case = settled(many_addresses(&sshd, 300));
    let ran = case.run_with_flags(&["exec", "-g", "all", "--", "echo $SSH_CONNECTION"]).exits(0);
    let answered: BTreeSet<&str> = ran.stdout.lines().filter_map(|line| line.split_whitespace().nth(3)).collect();
    assert_eq!(answered.len(), 300, "{}", ran.stderr);
    assert_eq!(sshd.log().matches("Accepted publickey").count(), 300);
}

#[test]
fn a_steps_environment_and_folder_reach_its_commands_whatever_variables_the_host_takes() {
    for accepted in ["", "AcceptEnv *\n", "AcceptEnv WORD\nSetEnv WORD=the-hosts-own\n"] {
        let sshd = Sshd::start_with(&SshdConfig { address: "0.0.0.0", extra: accepted, ..SshdConfig::default() });
        let case = settled(many_addresses(&sshd, 1));
        let folder = case.path("it's a folder");
        fs::create_dir(&folder).expect("a folder");
        let sheet = format!(
            "steps:\n  - name: Write\n    task: command\n    hosts: h0\n    dir: \"{}\"\n    env:\n      \
             WORD: \"it's $HOME; `id`\\n\\ttwo lines \"\n      COUNT: 007\n    \
             args: {{run: 'printf \"%s|\" \"$WORD\" \"$COUNT\" >written'}}\n",
            folder.display()
        );
        let case = case.file("sheets/write.yaml", sheet);
        case.run_with_flags(&["run", "write", "-y"]).exits(0);
        let written = fs::read_to_string(folder.join("written")).expect("written there");
        assert_eq!(written, "it's $HOME; `id`\n\ttwo lines |007|", "{accepted}");
    }
}

#[test]
fn hosts_that_are_turned_away_by_max_startups_are_tried_again() {
    let config = SshdConfig { address: "0.0.0.0", extra: "MaxStartups 4:50:20\n", ..SshdConfig::default() };
    let sshd = Sshd::start_with(&config);
    let case = settled(many_addresses(&sshd, 40));
    case.run_with_flags(&["exec", "-g", "all", "--", "true"]).exits(0);
}

#[test]
fn a_daemon_that_keeps_the_output_open_does_not_hold_the_step_up() {
    let sshd = Sshd::start_with(&SshdConfig { address: "0.0.0.0", ..SshdConfig::default() });
    let case = settled(many_addresses(&sshd, 1));
    let started = Instant::now();
    let ran = case.run_with_flags(&["exec", "-H", "h0", "--", "sleep 25 & echo started"]).exits(0);
    assert!(started.elapsed() < Duration::from_secs(15), "it took {:?}", started.elapsed());
    assert_eq!(ran.stdout, "[h0] started\n");
}

#[test]
fn a_closed_channel_without_a_status_is_never_ok() {
    let config = SshdConfig { address: "0.0.0.0", extra: "ChannelTimeout session:*=1s\n", ..SshdConfig::default() };
    let sshd = Sshd::start_with(&config);
    let case = settled(many_addresses(&sshd, 1));
    case.run_with_flags(&["exec", "-H", "h0", "--", "sleep 4; exit 7"]).exits(8).says("without an exit status");
}

#[test]
fn exit_codes_and_signals_are_told_apart() {
    let sshd = Sshd::start_with(&SshdConfig { address: "0.0.0.0", ..SshdConfig::default() });
    let case = settled(many_addresses(&sshd, 1));
    case.run_with_flags(&["exec", "-H", "h0", "--", "exit 255"]).exits(5).says("255");
    case.run_with_flags(&["exec", "-H", "h0", "--", "kill -9 $$"]).exits(5).says("KILL");
}

#[test]
fn a_command_that_takes_too_long_is_stopped() {
    let sshd = Sshd::start_with(&SshdConfig { address: "0.0.0.0", ..SshdConfig::default() });
    let case = settled(many_addresses(&sshd, 1));
    let started = Instant::now();
    case.run_with_flags(&["exec", "-H", "h0", "-T", "2s", "--", "exec sleep 300"]).exits(5).says("did not end within");
    assert!(started.elapsed() < Duration::from_secs(20), "it took {:?}", started.elapsed());
}

#[test]
fn accept_new_puts_a_key_on_record_once_and_strict_refuses_it() {
    let sshd = Sshd::start_with(&SshdConfig { address: "0.0.0.0", ..SshdConfig::default() });
    let case = many_addresses(&sshd, 20);
    let known = case.path("learned");
    let case = case
        .file("ssh_config", format!("UserKnownHostsFile {}\nGlobalKnownHostsFile none\n", known.display()))
        .flags(&["-F", "ssh_config"]);
    case.run_with_flags(&["exec", "-g", "all", "--", "true"]).exits(4);
    assert!(!known.exists());
    case.run_with_flags(&["exec", "-g", "all", "--host-keys", "accept-new", "--", "true"]).exits(0);
    let learned = fs::read_to_string(&known).expect("known_hosts");
    assert_eq!(learned.lines().count(), 20, "{learned}");
    case.run_with_flags(&["exec", "-g", "all", "--", "true"]).exits(0);
}

#[test]
fn f_32_the_first_interrupt_finishes_what_runs() {
    let sshd = Sshd::start_with(&SshdConfig { address: "0.0.0.0", ..SshdConfig::default() });
    let case = settled(many_addresses(&sshd, 4));
    let marks = case.path("marks");
    fs::create_dir(&marks).expect("a folder");
    let marks = marks.display();
    let command = format!("touch {marks}/begun.$$; sleep 2; touch {marks}/ended.$$");
    let child = case
        .command(&["exec", "-g", "all", "-f", "1", "-F", "ssh_config", "--", &command])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    let count = |what: &str| {
        let names = fs::read_dir(case.path("marks")).expect("the folder");
        names.filter(|name| name.as_ref().expect("a name").file_name().to_string_lossy().starts_with(what)).count()
    };
    let deadline = Instant::now() + Duration::from_secs(20);
    while count("begun") == 0 {
        assert!(Instant::now() < deadline, "no host has begun");
        std::thread::yield_now();
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("a signal");
    let ran = crate::case::Ran::of(&child.wait_with_output().expect("it ends")).exits(130);
    assert_eq!((count("begun"), count("ended")), (1, 1), "{}", ran.stderr);
}
