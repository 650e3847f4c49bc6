use std::fs;
use std::path::{Path, PathBuf};

use runsheet_yaml::load_with_warnings;

use crate::ansible;
use crate::builder::Builder;
use crate::error::InventoryError;
use crate::file_text::FileText;
use crate::inventory::Inventory;
use crate::native;

impl Inventory {
    /// Loads files and folders together: of a folder its `*.yaml` and `*.yml`, by name, without hidden files and folders in it.
    ///
    /// A file is native if it has the key `groups` or `defaults`; otherwise it is an Ansible YAML inventory. A file that
    /// somebody else may change, that is not UTF-8 or larger than 16 MiB is refused, and so are more than 100,000 hosts.
    pub fn load(paths: &[PathBuf]) -> Result<Self, InventoryError> {
        let mut builder = Builder::default();
        for path in paths {
            for file in files(path)? {
                let loaded = load_with_warnings::<FileText>(&file)?;
                loaded.warnings.into_iter().for_each(|warning| builder.warn(&warning));
                let text = loaded.value;
                if text.is_native() {
                    native::add(text, &file, &mut builder)?;
                } else {
                    ansible::add(text, &file, &mut builder)?;
                }
            }
        }
        builder.finish()
    }
}

fn files(path: &Path) -> Result<Vec<PathBuf>, InventoryError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let fail = |source| InventoryError::Folder { path: path.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(fail)? {
        let file = entry.map_err(fail)?.path();
        let hidden = file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let yaml = file.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        if yaml && !hidden && !file.is_dir() {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(InventoryError::EmptyFolder { path: path.to_owned() });
    }
    files.sort();
    Ok(files)
}
