use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use runsheet_diagnostics::Hint;
use runsheet_inventory::{Inventory, InventoryError, Reach, Selection, SshConfig};
use runsheet_model::{Endpoint, HostName};
use tempfile::TempDir;

/// A folder of files that nobody else may write.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("chmod");
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(&path, content).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("chmod");
        path
    }

    pub(crate) fn load(&self) -> Result<Inventory, InventoryError> {
        Inventory::load(&[self.path().to_owned()])
    }

    /// An error with its hints, without the folder's path.
    pub(crate) fn said(&self, error: &InventoryError) -> String {
        let hints: Vec<_> = error.hints().iter().map(|hint| format!("\nhint: {hint}")).collect();
        let path = format!("{}/", self.path().display());
        format!("{error}{}", hints.concat()).replace(&path, "").replace(&*self.path().to_string_lossy(), "DIR")
    }
}

/// Loads one file.
pub(crate) fn inventory(yaml: &str) -> Inventory {
    let folder = Folder::new();
    folder.file("hosts.yaml", yaml);
    folder.load().unwrap_or_else(|error| panic!("{}", folder.said(&error)))
}

/// What loading one file says.
pub(crate) fn refused(yaml: impl AsRef<[u8]>) -> String {
    let folder = Folder::new();
    folder.file("hosts.yaml", yaml);
    folder.said(&folder.load().expect_err("a mistake"))
}

pub(crate) fn host(name: &str) -> HostName {
    HostName::new(name).expect("a host name")
}

pub(crate) fn select(inventory: &Inventory, pattern: &str) -> Result<String, String> {
    let selection = Selection { pattern: pattern.to_owned(), ..Selection::default() };
    said(inventory.select(&selection))
}

pub(crate) fn said(selected: Result<Vec<HostName>, InventoryError>) -> Result<String, String> {
    match selected {
        Ok(hosts) => Ok(hosts.iter().map(HostName::as_str).collect::<Vec<_>>().join(" ")),
        Err(error) => {
            let hints: Vec<_> = error.hints().iter().map(|hint| format!("\nhint: {hint}")).collect();
            Err(format!("{error}{}", hints.concat()))
        }
    }
}

pub(crate) fn reach() -> Reach {
    Reach::new("/home/dana", "dana")
}

/// A reach with one ssh_config file.
pub(crate) fn reach_with(config: &str) -> Reach {
    let folder = Folder::new();
    let file = folder.file("config", config);
    let config = SshConfig::load(&[file], Path::new("/home/dana")).expect("an ssh_config");
    Reach { ssh_config: config.into(), ..reach() }
}

/// `user@address:port`, over which jump hosts.
pub(crate) fn way(endpoint: &Endpoint) -> String {
    let hops = endpoint.jumps.iter().chain([&endpoint.target]);
    hops.map(|hop| format!("{}@{}:{}", hop.user, hop.address, hop.port)).collect::<Vec<_>>().join(" > ")
}
