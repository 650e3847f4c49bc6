//! LibreOffice without a window: what a person would see in a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A LibreOffice with a profile of its own.
pub(crate) struct Office {
    folder: tempfile::TempDir,
}

impl Office {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    /// Where files may be laid.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Lets LibreOffice save a file as another kind, and gives the folder with what it made.
    pub(crate) fn convert(&self, file: &Path, to: &str) -> PathBuf {
        let out = tempfile::tempdir_in(self.folder.path()).expect("a folder").keep();
        let profile = format!("-env:UserInstallation=file://{}", self.path("profile").display());
        let output = Command::new("timeout")
            .args(["120", "soffice", &profile, "--headless", "--norestore", "--convert-to", to, "--outdir"])
            .arg(&out)
            .arg(file)
            .env("LC_ALL", "C.UTF-8")
            .output()
            .expect("LibreOffice; scripts/install-test-packages installs it");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert!(fs::read_dir(&out).expect("a folder").next().is_some(), "LibreOffice made nothing of it: {said}");
        out
    }

    /// What a person sees in a tab: lines with tabs between the cells.
    pub(crate) fn shows(&self, file: &Path, tab: &str) -> String {
        // Tab, quote, UTF-8, from line 1; not all in quotes; as shown, no formulas; every tab.
        let folder = self.convert(file, "csv:Text - txt - csv (StarCalc):9,34,76,1,,0,false,true,true,false,false,-1");
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        fs::read_to_string(folder.join(format!("{name}-{tab}.csv"))).expect("a tab")
    }
}
