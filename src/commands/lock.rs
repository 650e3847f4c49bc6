use clap::{Args, Subcommand};
use runsheet_inventory::fold;
use runsheet_locks::{Listed, LockFolder};
use runsheet_reporters::{Column, Table};
use serde_json::{Value, json};

use crate::args::Format;
use crate::commands::lock_break::{self, BreakArgs};
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::locks::shown;
use crate::session::Session;
use crate::when;

/// Show which runs hold which hosts, and end locks that are left over
#[derive(Debug, Args)]
pub(crate) struct LockArgs {
    #[command(subcommand)]
    command: LockCommand,
}

#[derive(Debug, Subcommand)]
enum LockCommand {
    /// Show which runs hold which hosts on this machine
    Status(FormatArgs),
    /// End the locks of a run that is no more
    ///
    /// What is left of its lock on this machine is removed; a lock whose process lives is its own to end. On hosts (`lock: hosts`) the lock
    /// is removed where the run is still the one that has it. What was done is kept on record: `runsheet lock audit`.
    Break(Box<BreakArgs>),
    /// Show who ended which locks
    Audit(FormatArgs),
}

#[derive(Debug, Args)]
struct FormatArgs {
    /// What the output looks like
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    format: Format,
}

pub(crate) async fn exec(args: &LockArgs, session: &Session) -> Result<ExitStatus, CliError> {
    let folder = session.locks()?;
    match &args.command {
        LockCommand::Status(args) => status(&folder, args.format, session),
        LockCommand::Break(args) => lock_break::exec(&folder, args, session).await,
        LockCommand::Audit(args) => audit(&folder, args.format, session),
    }
}

fn status(folder: &LockFolder, format: Format, session: &Session) -> Result<ExitStatus, CliError> {
    let listing = folder.list()?;
    if format == Format::Json {
        let locks: Vec<Value> = listing.locks.iter().map(lock_json).collect();
        session.printer.json(&json!({"locks": locks, "others": listing.others}))?;
        return Ok(ExitStatus::Success);
    }
    let path = folder.path().display();
    for other in &listing.others {
        session.printer.note(&format!("warning: `{}` in `{path}` is no lock of runsheet\n", shown(other)));
    }
    if listing.locks.is_empty() {
        session.printer.note(&format!("no locks in {path}\n"));
        return Ok(ExitStatus::Success);
    }
    let mut table = Table::new([
        Column::whole("run"),
        Column::whole("state"),
        Column::left("user"),
        Column::right("pid"),
        Column::left("machine"),
        Column::left("what"),
        Column::left("step"),
        Column::right("since"),
        Column::left("hosts"),
    ]);
    for lock in &listing.locks {
        let holder = &lock.claim.holder;
        table.row([
            holder.run.to_string(),
            state(lock).to_owned(),
            shown(&holder.user),
            holder.pid.to_string(),
            shown(&holder.machine),
            format!("{} {}", shown(&holder.command), shown(&holder.sheet)),
            if lock.held { shown(&lock.steps.join(", ")) } else { String::new() },
            when::local(holder.since),
            fold(lock.claim.hosts.iter().map(|host| shown(&host.name))),
        ]);
    }
    session.printer.data(&table.render(session.printer.width, &session.printer.out_palette(format)))?;
    Ok(ExitStatus::Success)
}

/// One that nobody holds is left over: its run was killed. It keeps nobody out.
fn state(lock: &Listed) -> &'static str {
    if lock.held { "held" } else { "stale" }
}

fn lock_json(lock: &Listed) -> Value {
    let mut value = json!(lock.claim.holder);
    if let Some(fields) = value.as_object_mut() {
        fields.insert("state".to_owned(), state(lock).into());
        fields.insert("owner_uid".to_owned(), lock.owner.into());
        fields.insert("steps".to_owned(), json!(lock.steps));
        fields.insert("hosts".to_owned(), json!(lock.claim.hosts));
    }
    value
}

fn audit(folder: &LockFolder, format: Format, session: &Session) -> Result<ExitStatus, CliError> {
    let lines = folder.audit_lines()?;
    if format == Format::Json {
        let lines: Vec<Value> = lines
            .iter()
            .map(|line| {
                let mut value = json!(line.entry);
                value["owner_uid"] = line.owner.into();
                value
            })
            .collect();
        session.printer.json(&json!({"audit": lines}))?;
        return Ok(ExitStatus::Success);
    }
    let mut table = Table::new([
        Column::right("when"),
        Column::left("user"),
        Column::left("machine"),
        Column::whole("run"),
        Column::left("what"),
    ]);
    for line in &lines {
        let entry = &line.entry;
        let user = format!("{} (uid {})", shown(&entry.user), line.owner);
        table.row([when::local(entry.at), user, shown(&entry.machine), entry.run.to_string(), shown(&entry.what)]);
    }
    if lines.is_empty() {
        session.printer.note("nobody has ended a lock yet\n");
    } else {
        session.printer.data(&table.render(session.printer.width, &session.printer.out_palette(format)))?;
    }
    Ok(ExitStatus::Success)
}
