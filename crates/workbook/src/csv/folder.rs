use std::fs;
use std::path::{Path, PathBuf};

use crate::csv::reader;
use crate::error::Reason;
use crate::source::{read_file, sha256};
use crate::tab_builder::Budget;
use crate::{Tab, limits};

/// The CSV files of a folder and the tabs they are, by name. What is hidden, or has another ending, is none of them.
fn files(folder: &Path) -> Result<Vec<(String, PathBuf)>, Reason> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(Reason::io("list it"))? {
        let path = entry.map_err(Reason::io("list it"))?.path();
        let ending = path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("csv") || ending.eq_ignore_ascii_case("tsv"));
        let Some(name) = path.file_stem().and_then(|name| name.to_str()) else { continue };
        if ending && !name.starts_with('.') && path.is_file() {
            files.push((name.to_owned(), path));
        }
        if files.len() > limits::PARTS {
            return Err(Reason::TooLarge { what: format!("it has more than {} files", limits::PARTS) });
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Reason::NotASpreadsheet { what: "a folder without a .csv file" });
    }
    Ok(files)
}

/// The file of a tab.
pub(crate) fn find(folder: &Path, tab: &str) -> Result<PathBuf, Reason> {
    let mut files = files(folder)?;
    match files.iter().position(|(name, _)| name == tab) {
        Some(at) => Ok(files.swap_remove(at).1),
        None => Err(Reason::NoTab { tab: tab.to_owned(), tabs: files.into_iter().map(|(name, _)| name).collect() }),
    }
}

/// The fingerprint of all files of a folder.
pub(crate) fn fingerprint(folder: &Path) -> Result<String, Reason> {
    Ok(fingerprint_of(&contents(folder)?))
}

/// Reads all files of a folder, and the fingerprint of all of them.
pub(crate) fn read(folder: &Path, budget: &mut Budget) -> Result<(Vec<Tab>, String), Reason> {
    let contents = contents(folder)?;
    let fingerprint = fingerprint_of(&contents);
    let mut tabs = Vec::with_capacity(contents.len());
    for (name, bytes) in contents {
        // An empty file is a tab without rows: the others may hold what is looked for.
        tabs.push(reader::read(&name, &bytes, budget).map_err(|reason| reason.in_file(&name))?);
    }
    Ok((tabs, fingerprint))
}

/// The tabs of a folder and the bytes of their files.
fn contents(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, Reason> {
    let mut left = limits::FILE;
    let mut contents = Vec::new();
    for (name, path) in files(folder)? {
        let bytes = read_file(&path, left)?;
        left -= bytes.len() as u64;
        contents.push((name, bytes));
    }
    Ok(contents)
}

fn fingerprint_of(contents: &[(String, Vec<u8>)]) -> String {
    let mut lines = String::new();
    for (name, bytes) in contents {
        lines.push_str(&format!(
            "{} {name}
",
            sha256(bytes)
        ));
    }
    sha256(lines.as_bytes())
}
