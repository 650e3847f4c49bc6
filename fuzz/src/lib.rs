//! What the fuzzers do with a text. None of it may panic, hang or grow without bounds; what comes out is checked where that can be said in
//! a line.

#![forbid(unsafe_code)]

mod known_hosts;

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use runsheet_inventory::{Inventory, Reach, SshConfig, expand_text};
use runsheet_model::HostName;
use runsheet_sheet::Sheet;
use tempfile::TempDir;

/// A function that takes a text.
pub type Target = fn(&[u8]);

/// All targets with their names, which are those of the folders in `corpus/`.
pub const TARGETS: [(&str, Target); 4] =
    [("known_hosts", known_hosts), ("ssh_config", ssh_config), ("patterns", patterns), ("sheet", sheet)];

/// Reads known_hosts, line by line as the program does, and asks each line for some hosts.
pub fn known_hosts(data: &[u8]) {
    known_hosts::read(data);
}

/// Reads an ssh_config and asks it how hosts are reached.
pub fn ssh_config(data: &[u8]) {
    thread_local! {
        static FOLDER: RefCell<Option<(TempDir, PathBuf)>> = const { RefCell::new(None) };
    }
    // Other files are other fuzzers' business, and what lies on this machine is nobody's.
    if data.to_ascii_lowercase().windows(7).any(|word| word == b"include") {
        return;
    }
    FOLDER.with_borrow_mut(|place| {
        let (folder, file) = place.get_or_insert_with(|| {
            // Memory, where there is some: a file is written for every text.
            let shared = Path::new("/dev/shm");
            let folder = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() };
            let folder = folder.expect("a folder");
            let file = folder.path().join("config");
            (folder, file)
        });
        fs::write(&*file, data).expect("written");
        if let Ok(config) = SshConfig::load(std::slice::from_ref(file), folder.path()) {
            let reach = Reach { ssh_config: Arc::new(config), ..Reach::new("/home/dana", "dana") };
            for name in ["web1", "db.example.com", "10.0.0.1"] {
                let host = HostName::new(name).expect("a name");
                // What it says is the tests' business.
                let _ = Inventory::empty().explain(&host, &reach);
            }
        }
    });
}

/// Expands a pattern. Nobody gets more hosts than there may be, nor one twice.
pub fn patterns(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(mut hosts) = expand_text(text) {
        assert!(hosts.len() <= 100_000, "{} hosts", hosts.len());
        let all = hosts.len();
        hosts.sort();
        hosts.dedup();
        assert_eq!(hosts.len(), all, "a host is there twice");
    }
}

/// Reads a deploy sheet.
pub fn sheet(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    match Sheet::parse(text, Path::new("sheet.yaml")) {
        Ok(sheet) => assert_eq!(sheet.dependencies().len(), sheet.steps.len()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
