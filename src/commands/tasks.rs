use clap::{Args, Subcommand};
use runsheet_reporters::{Column, Table};
use runsheet_task::{ArgKind, TaskSpec};
use serde_json::{Value, json};

use crate::args::Format;
use crate::commands::{tasks_check, tasks_test};
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::session::Session;

/// List the tasks, or show one with its arguments
#[derive(Debug, Args)]
pub(crate) struct TasksArgs {
    #[command(subcommand)]
    command: Option<TasksCommand>,
    /// What the output looks like
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output", global = true)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum TasksCommand {
    /// Check the project's own tasks; of a task in Python, name what has to change
    Check(tasks_check::CheckArgs),
    /// Play the cases of the project's own tasks
    Test(tasks_test::TestArgs),
    /// Show one task with its arguments
    Show {
        /// The task
        task: String,
    },
}

pub(crate) async fn exec(args: TasksArgs, session: &Session) -> Result<ExitStatus, CliError> {
    match (&args.command, args.format) {
        (None, Format::Json) => {
            let all: Vec<Value> = session.registry().iter().map(|task| as_json(task.spec())).collect();
            session.printer.json(&all)?;
        }
        (None, _) => {
            let mut table = Table::new([Column::left("task"), Column::left("does")]);
            for task in session.registry().iter() {
                table.row([task.spec().name().as_str(), task.spec().summary()]);
            }
            session.printer.data(&table.render(session.printer.width, &session.printer.out_palette(args.format)))?;
            for (_, mistake) in &session.scripts().mistakes {
                session.printer.note(&format!("warning: {mistake}\n"));
            }
        }
        (Some(TasksCommand::Test(test)), format) => return tasks_test::exec(test, format, session).await,
        (Some(TasksCommand::Check(check)), format) => return tasks_check::exec(check, format, session),
        (Some(TasksCommand::Show { task }), format) => {
            let task = session.registry().get(task)?;
            match format {
                Format::Json => session.printer.json(&as_json(task.spec()))?,
                _ => session.printer.data(&page(task.spec(), session, format))?,
            }
        }
    }
    Ok(ExitStatus::Success)
}

fn as_json(spec: &TaskSpec) -> Value {
    json!({
        "name": spec.name(),
        "summary": spec.summary(),
        "details": spec.more(),
        "idempotent": spec.is_idempotent(),
        "args": spec.schema(),
    })
}

fn page(spec: &TaskSpec, session: &Session, format: Format) -> String {
    let mut text = format!("{}\n\n{}\n", spec.name(), spec.summary());
    if !spec.more().is_empty() {
        text.push_str(&format!("\n{}\n", spec.more()));
    }
    let promise = if spec.is_idempotent() { "may be repeated without harm" } else { "is not repeated without asking" };
    text.push_str(&format!("\nAn attempt whose end was not seen {promise}.\n"));
    if !spec.args().is_empty() {
        let mut table = Table::new(["argument", "is", "default", "about"].map(Column::left));
        for arg in spec.args() {
            let default = match &arg.default {
                Some(Value::String(text)) => text.clone(),
                Some(value) => value.to_string(),
                None if arg.required => "(required)".to_owned(),
                None => String::new(),
            };
            table.row([arg.name.to_string(), kind(&arg.kind), default, arg.about.to_string()]);
        }
        text.push('\n');
        text.push_str(&table.render(session.printer.width, &session.printer.out_palette(format)));
    }
    text
}

fn kind(kind: &ArgKind) -> String {
    match kind {
        ArgKind::Text => "text".to_owned(),
        ArgKind::TextOrSecret => "text or secret".to_owned(),
        ArgKind::Integer { min: i64::MIN, max: i64::MAX } => "whole number".to_owned(),
        ArgKind::Integer { min, max } => format!("{min}…{max}"),
        ArgKind::Boolean => "true or false".to_owned(),
        ArgKind::Duration => "time".to_owned(),
        ArgKind::Choice(words) => words.join(" or "),
        ArgKind::TextList => "list of texts".to_owned(),
        ArgKind::LocalFile => "file here".to_owned(),
        ArgKind::LocalFolder => "folder here".to_owned(),
        ArgKind::Template => "template here".to_owned(),
        ArgKind::Mode => "file mode".to_owned(),
    }
}
