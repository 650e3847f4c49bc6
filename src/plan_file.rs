use std::io::{self, Write};
use std::path::Path;

use runsheet_plan::Plan;
use tempfile::NamedTempFile;

use crate::error::CliError;

/// Writes a plan into a file that its owner alone may read, whole or not at all. A file that is there is replaced only if that is
/// wanted.
pub(crate) fn write(plan: &Plan, path: &Path, replace: bool) -> Result<(), CliError> {
    let failed = |source| CliError::Write { path: path.to_owned(), source };
    if !replace && path.symlink_metadata().is_ok() {
        return Err(exists(path));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // It is made 0600, and goes away if it is not given its name.
    let file = NamedTempFile::new_in(folder).map_err(failed)?;
    let mut writer = io::BufWriter::new(&file);
    serde_json::to_writer_pretty(&mut writer, plan).map_err(|error| failed(error.into()))?;
    writer.write_all(b"\n").and_then(|()| writer.flush()).map_err(failed)?;
    drop(writer);
    file.as_file().sync_all().map_err(failed)?;
    let named = if replace { file.persist(path) } else { file.persist_noclobber(path) };
    match named {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(exists(path)),
        Err(error) => Err(failed(error.error)),
    }
}

fn exists(path: &Path) -> CliError {
    CliError::usage(format!("`{}` is there already", path.display()), "`--force` replaces it")
}
