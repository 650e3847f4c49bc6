use std::collections::BTreeMap;
use std::path::Path;

use crate::csv;
use crate::edit::{TabEdits, by_tab};
use crate::error::{Reason, WorkbookError};
use crate::kind::Kind;
use crate::replace::Replacement;
use crate::zip::Archive;
use crate::{Edit, ods, xlsx, xml};

/// Changes cells of a spreadsheet in place, and nothing else of it: all of them, or none.
///
/// A file is replaced by a new one that is whole on the disk; of a folder of CSV files, one file after the other. Nothing is
/// written if an office program has the file open, or if somebody changes it meanwhile. See `docs/design/workbook.md`.
pub fn patch(path: &Path, edits: &[Edit]) -> Result<(), WorkbookError> {
    change(path, None, edits).map_err(Reason::at(path))
}

/// Like [`patch`], and only if the spreadsheet is still what it was when its fingerprint was taken
/// ([`crate::Workbook::read_with_fingerprint`]); else [`Reason::Changed`].
pub fn patch_if(path: &Path, fingerprint: &str, edits: &[Edit]) -> Result<(), WorkbookError> {
    change(path, Some(fingerprint), edits).map_err(Reason::at(path))
}

fn change(path: &Path, fingerprint: Option<&str>, edits: &[Edit]) -> Result<(), Reason> {
    let tabs = by_tab(edits)?;
    if path.is_dir() {
        return change_folder(path, fingerprint, &tabs);
    }
    let file = Replacement::begin(path)?;
    if fingerprint.is_some_and(|expected| !expected.eq_ignore_ascii_case(&file.fingerprint())) {
        return Err(Reason::Changed);
    }
    if edits.is_empty() {
        return Ok(());
    }
    let bytes = patched(file.bytes(), &tabs)?;
    file.finish(&bytes)
}

fn change_folder(folder: &Path, fingerprint: Option<&str>, tabs: &BTreeMap<&str, TabEdits<'_>>) -> Result<(), Reason> {
    if let Some(expected) = fingerprint
        && !expected.eq_ignore_ascii_case(&csv::folder_fingerprint(folder)?)
    {
        return Err(Reason::Changed);
    }
    // All are worked out before the first one is replaced.
    let mut ready = Vec::new();
    for (tab, edits) in tabs {
        let file = Replacement::begin(&csv::find_in_folder(folder, tab)?)?;
        let bytes = csv::patch(file.bytes(), edits)?;
        ready.push((file, bytes));
    }
    ready.into_iter().try_for_each(|(file, bytes)| file.finish(&bytes))
}

/// The bytes of a file once it is changed.
fn patched(bytes: &[u8], tabs: &BTreeMap<&str, TabEdits<'_>>) -> Result<Vec<u8>, Reason> {
    // To an empty file rows may be added.
    let kind = if bytes.is_empty() { Kind::Csv } else { Kind::of(bytes)? };
    match kind {
        Kind::Zip => {
            let mut archive = Archive::new(bytes)?;
            if xlsx::is_package(&archive) {
                xlsx::patch(&mut archive, tabs)
            } else if ods::is_document(&archive) {
                ods::patch_archive(&mut archive, tabs)
            } else {
                Err(Reason::NotASpreadsheet { what: "an archive of something else" })
            }
        }
        Kind::Csv => {
            let mut all = TabEdits::new();
            for (row, cells) in tabs.values().flatten() {
                all.entry(*row).or_default().extend(cells);
            }
            csv::patch(bytes, &all)
        }
        Kind::FlatOds => {
            let changed = ods::patch_document("", xml::utf8("", bytes)?, ods::Styles::default(), tabs)?;
            Ok(changed.into_bytes())
        }
        Kind::Xml2003 => Err(Reason::Unsupported { what: "a spreadsheet saved as XML", done: "changed" }),
    }
}
