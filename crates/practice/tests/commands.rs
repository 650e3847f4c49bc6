use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use crate::client::{LIMIT, finish, finish_with, fleet, host, is_running, line_of, run, ssh, stderr, stdout, until};

#[tokio::test]
async fn a_command_gives_its_output_on_both_streams_and_its_exit_code() {
    let fleet = fleet(&["web1"]).await;
    let output = run(&fleet, "web1", "echo out; echo err >&2; exit 3").await;
    assert_eq!((stdout(&output).as_str(), stderr(&output).as_str()), ("out\n", "err\n"));
    assert_eq!(output.status.code(), Some(3));
}

#[tokio::test]
async fn two_hosts_have_different_addresses_homes_and_names() {
    let fleet = fleet(&["web1", "web2"]).await;
    let (web1, web2) = (host(&fleet, "web1"), host(&fleet, "web2"));
    assert_ne!(web1.address().ip(), web2.address().ip());
    run(&fleet, "web1", "echo here > mark").await;
    assert_eq!(fs::read_to_string(web1.home().join("mark")).expect("the file"), "here\n");
    assert!(!web2.home().join("mark").exists());

    let script = r#"pwd; echo "$HOME $PWD $USER $LOGNAME $SHELL $HOSTNAME $(hostname)""#;
    let seen = stdout(&run(&fleet, "web2", script).await);
    let home = web2.home().display();
    assert_eq!(seen, format!("{home}\n{home} {home} practice practice /bin/sh web2 web2\n"));
}

#[tokio::test]
async fn a_file_in_the_bin_folder_of_a_host_takes_the_place_of_a_system_command() {
    let fleet = fleet(&["web1", "web2"]).await;
    let fake = host(&fleet, "web1").home().join("bin/uname");
    fs::write(&fake, "#!/bin/sh\necho fake\n").expect("a script");
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).expect("an executable script");
    assert_eq!(stdout(&run(&fleet, "web1", "uname").await), "fake\n");
    assert_eq!(stdout(&run(&fleet, "web2", "uname").await), "Linux\n");
}

#[tokio::test]
async fn nothing_of_this_process_environment_reaches_a_command_and_what_the_client_sends_does() {
    let fleet = fleet(&["web1"]).await;
    let mut client = ssh(&fleet, "web1");
    client.env("CARGO_SECRET", "no").env("DEPLOY_COLOUR", "blue");
    client.args(["-o", "SendEnv=DEPLOY_COLOUR", "env"]);
    let output = finish(&mut client).await;
    let seen = stdout(&output);
    assert!(seen.contains("DEPLOY_COLOUR=blue\n"), "{seen}{}", stderr(&output));
    assert!(!seen.contains("CARGO"), "{seen}");
}

#[tokio::test]
async fn stdin_reaches_a_command_whole_and_ends() {
    let fleet = fleet(&["web1"]).await;
    let input: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let output = finish_with(ssh(&fleet, "web1").arg("cat"), &input).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(output.stdout == input, "{} bytes came back of {}", output.stdout.len(), input.len());
}

#[tokio::test]
async fn a_shell_without_a_command_reads_it_from_stdin() {
    let fleet = fleet(&["web1"]).await;
    let output = finish_with(&mut ssh(&fleet, "web1"), b"echo shell; exit 4\n").await;
    assert_eq!((stdout(&output).as_str(), output.status.code()), ("shell\n", Some(4)));
    assert_eq!(host(&fleet, "web1").commands(), [""]);
}

#[tokio::test]
async fn a_command_that_a_signal_ends_has_no_exit_code() {
    let fleet = fleet(&["web1"]).await;
    let output = finish(ssh(&fleet, "web1").args(["-v", "kill -9 $$"])).await;
    assert_eq!(output.status.code(), Some(255));
    let log = stderr(&output);
    assert!(log.contains("rtype exit-signal") && !log.contains("rtype exit-status"), "{log}");
}

#[tokio::test]
async fn a_background_process_does_not_delay_the_exit_status() {
    let fleet = fleet(&["web1"]).await;
    // As sshd does: the status comes at once, and the channel stays until nobody holds the output.
    let mut client = ssh(&fleet, "web1")
        .args(["-v"])
        .arg("sleep 1000 & echo $! > background; exit 3")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the client starts");
    let mut log = BufReader::new(client.stderr.take().expect("a pipe")).lines();
    let told = async {
        while let Some(line) = log.next_line().await.expect("the client's log") {
            if line.contains("rtype exit-status") {
                return;
            }
        }
        panic!("the client ended without an exit status");
    };
    tokio::time::timeout(LIMIT, told).await.expect("an exit status in time");

    let background = line_of(&host(&fleet, "web1").home().join("background")).await;
    assert!(is_running(&background));
    assert!(client.try_wait().expect("the client's state").is_none(), "the channel was closed too early");
    std::process::Command::new("kill").arg(&background).status().expect("kill runs");
    let status = tokio::time::timeout(LIMIT, client.wait()).await.expect("the client's end").expect("a status");
    assert_eq!(status.code(), Some(3));
}

#[tokio::test]
async fn a_background_process_that_lets_go_of_the_output_does_not_hold_the_channel() {
    let fleet = fleet(&["web1"]).await;
    let start = Instant::now();
    let output = run(&fleet, "web1", "sleep 1000 >/dev/null 2>&1 </dev/null & exit 3").await;
    assert_eq!(output.status.code(), Some(3));
    assert!(start.elapsed() < Duration::from_secs(500));
}

#[tokio::test]
async fn a_command_outlives_a_client_that_is_killed() {
    let fleet = fleet(&["web1"]).await;
    let home = host(&fleet, "web1").home();
    let mut client = ssh(&fleet, "web1")
        .arg("echo $$ > process; while [ ! -e go ]; do sleep 0.01; done; echo on > mark")
        .spawn()
        .expect("the client starts");
    line_of(&home.join("process")).await;
    client.kill().await.expect("the client is killed");
    fs::write(home.join("go"), "").expect("a file");
    assert_eq!(line_of(&home.join("mark")).await, "on");
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_the_command_back() {
    const TOTAL: usize = 64 * 1024 * 1024;
    let fleet = fleet(&["web1"]).await;
    let home = host(&fleet, "web1").home();
    let mut client = ssh(&fleet, "web1")
        .arg(format!("echo $$ > process; exec head -c {TOTAL} /dev/zero"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("the client starts");
    let process = line_of(&home.join("process")).await;
    let written = || {
        std::fs::read_to_string(format!("/proc/{process}/io"))
            .ok()
            .and_then(|io| io.lines().find_map(|line| line.strip_prefix("wchar: ")?.parse::<usize>().ok()))
            .expect("the command is still there")
    };
    let (mut last, mut calm) = (0, 0);
    until("the command stands still", || {
        let now = written();
        calm = if now == last && now > 0 { calm + 1 } else { 0 };
        last = now;
        calm > 50
    })
    .await;
    assert!(last < TOTAL / 4, "{last} bytes of {TOTAL} were taken from the command");

    let mut read = Vec::new();
    client.stdout.take().expect("a pipe").read_to_end(&mut read).await.expect("the output");
    assert_eq!(read.len(), TOTAL);
    assert_eq!(client.wait().await.expect("a status").code(), Some(0));
}

#[tokio::test]
async fn a_command_that_does_not_read_its_stdin_ends_all_the_same() {
    let fleet = fleet(&["web1"]).await;
    let input = vec![b'x'; 8 * 1024 * 1024];
    let output = finish_with(ssh(&fleet, "web1").arg("exec <&-; echo done; exit 5"), &input).await;
    assert_eq!((stdout(&output).as_str(), output.status.code()), ("done\n", Some(5)));
}

#[tokio::test]
async fn a_terminal_is_refused() {
    let fleet = fleet(&["web1"]).await;
    let output = finish(ssh(&fleet, "web1").args(["-tt", "true"])).await;
    assert!(stderr(&output).contains("PTY allocation request failed"), "{}", stderr(&output));
}

#[tokio::test]
async fn the_host_tells_which_commands_it_was_asked_to_run_and_how_many_connections_came() {
    let fleet = fleet(&["web1", "web2"]).await;
    run(&fleet, "web1", "true").await;
    run(&fleet, "web1", "exit 1").await;
    let web1 = host(&fleet, "web1");
    assert_eq!(web1.commands(), ["true", "exit 1"]);
    assert_eq!(web1.connections(), 2);
    let web2 = host(&fleet, "web2");
    assert_eq!((web2.commands().len(), web2.connections()), (0, 0));
}
