//! A workbook of 5,000 steps, from what was read of its file to the texts that are written; and once more over them.
//!
//! `cargo bench -p runsheet-import`. The promise is 2 s, with reading the file (the benchmark of crates/workbook).

use std::time::Instant;

use runsheet_import::{Import, ImportSource, Now, Options, Prefer};
use runsheet_workbook::{Cell, Row, Tab, Value, Workbook};

const STEPS: u32 = 5_000;

fn row(number: u32, texts: &[String]) -> Row {
    let cell = |(column, text): (u32, &String)| Cell {
        column,
        value: Value::Text(text.clone()),
        formula: false,
        merged: false,
    };
    Row { number, hidden: false, cells: (1..).zip(texts).map(cell).collect() }
}

#[expect(clippy::print_stdout, reason = "a benchmark tells its figures")]
fn main() {
    let titles = ["Step", "Task", "Hosts", "Args", "Owner", "Expected", "After", "Notes"].map(str::to_owned);
    let step = |number: u32| {
        let args = format!("run=\"echo {number}\" timeout=5m");
        let texts =
            [format!("Step number {number}"), "command".into(), format!("web[01-{:02}]", number % 80 + 11), args];
        let after = if number > 1 { format!("Step number {}", number - 1) } else { String::new() };
        let more = ["platform".into(), "12m".into(), after, "as always".into()];
        row(number + 1, &texts.into_iter().chain(more).collect::<Vec<_>>())
    };
    let rows = std::iter::once(row(1, &titles)).chain((1..=STEPS).map(step)).collect();
    let tabs = vec![Tab { name: "Steps".into(), hidden: false, rows }];
    let workbook = Workbook { path: "deploy.xlsx".into(), tabs };
    let mut now = Now { sheet_path: "sheets/deploy.yaml".into(), ..Now::default() };
    for what in ["first import", "once more"] {
        let start = Instant::now();
        let source = ImportSource::File("../deploy.xlsx".into());
        let import = Import::prepare(&workbook, source, "Deploy", &Options::default(), &now, Prefer::Neither);
        let import = import.expect("an import");
        println!("{what}: {STEPS} steps in {:?}, {} KiB of YAML", start.elapsed(), import.sheet.len() / 1024);
        now = Now { sheet: Some(import.sheet), record: Some(import.record), ..now };
    }
}
