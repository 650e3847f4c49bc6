//! The program with a host among its own that means harm.

use std::fs;
use std::io;
use std::time::{Duration, Instant};

use runsheet_hostile::wire::{DISCONNECT, GLOBAL_REQUEST, Message, USERAUTH_BANNER, USERAUTH_FAILURE};
use runsheet_hostile::{HostileHost, Peer};
use tokio::runtime::Runtime;

use crate::case::Ran;
use crate::practice_runs::Stage;

/// Titles of windows, clipboards, cleared screens, overwritten lines, writing that runs backwards, lines of other hosts.
pub(crate) const ESCAPES: &str = "\x1b]0;owned\x07\x1b[2J\x1b]52;c;aGk=\x07ok\rFAILED\u{9b}2J\u{202e}evil\n[web2] ok\n";

/// Two good hosts, and one that follows a script.
pub(crate) struct Beside {
    pub(crate) stage: Stage,
    runtime: Option<Runtime>,
    _evil: HostileHost,
}

impl Beside {
    pub(crate) fn new<S, F>(script: S) -> Self
    where
        S: Fn(Peer) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let stage = Stage::new("web[1-2]: ok");
        let runtime = Runtime::new().expect("a runtime");
        let evil = runtime.block_on(HostileHost::start(script)).expect("a hostile host");
        let append = |path: &str, text: String| {
            let path = stage.case.path(path);
            let old = fs::read_to_string(&path).expect("a file");
            fs::write(path, old + &text).expect("a file");
        };
        let address = evil.address();
        append(
            "hostgroups/web.yaml",
            format!("      - evil: {{address: {}, port: {}}}\n", address.ip(), address.port()),
        );
        fs::write(stage.case.path("known_evil"), evil.known_hosts_line()).expect("a file");
        append("ssh_config", format!("# {}\n", stage.case.path("known_evil").display()));
        let config = fs::read_to_string(stage.case.path("ssh_config")).expect("a file");
        let config = config.replacen('\n', &format!(" {}\n", stage.case.path("known_evil").display()), 1);
        fs::write(stage.case.path("ssh_config"), config).expect("a file");
        Self { stage, runtime: Some(runtime), _evil: evil }
    }

    /// Runs the program. Whatever the third host does, it ends soon, and nothing that it says drives a terminal or fills it.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        let started = Instant::now();
        let ran = self.stage.case.run_with_flags(args);
        assert!(started.elapsed() < Duration::from_secs(30), "it took {:?}", started.elapsed());
        let wild = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{fffd}');
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains(wild), "{text:?}");
            assert!(!text.lines().any(|line| line.starts_with("[web2] ok")), "{text}");
            assert!(text.len() < 64 * 1024, "a hostile host had {} bytes shown", text.len());
        }
        ran
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Runs a command on two good hosts and one that follows a script.
fn beside_good_ones<S, F>(script: S, args: &[&str]) -> Ran
where
    S: Fn(Peer) -> F + Send + Sync + 'static,
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let all = [&["exec", "-g", "web", "--color", "never", "-T", "3s"], args, &["--", "echo fine"]].concat();
    let ran = Beside::new(script).run(&all);
    for host in ["web1", "web2"] {
        assert!(ran.stdout.contains(&format!("[{host}] fine\n")), "{host}: {}\n{}", ran.stdout, ran.stderr);
    }
    ran
}

#[test]
fn what_a_host_says_to_whoever_logs_in_is_shown_and_drives_nothing() {
    for verbosity in ["-q", "-v", "-vv"] {
        let script = |mut peer: Peer| async move {
            peer.greet().await?;
            peer.agree().await?;
            peer.begin_login().await?;
            peer.send(&Message::new(USERAUTH_BANNER).string(ESCAPES.repeat(1_000)).string("").done()).await?;
            peer.send(&Message::new(USERAUTH_FAILURE).string(ESCAPES).byte(0).done()).await?;
            peer.send(&Message::new(DISCONNECT).number(2).string(ESCAPES).string("").done()).await
        };
        beside_good_ones(script, &[verbosity]).exits(4).says("evil").says("\\x1b]0;owned");
    }
}

#[test]
fn what_a_host_says_of_the_end_of_a_command_drives_nothing() {
    let script = |mut peer: Peer| async move {
        peer.arrive().await?;
        let session = peer.session().await?;
        peer.send(&session.out(ESCAPES)).await?;
        peer.send(&session.extended(1, ESCAPES)).await?;
        peer.send(&session.exit_signal(ESCAPES, ESCAPES)).await?;
        peer.send_all(&[session.eof(), session.close()]).await?;
        peer.hold().await;
        Ok(())
    };
    beside_good_ones(script, &["-vv"]).exits(5).says("evil");
}

#[test]
fn a_host_that_never_stops_talking_fills_no_screen() {
    let script = |mut peer: Peer| async move {
        peer.arrive().await?;
        peer.session().await?;
        peer.send_for_ever(&Message::new(GLOBAL_REQUEST).string(ESCAPES.repeat(100)).byte(0).done()).await
    };
    for verbosity in ["-q", "-vv"] {
        beside_good_ones(script, &[verbosity]).exits(8).says("evil");
    }
}
