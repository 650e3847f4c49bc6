//! S-24: what hosts say is a text in every file that people open with a spreadsheet; LibreOffice opens them, told to evaluate what it can.

use std::fs;
use std::path::Path;

use crate::practice_runs::Stage;
use crate::write_back::convert;

/// What hosts say when they fail. Each is a formula, or one behind a separator; the last asks for another program (DDE).
const SAID: [&str; 4] =
    ["=6*7", "full;=6*7;\"=6*7", "\u{feff}+6*7,\t=6*7", "=DDE(\"soffice\";\"/etc/passwd\";\"A1\")&cmd|' /C calc'!A0"];

/// A run of as many steps, each on a host of its own that fails with what is said; its spreadsheet is of a kind.
fn ran(kind: &str) -> Stage {
    let stage = Stage::new("web[0-3]: ok");
    let mut table = String::from("Step,Task,Hosts,Args\n");
    for (number, said) in SAID.iter().enumerate() {
        table.push_str(&format!("Step {number},command,web{number},\"run=\"\"sh said{number}\"\"\"\n"));
        fs::write(
            stage.host(&format!("web{number}")).home().join(format!("said{number}")),
            format!("cat >&2 <<'END'\n{said}\nEND\nexit 3\n"),
        )
        .expect("a file");
    }
    let case = stage.case.file("deploy.csv", table).file("runsheet.yaml", "sinks:\n  - sheet: {}\n");
    let stage = Stage { case, ..stage };
    if kind != "csv" {
        convert(&stage.case.path("deploy.csv"), kind, stage.case.path("x").parent().expect("a folder"), &[]);
        fs::remove_file(stage.case.path("deploy.csv")).expect("removed");
    }
    stage.case.run(&["import", &format!("deploy.{kind}")]).exits(0);
    let ran = stage.case.run(&["run", "deploy", "-y", "--max-fail", "100%", "-F", "ssh_config"]).exits(5);
    assert!(!ran.stderr.contains("sink"), "{}", ran.stderr);
    stage
}

/// A file as LibreOffice understands it, as flat OpenDocument. CSV is read with a separator, and what looks like a formula is evaluated.
fn understood(file: &Path, separator: char) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let csv = file.extension().is_some_and(|ending| ending == "csv");
    // Separator, quote, UTF-8, from line 1; the last tells to evaluate formulas (Filter Options for CSV, token 13).
    let tokens = format!("{},34,76,1,,0,false,true,false,false,false,-1,true", u32::from(separator));
    let filter = format!("--infilter=Text - txt - csv (StarCalc):{tokens}");
    let filter = [filter.as_str()];
    convert(file, "fods", folder.path(), if csv { &filter } else { &[] });
    let name = file.with_extension("fods");
    fs::read_to_string(folder.path().join(name.file_name().expect("a name"))).expect("a document")
}

/// Formulas and links to other programs, as flat OpenDocument has them.
fn evaluated(document: &str) -> Vec<&str> {
    ["table:formula=", "dde-link", "dde-source"].into_iter().filter(|word| document.contains(word)).collect()
}

#[test]
fn s_24_a_report_of_hostile_hosts_is_a_table_of_texts_for_libreoffice() {
    let stage = ran("csv");
    let file = stage.case.path("report.csv");
    stage.case.run(&["report", "last", "--format", "csv", "-o", "report.csv"]).exits(0);
    for separator in [',', ';'] {
        let document = understood(&file, separator);
        assert_eq!(evaluated(&document), [""; 0], "{separator}\n{document}");
        assert!(document.contains("&apos;=6*7"), "{document}");
    }
    // Whoever asks for it gets them as they are.
    stage.case.run(&["report", "last", "--format", "csv", "--raw-csv", "-o", "report.csv"]).exits(0);
    assert_ne!(evaluated(&understood(&file, ',')), [""; 0]);
}

#[test]
fn s_24_what_hosts_said_is_text_in_every_kind_of_spreadsheet_that_is_written_back() {
    for kind in ["csv", "xlsx", "ods"] {
        let stage = ran(kind);
        let file = stage.case.path(&format!("deploy.{kind}"));
        for separator in if kind == "csv" { &[',', ';'][..] } else { &[','] } {
            let document = understood(&file, *separator);
            assert_eq!(evaluated(&document), [""; 0], "{kind} {separator}\n{document}");
            assert!(document.contains("web0: ") && document.contains("cmd|"), "{kind}: nothing was written back");
        }
    }
}

#[test]
fn libreoffice_would_evaluate_a_formula_that_nobody_has_made_a_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("table.csv");
    fs::write(&file, "\"a\",\"=6*7\"\n").expect("a file");
    let document = understood(&file, ',');
    assert!(evaluated(&document) == ["table:formula="] && document.contains(">42<"), "{document}");
}
