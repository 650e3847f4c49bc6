use std::path::{Path, PathBuf};

use crate::error::{Reason, WorkbookError};
use crate::kind::Kind;
use crate::source::{read_file, sha256};
use crate::tab_builder::Budget;
use crate::zip::Archive;
use crate::{Value, csv, limits, ods, xlsx, xml, xml_2003};

/// A spreadsheet as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Workbook {
    /// The file or folder it was read from.
    pub path: PathBuf,
    /// Its tabs, in their order. A CSV file has one, named after the file.
    pub tabs: Vec<Tab>,
}

impl Workbook {
    /// Reads a file, or a folder of CSV files: each is a tab, in the order of their names.
    ///
    /// What kind it is shows in its content, whatever its name says.
    pub fn read(path: &Path) -> Result<Self, WorkbookError> {
        Self::read_with_fingerprint(path).map(|(workbook, _)| workbook)
    }

    /// Reads a file or folder, and tells the fingerprint of what was read, for [`crate::patch_if`]: the SHA-256 of the file as 64
    /// hexadecimal digits; of a folder, the SHA-256 of its files' names and fingerprints.
    pub fn read_with_fingerprint(path: &Path) -> Result<(Self, String), WorkbookError> {
        let mut budget = Budget::default();
        let read = if path.is_dir() { csv::read_folder(path, &mut budget) } else { read(path, &mut budget) };
        let (tabs, fingerprint) = read.map_err(Reason::at(path))?;
        Ok((Self { path: path.to_owned(), tabs }, fingerprint))
    }
}

fn read(path: &Path, budget: &mut Budget) -> Result<(Vec<Tab>, String), Reason> {
    let bytes = read_file(path, limits::FILE)?;
    let tabs = match Kind::of(&bytes)? {
        Kind::Zip => {
            let mut archive = Archive::new(&bytes)?;
            if xlsx::is_package(&archive) {
                xlsx::read(&mut archive, budget)?
            } else if ods::is_document(&archive) {
                ods::read_archive(&mut archive, budget)?
            } else {
                return Err(Reason::NotASpreadsheet { what: "an archive of something else" });
            }
        }
        Kind::Csv => {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            vec![csv::read(&name, &bytes, budget)?]
        }
        Kind::FlatOds => ods::read_document("", &xml::decode("", &bytes)?, ods::Styles::default(), budget)?,
        Kind::Xml2003 => xml_2003::read(&xml::decode("", &bytes)?, budget)?,
    };
    Ok((tabs, sha256(&bytes)))
}

/// One tab.
#[derive(Clone, Debug, PartialEq)]
pub struct Tab {
    /// What it is called.
    pub name: String,
    /// Whether people do not see it.
    pub hidden: bool,
    /// The rows that hold something, in their order; rows of nothing are left out.
    pub rows: Vec<Row>,
}

/// One row that holds something.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its number, from 1.
    pub number: u32,
    /// Whether people do not see it (hidden, or filtered out).
    pub hidden: bool,
    /// The cells that hold something, by rising column. A merged range is its value in each of its cells of this row.
    pub cells: Vec<Cell>,
}

/// One cell that holds something.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Its column, from 1.
    pub column: u32,
    /// What a person sees in it.
    pub value: Value,
    /// Whether a formula made it.
    pub formula: bool,
    /// Whether it only shows what the first cell of a merged range holds.
    pub merged: bool,
}
