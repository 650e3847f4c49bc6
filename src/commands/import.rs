use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use clap::Args;
use runsheet_diagnostics::Hint;
use runsheet_import::{Change, Import, ImportRecord, ImportSource, Mapping, Now, Options, Prefer, name_of};
use runsheet_inventory::Inventory;
use runsheet_model::{plural, slug, visible};
use runsheet_sheet::Sheet;
use serde_json::json;

use crate::args::{Format, GlobalArgs};
use crate::environment::Environment;
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::people;
use crate::printer::Printer;
use crate::project::{Project, shown};
use crate::spreadsheet::{self, Spreadsheet};

/// Make a deploy sheet and host groups out of a spreadsheet
///
/// Writes sheets/NAME.yaml and, if a tab lists hosts, hostgroups/NAME.yaml. Tabs and columns are recognised by their titles. Once more
/// it shows what changed and asks, and keeps what was edited by hand.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct ImportArgs {
    /// The spreadsheet: .xlsx, .ods, .csv, a folder of CSV files, or the id of a Google Sheet
    #[arg(value_name = "FILE|FOLDER|GOOGLE-ID")]
    from: String,
    /// What the sheet is called. Default: as the spreadsheet
    #[arg(long)]
    name: Option<String>,
    /// The tab with the steps
    #[arg(long, value_name = "TAB")]
    steps_tab: Option<String>,
    /// The tab with the hosts
    #[arg(long, value_name = "TAB")]
    hosts_tab: Option<String>,
    /// Which column is which field, such as `step=Schritt` or `owner=D`; `owner=` for none
    #[arg(long, value_name = "FIELD=TITLE")]
    map: Vec<String>,
    /// Where both changed the same, take what the spreadsheet says
    #[arg(long, conflicts_with = "ours")]
    theirs: bool,
    /// Where both changed the same, keep what stands in the files
    #[arg(long)]
    ours: bool,
    /// Do not ask before something changes
    #[arg(short, long)]
    yes: bool,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
    /// What the output looks like
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

/// The files that an import writes.
struct Files {
    name: String,
    sheet: PathBuf,
    groups: PathBuf,
    record: PathBuf,
}

pub(crate) fn exec(args: &ImportArgs, environment: &Environment, global: &GlobalArgs) -> Result<ExitStatus, CliError> {
    let printer = Printer::new(global, environment);
    let project = Project::find(environment)?;
    let spreadsheet = spreadsheet::open(&args.from, &project, environment)?;
    let files = files(args, &spreadsheet, &project, environment)?;
    let now = now(&files, environment)?;
    let prefer = match (args.ours, args.theirs) {
        (true, _) => Prefer::Ours,
        (_, true) => Prefer::Theirs,
        _ => Prefer::Neither,
    };
    let source = relative(&spreadsheet.source, &files.record);
    let options = options(args, &project)?;
    let import = Import::prepare(&spreadsheet.workbook, source, &spreadsheet.title, &options, &now, prefer)?;
    check(&import, &files, &project, environment)?;
    for warning in &import.warnings {
        printer.note(&format!("warning: {}\n", visible(warning.as_bytes())));
    }
    let again = now.sheet.is_some() || now.record.is_some();
    if args.format == Format::Json {
        printer.json(&json!({
            "name": files.name,
            "written": !args.dry_run,
            "steps": import.steps,
            "hosts": import.hosts,
            "warnings": import.warnings,
        }))?;
    } else if again || args.dry_run {
        printer.data(&difference(&import, &files, environment))?;
    }
    if args.dry_run {
        return Ok(ExitStatus::Success);
    }
    if again && !import.is_unchanged() && !confirmed(args, environment)? {
        printer.note("nothing was written\n");
        return Ok(ExitStatus::Stopped);
    }
    write_all(&import, &now, &files)?;
    if args.format != Format::Json {
        let steps = plural(import.record.steps.rows.len(), "step");
        let sheet = shown(&files.sheet, environment);
        printer.note(&format!(
            "{steps} in {}; `runsheet plan {}` shows what they would do\n",
            sheet.display(),
            files.name
        ));
    }
    Ok(ExitStatus::Success)
}

fn files(
    args: &ImportArgs,
    from: &Spreadsheet,
    project: &Project,
    environment: &Environment,
) -> Result<Files, CliError> {
    let name = match &args.name {
        Some(name) => name.clone(),
        None => match &from.source {
            ImportSource::File(path) => name_of(path),
            ImportSource::Google(_) => slug(&from.title),
        },
    };
    let one = Path::new(&name).components().collect::<Vec<_>>();
    if !matches!(one.as_slice(), [Component::Normal(_)]) || name.starts_with('.') {
        let message = format!("`{}` cannot be the name of a sheet", visible(name.as_bytes()));
        return Err(CliError::usage(message, "say one with `--name`, such as `--name web`"));
    }
    let sheet = project.sheets(environment).join(format!("{name}.yaml"));
    let folder = project.settings.hostgroups.as_deref().unwrap_or("hostgroups");
    let folder = environment.path(&project.root, folder);
    // Where all host groups are one file, those of the spreadsheet stand beside it.
    let folder = if folder.is_file() { folder.parent().unwrap_or(Path::new("")).to_owned() } else { folder };
    let record = ImportRecord::beside(&sheet);
    Ok(Files { groups: folder.join(format!("{name}.yaml")), record, sheet, name })
}

fn now(files: &Files, environment: &Environment) -> Result<Now, CliError> {
    let read = |path: &Path| -> Result<Option<String>, CliError> {
        if !path.exists() {
            return Ok(None);
        }
        Ok(Some(runsheet_yaml::read_text(&shown(path, environment))?.value))
    };
    let record =
        if files.record.exists() { Some(ImportRecord::load(&shown(&files.record, environment))?) } else { None };
    Ok(Now {
        sheet_path: shown(&files.sheet, environment),
        sheet: read(&files.sheet)?,
        groups_path: shown(&files.groups, environment),
        groups: read(&files.groups)?,
        record,
    })
}

fn options(args: &ImportArgs, project: &Project) -> Result<Options, CliError> {
    let settings = &project.settings.import;
    let mut columns: Vec<Mapping> = settings
        .columns
        .iter()
        .map(|(field, column)| Mapping { field: field.clone(), column: column.clone() })
        .collect();
    for text in &args.map {
        let mapping = Mapping::parse(text);
        let wrong = || CliError::usage(format!("`--map {text}` has no `=`"), "write `--map step=TITLE`");
        columns.push(mapping.ok_or_else(wrong)?);
    }
    Ok(Options {
        steps_tab: args.steps_tab.clone().or_else(|| settings.steps_tab.clone()),
        hosts_tab: args.hosts_tab.clone().or_else(|| settings.hosts_tab.clone()),
        columns,
    })
}

/// The source as the record has it: a file seen from the record's folder, if both are below one folder of the user's.
fn relative(source: &ImportSource, record: &Path) -> ImportSource {
    let ImportSource::File(path) = source else { return source.clone() };
    let folder = record.parent().unwrap_or(Path::new("/"));
    let common = folder.components().zip(path.components()).take_while(|(one, other)| one == other).count();
    // Only the root in common: a path of its own says more.
    if common <= 1 {
        return source.clone();
    }
    let up = folder.components().skip(common).map(|_| Component::ParentDir);
    ImportSource::File(up.chain(path.components().skip(common)).collect())
}

/// Makes sure that sheet and host groups load, before anything is written; a mistake is told at its row.
fn check(import: &Import, files: &Files, project: &Project, environment: &Environment) -> Result<(), CliError> {
    let sheet = shown(&files.sheet, environment);
    if let Err(error) = Sheet::parse(&import.sheet, &sheet) {
        return Err(at_row(&error, &sheet, |line| import.step_place(line).map(|place| place.to_string())));
    }
    let Some(groups) = &import.groups else { return Ok(()) };
    let failed = |source| CliError::Write { path: files.groups.clone(), source };
    let folder = tempfile::tempdir().map_err(failed)?;
    let file = folder.path().join(format!("{}.yaml", files.name));
    fs::write(&file, groups).map_err(failed)?;
    let mut all = vec![file.clone()];
    if let Some(others) =
        project.hostgroups(environment).map(|path| environment.cwd.join(path)).filter(|path| path.is_dir())
    {
        let entries = fs::read_dir(&others).into_iter().flatten().flatten().map(|entry| entry.path());
        let yaml = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        all.extend(entries.filter(|path| yaml(path) && *path != files.groups && !path.is_dir()));
        all.sort();
    }
    match Inventory::load(&all) {
        Ok(_) => Ok(()),
        Err(error) => Err(at_row(&error, &file, |line| import.host_place(line).map(|place| place.to_string()))),
    }
}

/// A mistake in a text that is not written yet, at the row that it came from; where it is in no row of the spreadsheet, as it is.
fn at_row(error: &dyn Hint, file: &Path, row: impl Fn(u32) -> Option<String>) -> CliError {
    let text = error.to_string();
    let hint = error.hints().iter().next().map(str::to_owned);
    let placed = text.strip_prefix(&format!("{}:", file.display())).and_then(|rest| {
        let (line, rest) = rest.split_once(':')?;
        let (_, what) = rest.split_once(": ")?;
        Some((row(line.parse().ok()?)?, what.to_owned()))
    });
    match placed {
        Some((place, what)) => CliError::Imported { place, what, hint },
        None => CliError::Usage { message: text, hint },
    }
}

/// What would change, file by file.
fn difference(import: &Import, files: &Files, environment: &Environment) -> String {
    if import.is_unchanged() {
        return "nothing has changed\n".to_owned();
    }
    let mut text = String::new();
    for (file, changes) in [(&files.sheet, &import.steps), (&files.groups, &import.hosts)] {
        if !changes.is_empty() {
            let lines: Vec<_> = changes.iter().map(|change: &Change| format!("  {change}\n")).collect();
            text.push_str(&format!("{}\n{}", shown(file, environment).display(), lines.concat()));
        }
    }
    visible(text.as_bytes())
}

fn confirmed(args: &ImportArgs, environment: &Environment) -> Result<bool, CliError> {
    if args.yes || args.format == Format::Json || !environment.stdin_terminal || !environment.stderr_terminal {
        return Ok(true);
    }
    people::confirm("write it?").map_err(|source| CliError::Output { source })
}

/// Writes what is different. The record comes last: without it, what is there would be taken for somebody's own.
fn write_all(import: &Import, now: &Now, files: &Files) -> Result<(), CliError> {
    if let Some(groups) = &import.groups
        && now.groups.as_ref() != Some(groups)
    {
        write(&files.groups, groups)?;
    }
    if now.sheet.as_ref() != Some(&import.sheet) {
        write(&files.sheet, &import.sheet)?;
    }
    if now.record.as_ref() != Some(&import.record) {
        write(&files.record, &import.record.text())?;
    }
    Ok(())
}

/// Puts a whole file in the place of an older one; it keeps its mode.
fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let failed = |source| CliError::Write { path: path.to_owned(), source };
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let mode = fs::metadata(path).map_or(0o644, |there| there.permissions().mode() & 0o777);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.as_file().set_permissions(fs::Permissions::from_mode(mode)).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
