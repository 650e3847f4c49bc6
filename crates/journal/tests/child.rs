//! What this binary does when a test starts it again.

use std::env;
use std::fs::File;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use runsheet_events::{Durability, Ledger, OutputKey, OutputLog};
use runsheet_journal::{History, JournalError, StateFolder, WriterSettings};
use runsheet_model::{RunId, Stream};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::sample::{host, numbered, step, wait_for};

const PART: &str = "RUNSHEET_JOURNAL_PART";
const FOLDER: &str = "RUNSHEET_JOURNAL_FOLDER";

/// This binary, about to play a part in a folder. `shell` is what a shell does before, such as `umask 000`.
pub(crate) fn command(part: &str, folder: &Path, shell: &str) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("{shell}\nexec \"$@\""), "sh"])
        .arg(env::current_exe().expect("this binary"))
        .args(["child::plays_its_part", "--exact", "--nocapture"])
        .env(PART, part)
        .env(FOLDER, folder);
    command
}

#[test]
fn plays_its_part() {
    let (Ok(part), Some(folder)) = (env::var(PART), env::var_os(FOLDER).map(PathBuf::from)) else {
        return;
    };
    match part.as_str() {
        "append" => append(&folder),
        "everything" => everything(&folder),
        "too-large" => too_large(&folder),
        "full-before" => full_before(&folder),
        "full-meanwhile" => full_meanwhile(&folder),
        part => panic!("no such part: {part}"),
    }
}

/// Appends for ever, in bursts, and says what is durable.
fn append(folder: &Path) {
    let state = StateFolder::open(folder).expect("a state folder");
    let run = RunId::fresh();
    let writer =
        state.create_run(run, b"{}").and_then(|folder| folder.start(&WriterSettings::default())).expect("a writer");
    let mut out = io::stdout().lock();
    let mut seq = 0;
    for burst in (1..40).cycle() {
        for _ in 0..burst {
            seq += 1;
            writer.append(Arc::new(numbered(run, seq))).expect("an open journal");
        }
        let durable = match wait_for(&writer, seq - burst / 2) {
            Durability::UpTo(durable) => durable,
            failed @ Durability::Failed { .. } => panic!("{failed:?}"),
        };
        writeln!(out, "durable {durable}").and_then(|()| out.flush()).expect("a reader");
    }
}

/// Makes every kind of file there is, and waits with all of them open.
fn everything(folder: &Path) {
    let state = StateFolder::open(folder.join("state")).expect("a state folder");
    let run = RunId::fresh();
    let settings = WriterSettings { spool: Some(folder.to_owned()), ..WriterSettings::default() };
    let writer = state.create_run(run, b"{}").and_then(|folder| folder.start(&settings)).expect("a writer");
    writer.append(Arc::new(numbered(run, 1))).expect("an open journal");
    let key = OutputKey { step: step("restart"), host: host("web1") };
    let mut output = writer.open(&key);
    output.frame(Duration::ZERO, Stream::Out, false, b"text");
    output.close().expect("output");
    let mut history = History::open(&state).expect("a history");
    let prior = writer.reader().and_then(|reader| reader.prior()).expect("what is known");
    history.add(&prior, std::time::SystemTime::now()).expect("an entry");
    let mut out = io::stdout().lock();
    writeln!(out, "\nready").and_then(|()| out.flush()).expect("a reader");
    io::stdin().lock().read_line(&mut String::new()).expect("a word to go on");
}

/// Meets a limit on the size of files. SIGXFSZ is ignored.
fn too_large(folder: &Path) {
    let state = StateFolder::open(folder.join("state")).expect("a state folder");
    let run = RunId::fresh();
    let settings = WriterSettings { spool: Some(folder.to_owned()), ..WriterSettings::default() };
    let run_folder = state.create_run(run, b"{}").expect("a folder");
    let journal = run_folder.path().join("journal.ndjson");
    let writer = run_folder.start(&settings).expect("a writer");
    let append = |seqs: std::ops::RangeInclusive<u64>| {
        seqs.map(|seq| writer.append(Arc::new(numbered(run, seq)))).collect::<Result<Vec<()>, _>>()
    };
    let size = || journal.metadata().expect("a journal").len();
    append(1..=200).expect("an open journal");
    assert_eq!(wait_for(&writer, 200), Durability::UpTo(200));

    // The spool has to fit into the limit as well: it counts for every file of this process.
    let unlimited = getrlimit(Resource::Fsize);
    let current = Some(size() + 1000);
    setrlimit(Resource::Fsize, Rlimit { current, ..unlimited }).expect("a limit");
    _ = append(201..=230);
    let Durability::Failed { durable, reason } = wait_for(&writer, 230) else {
        panic!("thirty events fitted into the limit");
    };
    setrlimit(Resource::Fsize, unlimited).expect("no limit");
    assert!(durable < 230 && reason.contains("File too large"), "{durable} {reason}");
    let stopped_at = size();

    // There would be room again, but what failed once is not tried again.
    assert!(append(231..=231).is_err());
    _ = append(232..=232);
    let closed = writer.close().expect_err("a journal that failed");
    assert!(matches!(closed, JournalError::Stopped { .. }), "{closed:?}");
    assert_eq!(size(), stopped_at);
    writeln!(io::stdout().lock(), "\ndurable {durable}").expect("a reader");
}

/// The state folder has less room than a journal needs.
fn full_before(folder: &Path) {
    let state = StateFolder::open(folder.join("state")).expect("a state folder");
    let error = state.create_run(RunId::fresh(), b"{}").expect_err("no room");
    assert!(matches!(error, JournalError::Full { .. }), "{error:?}");
    let left = folder.join("state/runs").read_dir().expect("the runs").count();
    assert_eq!(left, 0, "something was left behind");
}

/// The disk fills up once the run has started: what was reserved is still there.
fn full_meanwhile(folder: &Path) {
    let state = StateFolder::open(folder.join("state")).expect("a state folder");
    let run = RunId::fresh();
    let writer =
        state.create_run(run, b"{}").and_then(|folder| folder.start(&WriterSettings::default())).expect("a writer");
    let mut filler = File::create(folder.join("filler")).expect("a file");
    while filler.write_all(&[0; 4096]).is_ok() {}
    for seq in 1..=10_000 {
        writer.append(Arc::new(numbered(run, seq))).expect("an open journal");
    }
    assert_eq!(wait_for(&writer, 10_000), Durability::UpTo(10_000));
    writer.close().expect("a durable journal");
}
