use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use runsheet_model::{Hop, HostKeyMode};

use super::account::{Account, NAME};
use crate::processes::{descendants_of, signal};
use crate::rig::host_keys;

/// How long a server may take until it listens, or until it has ended.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at another process.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A server that runs, private to one test. It is killed when it is dropped, with all that it has started.
pub(crate) struct Server {
    pub(crate) account: Account,
    // Dropped before the account's folder goes.
    _program: Program,
    port: u16,
    host_key: String,
}

impl Server {
    /// Starts one on a free port and returns once it listens. `host_key` is its public key, as it stands in a `.pub`; the command is made
    /// for a port, and ends if that is in use.
    pub(crate) fn start(account: Account, host_key: &str, command: impl Fn(&Account, u16) -> Command) -> Self {
        // Somebody may take a port that is free before the server does.
        for _ in 0..10 {
            let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
            let port = listener.local_addr().expect("its port").port();
            drop(listener);
            let mut program = Program::start(&account, command(&account, port));
            if program.listens(port) {
                return Self { account, _program: program, port, host_key: host_key.to_owned() };
            }
        }
        panic!("it does not start: {}", fs::read_to_string(account.folder().join("log")).expect("a log"));
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its public host key, as it stands in a `.pub`.
    pub(crate) fn host_key(&self) -> &str {
        &self.host_key
    }

    /// How it is reached with some keys, where its host key is on record.
    pub(crate) fn hop(&self, identities: &[PathBuf]) -> Hop {
        self.hop_with_record(&self.host_key, identities)
    }

    /// How it is reached where some host key is on record for it.
    pub(crate) fn hop_with_record(&self, host_key: &str, identities: &[PathBuf]) -> Hop {
        let key: Vec<&str> = host_key.split_whitespace().take(2).collect();
        let known_hosts = self.account.write("known_hosts", &format!("[127.0.0.1]:{} {}\n", self.port, key.join(" ")));
        Hop {
            address: "127.0.0.1".to_owned(),
            port: self.port,
            user: NAME.to_owned(),
            identities: Arc::from(identities),
            identities_only: true,
            agent: None,
            host_keys: host_keys(HostKeyMode::Strict, known_hosts),
            host_key_alias: None,
            certificates: Arc::default(),
            proxy_command: None,
            options: Arc::default(),
        }
    }
}

impl Drop for Server {
    #[expect(clippy::print_stderr, reason = "a failure is explained by what the server says of it")]
    fn drop(&mut self) {
        if thread::panicking() {
            let log = fs::read(self.account.folder().join("log")).unwrap_or_default();
            eprintln!("the server's log:\n{}", String::from_utf8_lossy(&log));
        }
    }
}

/// The processes of a server.
struct Program(Child);

impl Program {
    fn start(account: &Account, mut command: Command) -> Self {
        let log = File::create(account.folder().join("log")).expect("a log");
        let output = log.try_clone().expect("the same log");
        let started = command.stdin(Stdio::null()).stdout(output).stderr(log).spawn();
        Self(started.unwrap_or_else(|error| panic!("{command:?}: {error}; scripts/install-test-packages installs it")))
    }

    /// Waits until it listens. It does not if it ends.
    fn listens(&mut self, port: u16) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while self.0.try_wait().expect("it can be waited for").is_none() {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return true;
            }
            assert!(Instant::now() < deadline, "it does not listen after {PATIENCE:?}");
            thread::sleep(LOOK_AGAIN);
        }
        false
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let listener = self.0.id();
        // While it stands still, it can start nothing that we would miss.
        signal("STOP", &BTreeSet::from([listener]));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let rest = descendants_of(listener);
            if rest.is_empty() || Instant::now() > deadline {
                break;
            }
            signal("KILL", &rest);
            thread::sleep(LOOK_AGAIN);
        }
        // Failing to kill it means that it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
