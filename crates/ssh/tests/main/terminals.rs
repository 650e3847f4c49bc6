//! Commands with a terminal, which they have only where somebody wants it.

use std::time::{Duration, Instant};

use runsheet_task::{ExecRequest, Exit, RemoteError};

use crate::processes::marked_with;
use crate::rig::{connect, fed, limits, request, run};
use crate::sshd::Sshd;

fn on_terminal(request: ExecRequest) -> ExecRequest {
    ExecRequest { pty: true, ..request }
}

#[tokio::test]
async fn f_20_a_command_has_a_terminal_only_where_one_is_asked_for() {
    let sshd = Sshd::start("");
    let connected = connect(&sshd).await;
    let show = "for fd in 0 1 2; do test -t $fd && printf yes || printf no; done; echo; stty size 2>/dev/null; true";

    let (end, kept) = run(&*connected.remote, &request(show)).await;
    assert_eq!(end.expect("its end is seen").exit, Exit::Status(0));
    assert_eq!(String::from_utf8_lossy(&kept.out), "nonono\n");

    let (end, kept) = run(&*connected.remote, &on_terminal(request(show))).await;
    assert_eq!(end.expect("its end is seen").exit, Exit::Status(0));
    assert_eq!(String::from_utf8_lossy(&kept.out), "yesyesyes\n24 80\n");
    assert_eq!(kept.err, b"");
}

#[tokio::test]
async fn a_terminal_changes_nothing_of_what_is_read_and_written() {
    let sshd = Sshd::start("");
    let connected = connect(&sshd).await;
    let many = "some line of text, \tand what follows it\n".repeat(20_000);
    let odd = "^C \x03 DEL \x7f ^U \x15 ^V \x16 ^S \x13 ^Z \x1a CR \r\nümläut\nno end";
    let longest = "x".repeat(4095);
    for text in [odd, "", "\n", &longest, &many] {
        let asked = on_terminal(fed("cat; printf 'a\\tb\\n'; echo c >&2; exit 7", text.as_bytes().to_vec()));
        let (end, kept) = run(&*connected.remote, &asked).await;
        assert_eq!(end.expect("its end is seen").exit, Exit::Status(7));
        assert_eq!(String::from_utf8_lossy(&kept.out), format!("{text}a\tb\nc\n"));
        assert_eq!(kept.err, b"");
    }
}

#[tokio::test]
async fn a_command_on_a_terminal_that_reads_is_told_that_there_is_nothing() {
    let sshd = Sshd::start("");
    let connected = connect(&sshd).await;
    let begun = Instant::now();

    let (end, kept) = run(&*connected.remote, &on_terminal(request("cat; sleep 0.5; echo over"))).await;

    assert_eq!(end.expect("its end is seen").exit, Exit::Status(0));
    assert_eq!(kept.out, b"over\n");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn what_a_terminal_would_cut_is_refused_before_anything_runs() {
    let sshd = Sshd::start("");
    let connected = connect(&sshd).await;

    let (end, _) = run(&*connected.remote, &on_terminal(fed("cat", vec![b'x'; 4096]))).await;

    let Err(RemoteError::NotStarted(why)) = end else { panic!("{end:?}") };
    assert!(why.reason.contains("lines of at most 4095 bytes"), "{}", why.reason);
}

#[tokio::test]
async fn a_host_that_gives_no_terminal_is_told_before_anything_runs() {
    let sshd = Sshd::start("PermitTTY no\n");
    let connected = connect(&sshd).await;

    let (end, kept) = run(&*connected.remote, &on_terminal(request("echo ran"))).await;

    let Err(RemoteError::NotStarted(why)) = end else { panic!("{end:?}") };
    assert_eq!(why.reason, "the host gives no terminal");
    assert!(why.hint.is_some_and(|hint| hint.contains("PermitTTY")));
    assert_eq!(kept.out, b"");
}

#[tokio::test]
async fn a_command_on_a_terminal_that_runs_out_of_time_is_seen_to_end() {
    let sshd = Sshd::start("");
    let connected = connect(&sshd).await;

    let long = on_terminal(request("RS_ON_TERMINAL=1 sleep 63.7; true"));
    let (end, _) = run(&*connected.remote, &ExecRequest { limits: limits(Duration::from_millis(700)), ..long }).await;

    assert!(matches!(end, Err(RemoteError::TimedOut { .. })), "{end:?}");
    assert!(marked_with("RS_ON_TERMINAL=1").is_empty());
}
