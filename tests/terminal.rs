//! A terminal with somebody at it, who reads what the program says and types.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::case::Ran;

/// Longer than anything takes that goes well.
const PATIENCE: Duration = Duration::from_mins(1);

/// The program at a terminal.
pub(crate) struct Terminal {
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    seen: String,
    /// How much of it was waited for already.
    read: usize,
    child: Child,
}

impl Terminal {
    /// Starts a program with a terminal for its standard input, output and error.
    pub(crate) fn start(mut command: Command) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&ours).expect("granted");
        unlockpt(&ours).expect("unlocked");
        let name = ptsname(&ours, Vec::new()).expect("a name").into_string().expect("text");
        let theirs = || OpenOptions::new().read(true).write(true).open(&name).map(OwnedFd::from).expect("opened");
        command.stdin(theirs()).stdout(theirs()).stderr(theirs());
        let child = command.spawn().expect("it starts");
        // What it holds of the terminal would keep it from ending.
        drop(command);
        let keyboard = File::from(ours);
        let mut screen = keyboard.try_clone().expect("another");
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // It fails once nobody has the other side any more.
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { keyboard, screen: receiver, seen: String::new(), read: 0, child }
    }

    /// Starts a program for which this is its own terminal, so that Ctrl-C reaches it as a signal (setsid(1)).
    pub(crate) fn own(command: &Command) -> Self {
        let mut own = Command::new("setsid");
        own.arg("--ctty").arg(command.get_program()).args(command.get_args());
        own.current_dir(command.get_current_dir().expect("a folder")).env_clear();
        own.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Self::start(own)
    }

    /// Waits until something stands on the screen that was not waited for before.
    pub(crate) fn says(&mut self, text: &str) -> &mut Self {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.seen[self.read..].find(text) {
                self.read += at + text.len();
                return self;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(bytes) = self.screen.recv_timeout(left) else {
                panic!("`{text}` does not come after:\n{}", self.seen);
            };
            self.seen.push_str(&String::from_utf8_lossy(&bytes));
        }
    }

    /// Types a line.
    pub(crate) fn types(&mut self, line: &str) -> &mut Self {
        self.presses(&format!("{line}\n"))
    }

    /// Presses keys.
    pub(crate) fn presses(&mut self, keys: &str) -> &mut Self {
        self.keyboard.write_all(keys.as_bytes()).expect("typed");
        self
    }

    /// Whether the terminal shows what is typed.
    pub(crate) fn shows_keys(&self) -> bool {
        tcgetattr(&self.keyboard).expect("a terminal").local_modes.contains(LocalModes::ECHO | LocalModes::ICANON)
    }

    /// Waits for the program's end, and returns the signal that ended it.
    pub(crate) fn is_ended_by(&mut self) -> Option<i32> {
        self.child.wait().expect("it ended").signal()
    }

    /// Waits for the program's end. All that was on the screen counts as standard error.
    pub(crate) fn ends(mut self) -> Ran {
        let deadline = Instant::now() + PATIENCE;
        while let Ok(bytes) = self.screen.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.seen.push_str(&String::from_utf8_lossy(&bytes));
        }
        assert!(Instant::now() < deadline, "it does not end:\n{}", self.seen);
        let status = self.child.wait().expect("it ended");
        Ran { code: status.code().unwrap_or(-1), stdout: String::new(), stderr: std::mem::take(&mut self.seen) }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It fails when the program has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
