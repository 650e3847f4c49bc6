//! The timing of a run goes back to the rows of the spreadsheet that its sheet came from; LibreOffice looks at what has become of it.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::practice_runs::Stage;

/// A deploy as somebody keeps it: with a formula, a comment, styles and a tab of their own beside the steps.
const FODS: &str = include_str!("fixtures/deploy.fods");

/// A project with this spreadsheet, as LibreOffice saves it.
fn stage(ending: &str) -> Stage {
    let stage = Stage::new("web[1-3]: ok");
    let case = stage.case.file("deploy.fods", FODS).file("runsheet.yaml", "sinks:\n  - sheet: {}\n");
    let stage = Stage { case, ..stage };
    convert(&stage.case.path("deploy.fods"), ending, stage.case.path("x").parent().expect("a folder"), &[]);
    fs::remove_file(stage.case.path("deploy.fods")).expect("removed");
    stage
}

/// Has LibreOffice convert a file.
pub(crate) fn convert(file: &Path, filter: &str, into: &Path, args: &[&str]) {
    let profile = tempfile::tempdir().expect("a folder");
    let output = Command::new("soffice")
        .arg(format!("-env:UserInstallation=file://{}", profile.path().display()))
        .args(args)
        .args(["--headless", "--convert-to", filter, "--outdir"])
        .arg(into)
        .arg(file)
        .env("HOME", profile.path())
        .output()
        .expect("soffice of libreoffice-calc");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The rows of the first tab, as LibreOffice shows them.
fn shown(file: &Path) -> Vec<Vec<String>> {
    let folder = tempfile::tempdir().expect("a folder");
    convert(file, "csv:Text - txt - csv (StarCalc):9,34,76,1,,0,false,true,false", folder.path(), &[]);
    let name = file.with_extension("csv");
    let text = fs::read_to_string(folder.path().join(name.file_name().expect("a name"))).expect("a table");
    text.lines().map(|line| line.split('\t').map(|cell| cell.trim_matches('"').to_owned()).collect()).collect()
}

/// The parts of a zip file that are not the same in another, and those that only one of them has.
fn other_parts(before: &Path, after: &Path) -> Vec<String> {
    let program = "import sys, zipfile\n\
                   a, b = (zipfile.ZipFile(path) for path in sys.argv[1:])\n\
                   names = set(a.namelist()) | set(b.namelist())\n\
                   same = lambda n: n in a.namelist() and n in b.namelist() and a.read(n) == b.read(n)\n\
                   print('\\n'.join(sorted(n for n in names if not same(n))))";
    let output = Command::new("python3").args(["-c", program]).args([before, after]).output().expect("python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// What of the tab that was changed is not as before in its first columns and around its cells; and what was compared.
fn other_cells(before: &Path, after: &Path, width: usize) -> (String, String) {
    let output = Command::new("/usr/bin/python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/kept_cells.py"))
        .args([before, after])
        .arg(width.to_string())
        .output()
        .expect("python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout);
    let (differences, counted) = said.trim_end().rsplit_once('\n').unwrap_or(("", said.trim_end()));
    (differences.to_owned(), counted.to_owned())
}

fn column(rows: &[Vec<String>], title: &str) -> usize {
    let found = rows[0].iter().position(|cell| cell == title);
    found.unwrap_or_else(|| panic!("no column `{title}` in {:?}", rows[0]))
}

fn round_trip(ending: &str, part: &str, compared: &str) {
    let stage = stage(ending);
    let case = &stage.case;
    let name = format!("deploy.{ending}");
    let file = case.path(&name);
    let kept = case.path(&format!("before.{ending}"));
    fs::copy(&file, &kept).expect("a copy");

    case.run(&["import", &name]).exits(0);
    assert!(other_parts(&kept, &file).is_empty(), "import has changed the spreadsheet");
    let run = case.run(&["run", "deploy", "-y", "-F", "ssh_config"]).exits(0);
    assert!(!run.stderr.contains("sink"), "{}", run.stderr);

    assert_eq!(other_parts(&kept, &file), [part]);
    let (before, after) = (shown(&kept), shown(&file));
    let width = before[0].len();
    assert_eq!(other_cells(&kept, &file, width), (String::new(), compared.to_owned()));
    for (row, (old, new)) in before.iter().zip(&after).enumerate() {
        assert_eq!(old[..], new[..width], "row {}", row + 1);
    }
    let cell = |row: usize, title: &str| after[row][column(&after, title)].clone();
    for row in [1, 3] {
        assert_eq!(
            (cell(row, "Hosts ok"), cell(row, "Hosts failed")),
            ("3".to_owned(), "0".to_owned()),
            "{:?}",
            after[row]
        );
        assert!(!cell(row, "Started").is_empty() && !cell(row, "Ended").is_empty(), "{:?}", after[row]);
        assert_eq!(cell(row, "Run").len(), 36, "{:?}", after[row]);
    }
    // The row between them is no step, and the last one is disabled.
    for row in [2, 4] {
        assert_eq!(cell(row, "Run"), "", "{:?}", after[row]);
    }

    let once = fs::read(&file).expect("the spreadsheet");
    case.run(&["sync", "last"]).exits(0);
    assert_eq!(fs::read(&file).expect("the spreadsheet"), once, "twice is not as once");
}

#[test]
fn an_excel_workbook_gets_the_timing_in_the_right_rows_and_nothing_else_of_it_changes() {
    round_trip("xlsx", "xl/worksheets/sheet1.xml", "cells 30, formulas 2, conditions 1, widths 1");
}

#[test]
fn an_opendocument_spreadsheet_gets_the_timing_in_the_right_rows_and_nothing_else_of_it_changes() {
    round_trip("ods", "content.xml", "cells 32, formulas 2, conditions 1, widths 8");
}

#[test]
fn a_row_that_was_changed_since_the_import_is_told_and_left_alone() {
    let stage = Stage::new("web[1-3]: ok");
    let text = "Step,Task,Hosts,Args\nLook,command,web,run=true\nLook again,command,web,run=true\n";
    let case = stage.case.file("deploy.csv", text).file("runsheet.yaml", "sinks:\n  - sheet: {}\n");
    case.run(&["import", "deploy.csv"]).exits(0);
    let case = case.file("deploy.csv", text.replace("again,command,web,run=true", "again,command,web,run=uptime"));
    let run = case.run(&["run", "deploy", "-y", "-F", "ssh_config"]).exits(0);
    assert!(run.stderr.contains("row 3: it was changed since the import"), "{}", run.stderr);
    let after = fs::read_to_string(case.path("deploy.csv")).expect("the table");
    let rows: Vec<_> = after.lines().collect();
    assert!(rows[1].starts_with("Look,command,web,run=true,2"), "{after}");
    assert_eq!(rows[2].trim_end_matches(','), "Look again,command,web,run=uptime");
}

#[test]
fn a_spreadsheet_that_is_open_elsewhere_gets_its_timing_later() {
    let stage = Stage::new("web[1-3]: ok");
    let text = "Step,Task,Hosts,Args\nLook,command,web,run=true\n";
    let lock = "Dana,dana,ops1,26.11.2026 03:12,file:///home/dana;";
    let case = stage.case.file("deploy.csv", text).file("runsheet.yaml", "sinks:\n  - sheet: {}\n");
    case.run(&["import", "deploy.csv"]).exits(0);
    let case = case.file(".~lock.deploy.csv#", lock);
    let run = case.run(&["run", "deploy", "-y", "-F", "ssh_config"]).exits(0);
    assert!(run.stderr.contains("runsheet sync"), "{}", run.stderr);
    assert!(run.stderr.contains("failed to write `deploy.csv`: ") && !run.stderr.contains(".."), "{}", run.stderr);
    assert_eq!(fs::read_to_string(case.path("deploy.csv")).expect("the table"), text);
    fs::remove_file(case.path(".~lock.deploy.csv#")).expect("closed");
    case.run(&["sync", "last"]).exits(0);
    let after = fs::read_to_string(case.path("deploy.csv")).expect("the table");
    assert!(after.contains("Hosts ok") && after.len() > text.len() + 60, "{after}");
}
