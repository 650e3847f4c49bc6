use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Component, Path, PathBuf};

use clap::Args;

use crate::args::GlobalArgs;
use crate::commands::schema::Schema;
use crate::environment::Environment;
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::printer::Printer;

/// Start a project: runsheet.yaml, host groups and a sheet to begin with
///
/// `sheets/template.xlsx` and `template.csv` are for those who keep their deploys in a spreadsheet: see `runsheet import`. Existing files are left as they are.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The folder
    #[arg(default_value = ".")]
    folder: PathBuf,
}

pub(crate) fn exec(args: &InitArgs, environment: &Environment, global: &GlobalArgs) -> Result<ExitStatus, CliError> {
    let printer = Printer::new(global, environment);
    let root: PathBuf = args.folder.components().filter(|part| *part != Component::CurDir).collect();
    let schemas = [
        (Schema::Project, ".runsheet/project.schema.json"),
        (Schema::Hostgroups, ".runsheet/hostgroups.schema.json"),
        (Schema::Sheet, ".runsheet/sheet.schema.json"),
    ];
    for (schema, path) in schemas {
        write(&environment.cwd, &root.join(path), format!("{:#}\n", schema.value()).as_bytes(), &printer)?;
    }
    let files: [(&str, &[u8]); 5] = [
        ("runsheet.yaml", include_bytes!("../init/runsheet.yaml")),
        ("hostgroups/example.yaml", include_bytes!("../init/hostgroups.yaml")),
        ("sheets/example.yaml", include_bytes!("../init/sheet.yaml")),
        // Made by crates/import/tests/template.rs.
        ("sheets/template.xlsx", include_bytes!("../init/template.xlsx")),
        ("sheets/template.csv", include_bytes!("../init/template.csv")),
    ];
    for (path, content) in files {
        write(&environment.cwd, &root.join(path), content, &printer)?;
    }
    printer.note("next: put your hosts into hostgroups/example.yaml, then `runsheet plan example`\n");
    Ok(ExitStatus::Success)
}

fn write(cwd: &Path, path: &Path, content: &[u8], printer: &Printer) -> Result<(), CliError> {
    let failed = |source| CliError::Write { path: path.to_owned(), source };
    let target = cwd.join(path);
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    match OpenOptions::new().write(true).create_new(true).open(&target) {
        Ok(mut file) => {
            file.write_all(content).map_err(failed)?;
            printer.note(&format!("wrote {}\n", path.display()));
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            printer.note(&format!("kept {}\n", path.display()));
            Ok(())
        }
        Err(source) => Err(failed(source)),
    }
}
