//! A project in a folder of its own, and the program run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A project to run the program in.
pub(crate) struct Case {
    folder: TempDir,
    flags: Vec<String>,
    environment: Vec<(String, String)>,
}

/// What the program did.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Case {
    /// An empty project.
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("runsheet-case-").tempdir().expect("a folder");
        Self { folder, flags: Vec::new(), environment: Vec::new() }
    }

    /// Writes a file of the project.
    pub(crate) fn file(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
        self
    }

    /// Adds flags to the end of every command line of commands that connect.
    pub(crate) fn flags(mut self, flags: &[&str]) -> Self {
        self.flags.extend(flags.iter().map(|flag| (*flag).to_owned()));
        self
    }

    /// Sets a variable of the environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A path in the project.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// The folder with the records of runs.
    pub(crate) fn state(&self) -> PathBuf {
        self.path("state/runsheet")
    }

    /// The program, ready to be run in the project, with nothing of this machine's user in its environment.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_runsheet"));
        let home = self.path("home");
        fs::create_dir_all(&home).expect("a home");
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", home)
            .env("USER", "tester")
            .env("XDG_STATE_HOME", self.path("state"))
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::of(&self.command(args).output().expect("the program runs"))
    }

    /// Runs the program with the flags of [`Case::flags`]; those go before a `--`.
    pub(crate) fn run_with_flags(&self, args: &[&str]) -> Ran {
        let (before, after) = args.split_at(args.iter().position(|arg| *arg == "--").unwrap_or(args.len()));
        let flags = self.flags.iter().map(String::as_str);
        let all: Vec<&str> = before.iter().copied().chain(flags).chain(after.iter().copied()).collect();
        self.run(&all)
    }

    /// The folders of all runs, oldest first.
    pub(crate) fn runs(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.state().join("runs")) else { return Vec::new() };
        let mut runs: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        runs.sort();
        runs
    }

    /// Every byte that the program has left behind in its state folder, file by file.
    pub(crate) fn all_state(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        collect(&self.state(), &mut files);
        files
    }
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Compares the exit code, and shows everything if it is another.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    /// Looks for a text on standard error.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "`{text}` is not in\n{}", self.stderr);
        self
    }
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push((path.clone(), fs::read(&path).expect("a file")));
        }
    }
}
