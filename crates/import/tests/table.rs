//! Workbooks out of tables of text, and imports of them.

use std::path::{Path, PathBuf};

use runsheet_import::{Import, ImportError, ImportSource, Now, Options, Prefer};
use runsheet_workbook::{Cell, Row, Tab, Value, Workbook};

/// A tab; columns are divided by `|`. `=x` is what a formula gave, `<` the cell on its left and `^` that above it, merged with it; a row
/// that begins with `~` is hidden.
pub(crate) fn tab(name: &str, table: &str) -> Tab {
    let mut rows: Vec<Row> = Vec::new();
    for (number, line) in (1..).zip(table.lines()) {
        let (hidden, line) = line.strip_prefix('~').map_or((false, line), |line| (true, line));
        let mut cells: Vec<Cell> = Vec::new();
        for (column, text) in (1..).zip(line.split('|').map(str::trim)) {
            let above = || rows.last().and_then(|row| row.cells.iter().find(|cell| cell.column == column));
            let (value, merged) = match text {
                "" => continue,
                "<" => (cells.last().expect("a cell on the left").value.clone(), true),
                "^" => (above().expect("a cell above").value.clone(), true),
                _ => {
                    let plain = text.strip_prefix('=').unwrap_or(text).replace("\\n", "\n");
                    let number = plain.parse::<f64>().map(Value::Number);
                    (number.unwrap_or(Value::Text(plain)), false)
                }
            };
            cells.push(Cell { column, value, formula: text.starts_with('='), merged });
        }
        if !cells.is_empty() {
            rows.push(Row { number, hidden, cells });
        }
    }
    Tab { name: name.to_owned(), hidden: false, rows }
}

pub(crate) fn workbook(tabs: Vec<Tab>) -> Workbook {
    Workbook { path: PathBuf::from("deploy.xlsx"), tabs }
}

/// The first import of some tabs.
pub(crate) fn first(tabs: Vec<Tab>) -> Result<Import, ImportError> {
    with(tabs, &Options::default())
}

pub(crate) fn with(tabs: Vec<Tab>, options: &Options) -> Result<Import, ImportError> {
    prepare(tabs, options, &now(), Prefer::Neither)
}

/// Nothing is there yet.
pub(crate) fn now() -> Now {
    Now { sheet_path: "sheets/deploy.yaml".into(), groups_path: "hostgroups/deploy.yaml".into(), ..Now::default() }
}

/// What is there after an import.
pub(crate) fn after(import: &Import) -> Now {
    let (sheet, groups) = (Some(import.sheet.clone()), import.groups.clone());
    Now { sheet, groups, record: Some(import.record.clone()), ..now() }
}

pub(crate) fn prepare(tabs: Vec<Tab>, options: &Options, now: &Now, prefer: Prefer) -> Result<Import, ImportError> {
    let import = unchecked(tabs, options, now, prefer)?;
    let sheet = runsheet_sheet::Sheet::parse(&import.sheet, Path::new("sheets/deploy.yaml"));
    sheet.unwrap_or_else(|error| panic!("{error}\n{}", import.sheet));
    Ok(import)
}

/// What is wrong with a tab of steps.
#[track_caller]
pub(crate) fn wrong(tabs: Vec<Tab>) -> String {
    first(tabs).expect_err("it cannot be imported").to_string()
}

/// An import whose sheet may be one that does not load.
pub(crate) fn unchecked(tabs: Vec<Tab>, options: &Options, now: &Now, prefer: Prefer) -> Result<Import, ImportError> {
    let source = ImportSource::File("../deploy.xlsx".into());
    Import::prepare(&workbook(tabs), source, "Deploy", options, now, prefer)
}
