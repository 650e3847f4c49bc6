//! How long it takes to read a workbook of 5,000 steps, and to write the timing of all of them back.
//!
//! `cargo bench -p runsheet-workbook` prints a table. What must hold: less than 2 s each.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use runsheet_workbook::{Edit, Value, Workbook, patch};

const STEPS: u32 = 5_000;
/// The first of the eight columns with timing, and the one behind them.
const TIMING: std::ops::Range<u32> = 9..17;
/// How often each is measured; the median counts.
const ROUNDS: usize = 5;

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let csv = folder.path().join("steps.csv");
    fs::write(&csv, steps()).expect("a file");
    print("| kind | size KiB | read ms | written ms | written again ms |");
    print("|---|---|---|---|---|");
    measure("csv", &csv);
    for kind in ["xlsx", "ods", "fods"] {
        // A real one, if LibreOffice is here.
        let made = Command::new("soffice")
            .arg(format!("-env:UserInstallation=file://{}", folder.path().join("profile").display()))
            .args(["--headless", "--convert-to", kind, "--outdir"])
            .args([folder.path(), &csv])
            .output();
        let path = folder.path().join(format!("steps.{kind}"));
        if made.is_ok() && path.exists() {
            measure(kind, &path);
        }
    }
}

fn measure(kind: &str, path: &Path) {
    let kib = fs::metadata(path).expect("a file").len() / 1_024;
    let original = fs::read(path).expect("a file");
    let read = median(|| {
        let started = Instant::now();
        let workbook = Workbook::read(path).expect("a workbook");
        assert_eq!(workbook.tabs[0].rows.len(), STEPS as usize + 1);
        started.elapsed()
    });
    let first = edits(0.0);
    let written = median(|| {
        fs::write(path, &original).expect("a file");
        timed_patch(path, &first)
    });
    let mut round = 0.0;
    let again = median(|| {
        round += 1.0;
        timed_patch(path, &edits(round))
    });
    print(&format!("| {kind} | {kib} | {} | {} | {} |", read.as_millis(), written.as_millis(), again.as_millis()));
    fs::write(path, &original).expect("a file");
}

fn timed_patch(path: &Path, edits: &[Edit]) -> Duration {
    let started = Instant::now();
    patch(path, edits).expect("patched");
    started.elapsed()
}

fn median(mut round: impl FnMut() -> Duration) -> Duration {
    let mut rounds: Vec<_> = (0..ROUNDS).map(|_| round()).collect();
    rounds.sort();
    rounds[ROUNDS / 2]
}

/// A sheet with what people write into it.
fn steps() -> String {
    let mut text = String::from("Step,Description,Task,Hosts,Args,Owner,Expected,Notes\n");
    for step in 1..=STEPS {
        text.push_str(&format!(
            "roll-{step},Roll out release {step} on the web hosts,release.deploy,web[01-20],artifact: web-{step}.tar.gz,platform,12m,note {step}\n"
        ));
    }
    text
}

/// The timing of all steps.
fn edits(round: f64) -> Vec<Edit> {
    let mut edits = Vec::new();
    for row in 1..=STEPS + 1 {
        for column in TIMING {
            let value = match column {
                _ if row == 1 => Value::Text(format!("Timing {column}")),
                9 | 10 => Value::DateTime("2026-11-26T03:30:00".to_owned()),
                11 => Value::Duration(Duration::from_secs(u64::from(row))),
                12 | 13 => Value::Number(f64::from(row) + round),
                _ => Value::Text(format!("run {row} of round {round}")),
            };
            edits.push(Edit { tab: "steps".to_owned(), row, column, value });
        }
    }
    edits
}

#[expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]
fn print(line: &str) {
    println!("{line}");
}
