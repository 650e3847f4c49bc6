//! Commands end as they end on the host, or their end is said to be unknown.

use std::time::{Duration, Instant};

use runsheet_model::{LostReason, Stream};
use runsheet_ssh::{Deadlines, SshConnector, SshSettings};
use runsheet_task::{Connector, ExecEnd, Exit, Output, Remote, RemoteError};

use crate::rig::{FireAtOutput, PATIENCE, connect, endpoint, fed, hop, limits, request, run, sha256, stdout};
use crate::sshd::Sshd;

/// Patience that is short enough for a test and long enough for a busy machine.
fn impatient() -> SshConnector {
    SshConnector::new(SshSettings {
        deadlines: Deadlines {
            drain_idle: Duration::from_millis(300),
            term_grace: Duration::from_millis(500),
            kill_grace: Duration::from_secs(2),
            channel: Duration::from_secs(1),
            ..Deadlines::default()
        },
        ..SshSettings::default()
    })
}

#[tokio::test]
async fn a_command_ends_with_its_exit_status_and_its_output_is_whole() {
    let sshd = Sshd::start("");
    let connected = connect(&sshd).await;

    let (end, kept) = run(&*connected.remote, &request("echo out; echo err >&2; exit 3")).await;

    let end = end.expect("its end is seen");
    assert_eq!(end.exit, Exit::Status(3));
    assert!(!end.leaked);
    assert_eq!(kept.out, b"out\n");
    assert_eq!(kept.err, b"err\n");
    connected.remote.close().await;
    assert!(!connected.remote.is_alive());
    let (end, _) = run(&*connected.remote, &request("true")).await;
    assert!(matches!(end, Err(RemoteError::Disconnected)), "{end:?}");
}

#[tokio::test]
async fn a_command_that_is_killed_ends_with_the_signal() {
    let sshd = Sshd::start("");
    let connected = connect(&sshd).await;

    let (end, _) = run(&*connected.remote, &request("kill -9 $$")).await;

    assert_eq!(end.expect("its end is seen").exit, Exit::Signal("KILL".to_owned()));
}

#[tokio::test]
async fn f_19_what_is_left_in_the_background_does_not_hold_a_command_up() {
    let sshd = Sshd::start("");
    let connected = connect(&sshd).await;
    let started = Instant::now();

    let (end, kept) = run(&*connected.remote, &request("sleep 30 & echo hi; exit 3")).await;

    let end = end.expect("its end is seen");
    assert_eq!((end.exit, end.leaked), (Exit::Status(3), true));
    assert_eq!(kept.out, b"hi\n");
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
}

#[tokio::test]
async fn standard_error_that_comes_after_the_end_of_standard_output_is_not_lost() {
    let sshd = Sshd::start("");
    let connected = connect(&sshd).await;

    let (end, kept) = run(&*connected.remote, &request("exec >/dev/null; sleep 0.3; echo late >&2")).await;

    assert!(!end.expect("its end is seen").leaked);
    assert_eq!(kept.err, b"late\n");
}

#[tokio::test]
async fn commands_that_only_run_take_no_longer_than_the_host_needs() {
    let sshd = Sshd::start("");
    let connected = connect(&sshd).await;
    let started = Instant::now();

    for _ in 0..20 {
        stdout(&*connected.remote, "true").await;
    }

    // Each would take two seconds more if its end were waited for in silence.
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[tokio::test]
async fn f_15_a_channel_that_is_closed_without_a_status_is_lost() {
    let sshd = Sshd::start("ChannelTimeout session:*=1s");
    let connected = connect(&sshd).await;

    let (end, _) = run(&*connected.remote, &request("sleep 30; exit 7")).await;

    let reason = LostReason::ClosedWithoutStatus;
    assert!(matches!(end, Err(RemoteError::Lost { reason: r }) if r == reason), "{end:?}");
}

#[tokio::test]
async fn f_14_a_connection_that_breaks_under_a_command_is_lost_and_nothing_is_started_on_it_again() {
    let sshd = Sshd::start("");
    let connected = connect(&sshd).await;

    let (end, _) = run(&*connected.remote, &request("kill -9 $PPID; sleep 30")).await;

    let reason = LostReason::ConnectionClosed;
    assert!(matches!(end, Err(RemoteError::Lost { reason: r }) if r == reason), "{end:?}");
    let (end, _) = run(&*connected.remote, &request("true")).await;
    assert!(matches!(end, Err(RemoteError::Disconnected)), "{end:?}");
}

#[tokio::test]
async fn f_20_standard_input_arrives_whole_and_then_ends() {
    let sshd = Sshd::start("");
    let connected = connect(&sshd).await;
    let stdin: Vec<u8> = (0..=250_u8).cycle().take(5_000_000).collect();

    let (end, kept) = run(&*connected.remote, &fed("sha256sum; echo done", stdin.clone())).await;

    assert_eq!(end.expect("its end is seen").exit, Exit::Status(0));
    let expected = format!("{}  -\ndone\n", sha256(&stdin));
    assert_eq!(String::from_utf8_lossy(&kept.out), expected);
    let (end, kept) = run(&*connected.remote, &request("cat; echo empty")).await;
    assert_eq!(end.expect("its end is seen").exit, Exit::Status(0));
    assert_eq!(kept.out, b"empty\n");
}

#[tokio::test]
async fn a_command_that_does_not_read_its_input_ends_all_the_same() {
    let sshd = Sshd::start("");
    let connected = connect(&sshd).await;

    let (end, _) = run(&*connected.remote, &fed("exit 4", vec![b'x'; 20_000_000])).await;

    assert_eq!(end.expect("its end is seen").exit, Exit::Status(4));
    assert_eq!(stdout(&*connected.remote, "echo on").await, "on\n");
}

#[tokio::test]
async fn twenty_megabytes_of_output_arrive_byte_by_byte() {
    let sshd = Sshd::start("");
    let connected = connect(&sshd).await;

    let command = "head -c 20000000 /dev/zero | tr '\\0' 'x'; printf 'end\\0\\377'";
    let (end, kept) = run(&*connected.remote, &request(command)).await;

    assert_eq!(end.expect("its end is seen").exit, Exit::Status(0));
    let expected = [vec![b'x'; 20_000_000], b"end\0\xff".to_vec()].concat();
    assert_eq!(sha256(&kept.out), sha256(&expected));
}

#[tokio::test]
async fn output_survives_new_keys() {
    let sshd = Sshd::start("RekeyLimit 1M");
    let connected = connect(&sshd).await;

    let (end, kept) = run(&*connected.remote, &request("head -c 20000000 /dev/zero")).await;

    assert_eq!(end.expect("its end is seen").exit, Exit::Status(0));
    assert_eq!(kept.out.len(), 20_000_000);
}

/// Counts and adds up standard output, and keeps none of it.
#[derive(Default)]
struct Counted {
    bytes: u64,
    other_than_zero: bool,
}

impl Output for Counted {
    fn chunk(&mut self, stream: Stream, bytes: &[u8]) {
        if stream == Stream::Out {
            self.bytes += bytes.len() as u64;
            self.other_than_zero |= bytes.iter().any(|byte| *byte != 0);
        }
    }
}

/// russh renews its keys after 1 GiB (RFC 4253 §9), which nothing else in the tests comes to.
#[tokio::test]
async fn more_than_a_gibibyte_of_output_arrives_whole_over_our_own_new_keys() {
    const SIZE: u64 = 1_181_116_006;
    let sshd = Sshd::start("RekeyLimit 8G\nLogLevel DEBUG1");
    let connected = connect(&sshd).await;
    let mut large = request(&format!("head -c {SIZE} /dev/zero; exit 3"));
    large.limits = limits(PATIENCE * 5);
    let mut counted = Counted::default();

    let end = connected.remote.exec(&large, &mut counted).await;

    assert_eq!(end.expect("its end is seen").exit, Exit::Status(3));
    assert_eq!((counted.bytes, counted.other_than_zero), (SIZE, false));
    // Evidence: the host was asked for new keys while the command ran.
    let exchanges = sshd.log().matches("SSH2_MSG_KEXINIT received").count();
    assert!(exchanges >= 2, "{exchanges} exchanges of keys");
}

#[tokio::test]
async fn f_17_a_command_that_runs_out_of_time_is_stopped() {
    let sshd = Sshd::start("");
    let connected = connect(&sshd).await;
    let mut late = request("exec sleep 61.7");
    late.limits = limits(Duration::from_millis(500));

    let (end, _) = run(&*connected.remote, &late).await;

    assert!(matches!(end, Err(RemoteError::TimedOut { .. })), "{end:?}");
    assert_eq!(stdout(&*connected.remote, "pgrep -fx 'sleep 61.7' || true").await, "");
}

#[tokio::test]
async fn f_18_a_command_that_ignores_being_asked_is_killed() {
    let sshd = Sshd::start("");
    let connected = impatient().connect(&endpoint(hop(&sshd, "127.0.0.1"))).await.expect("connected");
    let mut stubborn = request("trap '' TERM; while :; do sleep 0.1; done");
    stubborn.limits = limits(Duration::from_millis(500));

    let (end, _) = run(&*connected.remote, &stubborn).await;

    assert!(matches!(end, Err(RemoteError::TimedOut { .. })), "{end:?}");
}

#[tokio::test]
async fn a_command_that_never_stops_talking_does_not_talk_past_its_limit() {
    let sshd = Sshd::start("");
    let connected = connect(&sshd).await;
    let mut talker = request("yes");
    talker.limits = limits(Duration::from_millis(300));
    let started = Instant::now();

    let (end, _) = run(&*connected.remote, &talker).await;

    assert!(matches!(end, Err(RemoteError::TimedOut { .. })), "{end:?}");
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
}

#[tokio::test]
async fn f_18_a_stopped_command_that_leaves_something_running_is_lost() {
    let sshd = Sshd::start("");
    let connected = impatient().connect(&endpoint(hop(&sshd, "127.0.0.1"))).await.expect("connected");
    // Another session, nobody's child any more, and the same standard output.
    let mut leaving = request("(setsid sleep 60 &); exec sleep 60");
    leaving.limits = limits(Duration::from_millis(500));

    let (end, _) = run(&*connected.remote, &leaving).await;

    let reason = LostReason::TimedOut;
    assert!(matches!(end, Err(RemoteError::Lost { reason: r }) if r == reason), "{end:?}");
}

/// Whether a process with exactly these words runs, seen on the host.
async fn runs(remote: &dyn Remote, words: &str) -> bool {
    !stdout(remote, &format!("pgrep -fx '{words}' || true")).await.is_empty()
}

#[tokio::test]
async fn what_a_command_has_started_ends_with_it_even_if_it_ignores_being_asked_and_holds_no_output() {
    let sshd = Sshd::start("");
    let connected = impatient().connect(&endpoint(hop(&sshd, "127.0.0.1"))).await.expect("connected");
    let remote = &*connected.remote;
    let mut late = request(
        "sh -c 'trap \"\" TERM; sleep 62.1' >/dev/null 2>&1 </dev/null &
         setsid sh -c 'trap \"\" TERM; sleep 62.2' >/dev/null 2>&1 </dev/null &
         exec sleep 62.3",
    );
    late.limits = limits(Duration::from_millis(700));

    let (running, others) = tokio::join!(run(remote, &late), async {
        // Before its time is up it does run, or this would show nothing.
        let mut seen = false;
        for _ in 0..20 {
            seen |= runs(remote, "sleep 62.1").await && runs(remote, "sleep 62.2").await;
        }
        seen
    });

    assert!(others, "it never ran");
    assert!(matches!(running.0, Err(RemoteError::TimedOut { .. })), "{:?}", running.0);
    for words in ["sleep 62.1", "sleep 62.2", "sleep 62.3"] {
        assert!(!runs(remote, words).await, "`{words}` lives on");
    }
}

#[tokio::test]
async fn a_command_that_is_stopped_takes_no_other_of_its_connection_with_it() {
    let sshd = Sshd::start("");
    let connected = connect(&sshd).await;
    let remote = &*connected.remote;
    let mut late = request("sleep 60");
    late.limits = limits(Duration::from_millis(300));

    let (late, beside) = tokio::join!(run(remote, &late), stdout(remote, "sleep 2; echo whole"));

    assert!(matches!(late.0, Err(RemoteError::TimedOut { .. })), "{:?}", late.0);
    assert_eq!(beside, "whole\n");
}

#[tokio::test]
async fn the_end_of_a_command_is_seen_where_a_host_has_one_session() {
    let sshd = Sshd::start("MaxSessions 1");
    let connected = impatient().connect(&endpoint(hop(&sshd, "127.0.0.1"))).await.expect("connected");
    let mut leaves = request("(trap '' TERM; exec sleep 64.1) >/dev/null 2>&1 </dev/null & exec sleep 64.2");
    leaves.limits = limits(Duration::from_millis(500));

    let (left, _) = run(&*connected.remote, &leaves).await;

    // Nobody can be sent there to signal it, and sshd signals nothing for root: what lives on is told.
    assert!(matches!(left, Err(RemoteError::Lost { reason: LostReason::TimedOut })), "{left:?}");
    assert!(std::process::Command::new("pkill").args(["-fx", "sleep 64.[12]"]).status().expect("pkill").success());
}

#[tokio::test]
async fn what_announces_a_command_is_not_its_output() {
    let sshd = Sshd::start("");
    let connected = connect(&sshd).await;

    let (end, kept) = run(&*connected.remote, &request("printf 'no line' >&2; exec 1>&2; echo; exit 4")).await;

    assert_eq!(end.expect("its end is seen").exit, Exit::Status(4));
    assert_eq!(String::from_utf8_lossy(&kept.err), "no line\n");
    assert!(kept.out.is_empty());
}

#[tokio::test]
async fn a_command_is_stopped_on_demand_and_its_end_is_seen() {
    let sshd = Sshd::start("");
    let connected = connect(&sshd).await;
    let running = request("echo started; sleep 600");
    let cancel = running.limits.cancel.clone();

    let end = connected.remote.exec(&running, &mut FireAtOutput(cancel)).await;

    assert!(matches!(end, Err(RemoteError::Stopped)), "{end:?}");
}

#[tokio::test]
async fn a_command_that_is_stopped_before_its_processes_are_known_is_ended_once_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    // The login shell speaks before it comes to what it was given.
    let at_start = folder.path().join("at_start");
    std::fs::write(&at_start, "unset BASH_ENV; echo early; sleep 0.5\n").expect("written");
    let sshd = Sshd::start(&format!("SetEnv BASH_ENV={}", at_start.display()));
    let connected = connect(&sshd).await;
    let running = request("exec sleep 66.1");
    let cancel = running.limits.cancel.clone();

    let end = connected.remote.exec(&running, &mut FireAtOutput(cancel)).await;

    assert!(matches!(end, Err(RemoteError::Stopped)), "{end:?}");
    // Evidence from the host: pgrep says 1 if there is none.
    assert_eq!(
        std::process::Command::new("pgrep").args(["-fx", "sleep 66.1"]).status().expect("pgrep").code(),
        Some(1)
    );
}

#[tokio::test]
async fn what_is_stopped_before_it_was_started_is_not_started() {
    let sshd = Sshd::start("");
    let connected = connect(&sshd).await;
    let never = request("touch started");
    never.limits.cancel.cancel();

    let (end, _) = run(&*connected.remote, &never).await;

    assert!(matches!(end, Err(RemoteError::NotPermitted)), "{end:?}");
}

#[tokio::test]
async fn a_hundred_commands_at_once_share_a_connection_without_using_up_its_sessions() {
    let sshd = Sshd::start("");
    let connected = connect(&sshd).await;

    let all = (0..100).map(|n| {
        let remote = &connected.remote;
        async move { stdout(&**remote, &format!("echo {n}")).await }
    });
    let all = futures::future::join_all(all).await;

    let expected: Vec<String> = (0..100).map(|n| format!("{n}\n")).collect();
    assert_eq!(all, expected);
}

#[tokio::test]
async fn a_host_that_has_no_session_left_says_so_before_anything_runs() {
    let sshd = Sshd::start("MaxSessions 0");
    let connected = impatient().connect(&endpoint(hop(&sshd, "127.0.0.1"))).await.expect("connected");
    let (refused, _) = run(&*connected.remote, &request("true")).await;
    let Err(RemoteError::NotStarted(refused)) = refused else {
        panic!("{refused:?}");
    };
    assert!(refused.reason.contains("MaxSessions"), "{}", refused.reason);
}

#[tokio::test]
async fn commands_wait_for_each_other_where_a_host_has_few_sessions() {
    for most in [1, 2] {
        let sshd = Sshd::start(&format!("MaxSessions {most}"));
        // A channel has a second to open, and the commands before it take longer than that.
        let connected = impatient().connect(&endpoint(hop(&sshd, "127.0.0.1"))).await.expect("connected");
        let remote = &*connected.remote;
        let folder = tempfile::tempdir().expect("a folder");
        let command = |number: usize| {
            // Evidence of how many run at once, on the host.
            let folder = folder.path().display();
            request(&format!("touch {folder}/{number}; ls {folder} | wc -l; sleep 0.7; rm {folder}/{number}"))
        };
        let commands: Vec<_> = (0..4).map(command).collect();
        let ends = futures::future::join_all(commands.iter().map(|command| run(remote, command))).await;
        for (end, kept) in ends {
            assert!(matches!(end, Ok(ExecEnd { exit: Exit::Status(0), .. })), "{end:?}");
            let at_once: usize = String::from_utf8_lossy(&kept.out).trim().parse().expect("a number");
            assert!((1..=most).contains(&at_once), "{at_once} at once with MaxSessions {most}");
        }
    }
}

#[tokio::test]
async fn commands_that_nobody_waits_for_give_their_sessions_back() {
    let sshd = Sshd::start("");
    let connected = connect(&sshd).await;

    for _ in 0..12 {
        // It ends when nobody takes its output; sshd counts its session until then.
        let command = request("yes");
        let running = run(&*connected.remote, &command);
        // Given up while it runs.
        assert!(tokio::time::timeout(Duration::from_millis(300), running).await.is_err());
    }

    let last = tokio::time::timeout(PATIENCE, stdout(&*connected.remote, "echo on")).await;
    assert_eq!(last.expect("a session is free"), "on\n");
}
