use std::time::Duration;

use crate::quote;

const BEGIN: &str = include_str!("receipt_begin.sh");
const ASK: &str = include_str!("receipt_ask.sh");

/// A receipt that a host keeps of one attempt: that it began, and how it ended.
///
/// It lies in the state folder of the user who does the work, for a week. It turns an end that nobody saw into one that can be asked
/// for, and keeps the same attempt from beginning twice. (The way of `async_wrapper` in Ansible, and of `mkdir` as a lock.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt(String);

/// What a host says about an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipted {
    /// It ended with this exit code.
    Ended(i32),
    /// It never began, and cannot begin any more.
    Never,
    /// It still runs.
    Running,
    /// It began, and was ended by something else before its end.
    Died,
}

impl Receipt {
    /// The receipt of an attempt, by a name that no other attempt has: letters, digits, `.`, `-` and `_`; what else stands in it is
    /// replaced.
    pub fn new(name: &str) -> Self {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
        Self(name.chars().map(plain).collect())
    }

    /// A command that leaves this receipt. One that becomes another user is run by `/bin/sh`, any other by the login shell.
    pub fn wrap(&self, command: &str, becomes_another: bool) -> String {
        let shell = if becomes_another { "/bin/sh" } else { "\"${SHELL:-/bin/sh}\"" };
        format!("exec /bin/sh -c {} sh {} {shell} {}", quote(BEGIN), quote(&self.0), quote(command))
    }

    /// A command that asks for it, and waits so long for the end of what still runs.
    pub fn question(&self, wait: Duration) -> String {
        format!("exec /bin/sh -c {} sh {} {}", quote(ASK), quote(&self.0), wait.as_secs())
    }

    /// Reads the answer to that command; nothing if it is none.
    pub fn answer(text: &str) -> Option<Receipted> {
        match text.trim() {
            "never" => Some(Receipted::Never),
            "running" => Some(Receipted::Running),
            "died" => Some(Receipted::Died),
            ended => ended.strip_prefix("ended ")?.trim().parse().ok().map(Receipted::Ended),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::thread;

    use super::*;

    fn sh(home: &std::path::Path, command: &str) -> Command {
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(command).env("HOME", home).env("SHELL", "/bin/sh").env_remove("XDG_STATE_HOME");
        shell
    }

    fn ask(home: &std::path::Path, receipt: &Receipt, wait: u64) -> Option<Receipted> {
        let output = sh(home, &receipt.question(Duration::from_secs(wait))).output().expect("a shell");
        Receipt::answer(&String::from_utf8_lossy(&output.stdout))
    }

    #[test]
    fn a_receipt_tells_how_it_ended_and_nothing_begins_twice() {
        let home = tempfile::tempdir().expect("a folder");
        let receipt = Receipt::new("run.step.0.1/../x");
        let command = receipt.wrap("echo begun >>\"$HOME/log\"; cat; exit 3", false);
        let mut child =
            sh(home.path(), &command).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a shell");
        std::io::Write::write_all(&mut child.stdin.take().expect("its input"), b"read").expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        assert_eq!((output.status.code(), output.stdout), (Some(3), b"read".to_vec()));
        assert_eq!(ask(home.path(), &receipt, 0), Some(Receipted::Ended(3)));
        assert_eq!(sh(home.path(), &command).output().expect("a shell").status.code(), Some(97));
        assert_eq!(std::fs::read_to_string(home.path().join("log")).expect("a log"), "begun\n");
    }

    #[test]
    fn what_never_began_cannot_begin_once_somebody_has_asked() {
        let home = tempfile::tempdir().expect("a folder");
        let receipt = Receipt::new("one");
        assert_eq!(ask(home.path(), &receipt, 0), Some(Receipted::Never));
        let late = sh(home.path(), &receipt.wrap("echo late >\"$HOME/log\"", false)).output().expect("a shell");
        assert_eq!((late.status.code(), home.path().join("log").exists()), (Some(97), false));
    }

    #[test]
    fn what_runs_is_waited_for_and_what_was_ended_from_outside_is_told() {
        let home = tempfile::tempdir().expect("a folder");
        let receipt = Receipt::new("one");
        let mut child = sh(home.path(), &receipt.wrap("sleep 2", false)).spawn().expect("a shell");
        let begun = home.path().join(".local/state/runsheet/receipts/one/begun");
        while !std::fs::read_to_string(&begun).is_ok_and(|text| text.ends_with('\n')) {
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(ask(home.path(), &receipt, 0), Some(Receipted::Running));
        assert_eq!(ask(home.path(), &receipt, 20), Some(Receipted::Ended(0)));
        child.wait().expect("it ends");
        let receipt = Receipt::new("two");
        let mut child = sh(home.path(), &receipt.wrap("sleep 2", false)).spawn().expect("a shell");
        let begun = home.path().join(".local/state/runsheet/receipts/two/begun");
        while !std::fs::read_to_string(&begun).is_ok_and(|text| text.ends_with('\n')) {
            thread::sleep(Duration::from_millis(5));
        }
        child.kill().expect("it is killed");
        child.wait().expect("it ends");
        assert_eq!(ask(home.path(), &receipt, 20), Some(Receipted::Died));
    }

    #[test]
    fn an_answer_is_one_of_four() {
        assert_eq!(Receipt::answer("ended 7\n"), Some(Receipted::Ended(7)));
        assert!(["", "ended", "ended x", "never mind"].iter().all(|text| Receipt::answer(text).is_none()));
    }
}
