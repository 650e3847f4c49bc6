use std::fs;
use std::process::Output;
use std::time::{Duration, Instant};

use runsheet_practice::{Fault, Fleet};
use tokio::net::TcpStream;

use crate::client::{finish, host, is_running, line_of, run, ssh, stderr, stdout};

/// A fleet of one host, `web1`, with a fault.
async fn faulty(fault: Fault) -> Fleet {
    Fleet::builder().host("web1").fault("web1", fault).start().await.expect("a fleet")
}

/// Runs a command with the client's log on stderr.
async fn run_with_log(fleet: &Fleet, command: &str) -> Output {
    finish(ssh(fleet, "web1").args(["-v", command])).await
}

/// The client has not heard how the command ended.
fn assert_no_status(output: &Output) {
    let log = stderr(output);
    assert!(log.contains("Authenticated to"), "{log}");
    assert!(!log.contains("rtype exit-"), "{log}");
    assert_eq!(output.status.code(), Some(255));
}

#[tokio::test]
async fn refuse_closes_the_port_at_once_and_can_be_undone() {
    let fleet = faulty(Fault::Refuse).await;
    let web1 = host(&fleet, "web1");
    let output = run(&fleet, "web1", "true").await;
    assert!(stderr(&output).contains("Connection refused"), "{}", stderr(&output));

    for _ in 0..20 {
        web1.set_fault(None);
        TcpStream::connect(web1.address()).await.expect("an open port");
        web1.set_fault(Some(Fault::Refuse));
        TcpStream::connect(web1.address()).await.expect_err("a closed port");
    }
    web1.set_fault(None);
    assert_eq!(run(&fleet, "web1", "exit 3").await.status.code(), Some(3));
}

#[tokio::test]
async fn silent_accepts_and_never_says_a_word() {
    let fleet = faulty(Fault::Silent).await;
    let output = finish(ssh(&fleet, "web1").args(["-o", "ConnectTimeout=1", "true"])).await;
    let log = stderr(&output);
    assert!(log.contains("timed out during banner exchange"), "{log}");
    assert_eq!(host(&fleet, "web1").connections(), 1);
}

#[tokio::test]
async fn slow_waits_before_each_command() {
    let pause = Duration::from_millis(400);
    let fleet = faulty(Fault::Slow(pause)).await;
    let start = Instant::now();
    assert_eq!(stdout(&run(&fleet, "web1", "echo late").await), "late\n");
    assert!(start.elapsed() >= pause);
}

#[tokio::test]
async fn wrong_key_is_not_the_key_on_record() {
    let fleet = faulty(Fault::WrongKey).await;
    let output = run(&fleet, "web1", "true").await;
    let log = stderr(&output);
    assert!(log.contains("REMOTE HOST IDENTIFICATION HAS CHANGED"), "{log}");
    let web1 = host(&fleet, "web1");
    assert!(web1.commands().is_empty());

    web1.set_fault(None);
    assert!(run(&fleet, "web1", "true").await.status.success());
}

#[tokio::test]
async fn exit_runs_the_command_and_reports_another_code() {
    let fleet = faulty(Fault::ExitCode(7)).await;
    let output = run(&fleet, "web1", "echo ran; exit 0").await;
    assert_eq!((stdout(&output).as_str(), output.status.code()), ("ran\n", Some(7)));
}

#[tokio::test]
async fn cut_drops_the_connection_and_the_command_goes_on() {
    let fleet = faulty(Fault::CutAfterExec).await;
    let home = host(&fleet, "web1").home().to_owned();
    let output =
        run_with_log(&fleet, "echo $$ > process; while [ ! -e go ]; do sleep 0.01; done; echo on > mark").await;
    assert_no_status(&output);
    assert!(is_running(&line_of(&home.join("process")).await));
    fs::write(home.join("go"), "").expect("a file");
    assert_eq!(line_of(&home.join("mark")).await, "on");
}

#[tokio::test]
async fn cut_after_drops_the_connection_in_the_middle_of_the_output() {
    let fleet = faulty(Fault::CutAfter(100_000)).await;
    let output = run_with_log(&fleet, "head -c 300000 /dev/zero").await;
    assert_no_status(&output);
    // OpenSSH's client forgets what it has not yet written when its connection goes.
    assert!(output.stdout.len() <= 100_000, "{}", output.stdout.len());
}

#[tokio::test]
async fn cut_after_lets_a_command_that_says_less_end_as_usual() {
    let fleet = faulty(Fault::CutAfter(100)).await;
    let output = run(&fleet, "web1", "echo short; exit 3").await;
    assert_eq!((stdout(&output).as_str(), output.status.code()), ("short\n", Some(3)));
}

#[tokio::test]
async fn close_gives_the_output_and_no_status() {
    let fleet = faulty(Fault::CloseWithoutStatus).await;
    let output = run_with_log(&fleet, "echo ran; exit 0").await;
    assert_no_status(&output);
    assert_eq!(stdout(&output), "ran\n");
}

#[tokio::test]
async fn deny_accepts_no_key() {
    let fleet = faulty(Fault::DenyLogin).await;
    let output = run(&fleet, "web1", "true").await;
    assert!(stderr(&output).contains("Permission denied (publickey)"), "{}", stderr(&output));
    assert!(host(&fleet, "web1").commands().is_empty());
}

#[tokio::test]
async fn throttle_closes_before_the_banner() {
    let fleet = faulty(Fault::Throttle).await;
    let log = stderr(&run(&fleet, "web1", "true").await);
    assert!(log.contains("kex_exchange_identification"), "{log}");
    assert_eq!(host(&fleet, "web1").connections(), 1);
}

#[tokio::test]
async fn fail_commands_concerns_only_those_with_the_text() {
    let fleet = faulty(Fault::FailCommands("restart".to_owned())).await;
    let failed = run(&fleet, "web1", "touch mark; echo restart").await;
    assert_eq!((stdout(&failed).as_str(), failed.status.code()), ("", Some(1)));
    assert_eq!(stderr(&failed), "practice: `restart` fails here\n");
    let web1 = host(&fleet, "web1");
    assert!(!web1.home().join("mark").exists());
    assert_eq!(stdout(&run(&fleet, "web1", "echo stop").await), "stop\n");
    assert_eq!(web1.commands().len(), 2);
}
