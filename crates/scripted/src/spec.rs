//! What a script is as a task: its docstring, its `ARGS`, its promises.

use std::path::Path;

use runsheet_model::TaskName;
use runsheet_task::{Arg, ArgKind, TaskSpec};
use serde_json::Value as Json;
use starlark::codemap::FileSpan;
use starlark::environment::FrozenModule;
use starlark::syntax::AstModule;
use starlark::syntax::ast::{AssignTargetP, AstLiteral, Expr, Stmt};
use starlark::values::Value;
use starlark::values::dict::DictRef;
use starlark::values::list::ListRef;
use starlark::values::structs::StructRef;

use crate::constructors::KIND;
use crate::error::ScriptError;
use crate::signature::statements;

/// Reads what a file says of the task that it is.
pub(crate) fn read(
    name: TaskName,
    ast: &AstModule,
    module: &FrozenModule,
    file: &Path,
) -> Result<TaskSpec, ScriptError> {
    let (summary, details) = docstring(ast);
    let mut spec = TaskSpec::named(name, summary).details(details);
    if constant(module, "IDEMPOTENT", ast, file, |value| value.unpack_bool().ok_or("`True` or `False`"))? == Some(true)
    {
        spec = spec.idempotent();
    }
    if constant(module, "REBOOTS", ast, file, |value| value.unpack_bool().ok_or("`True` or `False`"))? == Some(true) {
        spec = spec.reboots();
    }
    let args = constant(module, "ARGS", ast, file, |value| {
        let args = DictRef::from_value(value).ok_or("a map from names to what they are, such as `{\"port\": 8983}`")?;
        Ok(args.iter().map(|(name, value)| argument(name, value)).collect::<Vec<_>>())
    })?;
    for arg in args.into_iter().flatten() {
        let arg = arg.map_err(|message| ScriptError::at(&place(ast, "ARGS"), message))?;
        spec = spec.arg(arg);
    }
    Ok(spec)
}

/// The first sentence or line of the text at the top of the file, and the rest of it.
fn docstring(ast: &AstModule) -> (String, String) {
    let text = statements(ast).next().and_then(|statement| match &statement.node {
        Stmt::Expression(expression) => match &expression.node {
            Expr::Literal(AstLiteral::String(text)) => Some(text.node.trim()),
            _ => None,
        },
        _ => None,
    });
    let (summary, details) = text.unwrap_or_default().split_once('\n').unwrap_or((text.unwrap_or_default(), ""));
    let details: Vec<_> = details.trim().lines().map(str::trim).collect();
    (summary.trim().to_owned(), details.join("\n"))
}

/// Reads a constant of the file.
fn constant<T>(
    module: &FrozenModule,
    name: &str,
    ast: &AstModule,
    file: &Path,
    read: impl FnOnce(Value<'_>) -> Result<T, &'static str>,
) -> Result<Option<T>, ScriptError> {
    let found = module.get_option(name).map_err(|error| ScriptError::of_file(file, error.to_string()))?;
    let Some(found) = found else { return Ok(None) };
    let read = read(found.value());
    read.map(Some).map_err(|wanted| ScriptError::at(&place(ast, name), format!("`{name}` is {wanted}")))
}

/// Where a name at the top of the file is given its value.
fn place(ast: &AstModule, name: &str) -> FileSpan {
    let assigned = statements(ast).find(|statement| match &statement.node {
        Stmt::Assign(assign) => matches!(&assign.lhs.node, AssignTargetP::Identifier(ident) if ident.ident == name),
        _ => false,
    });
    ast.file_span(assigned.unwrap_or_else(|| ast.statement()).span)
}

/// `"port": 8983`, `"service": str` or `"wait": arg.duration("How long.", default = "90s")`.
fn argument(name: Value<'_>, value: Value<'_>) -> Result<Arg, String> {
    let Some(name) = name.unpack_str() else { return Err("the name of an argument is a text".to_owned()) };
    if !is_name(name) {
        return Err(format!("`{name}` cannot be the name of an argument: letters, digits and `_`"));
    }
    let name = name.to_owned();
    if let Some(made) = StructRef::from_value(value) {
        return constructed(&name, made);
    }
    let kind_of_type = match value.to_str().as_str() {
        "str" | "string" => Some(ArgKind::Text),
        "int" => Some(any_integer()),
        "bool" => Some(ArgKind::Boolean),
        "list" => Some(ArgKind::TextList),
        _ => None,
    };
    if value.get_type() == "function" || value.get_type() == "type" {
        let kind = kind_of_type.ok_or_else(|| wrong(&name))?;
        return Ok(Arg::required(name, kind, ""));
    }
    let default = value.to_json_value().map_err(|_| wrong(&name))?;
    let kind = match &default {
        Json::Bool(_) => ArgKind::Boolean,
        Json::Number(number) if number.is_i64() => any_integer(),
        Json::String(_) => ArgKind::Text,
        Json::Array(_) => ArgKind::TextList,
        Json::Null => return Ok(Arg::optional(name, ArgKind::Text, "")),
        _ => return Err(wrong(&name)),
    };
    Ok(Arg::optional(name, kind, "").default(default))
}

fn constructed(name: &str, made: StructRef<'_>) -> Result<Arg, String> {
    let field = |wanted: &str| made.iter().find(|(field, _)| field.as_str() == wanted).map(|(_, value)| value);
    let text = |wanted: &str| field(wanted).and_then(|value| value.unpack_str().map(str::to_owned));
    let number = |wanted: &str| field(wanted).and_then(|value| value.to_json_value().ok()?.as_i64());
    let Some(kind) = text(KIND) else { return Err(wrong(name)) };
    let kind = match kind.as_str() {
        "text" => ArgKind::Text,
        "secret" => ArgKind::TextOrSecret,
        "boolean" => ArgKind::Boolean,
        "duration" => ArgKind::Duration,
        "list" => ArgKind::TextList,
        "file" => ArgKind::LocalFile,
        "folder" => ArgKind::LocalFolder,
        "template" => ArgKind::Template,
        "mode" => ArgKind::Mode,
        "integer" => {
            ArgKind::Integer { min: number("min").unwrap_or(i64::MIN), max: number("max").unwrap_or(i64::MAX) }
        }
        "choice" => {
            let words = field("words").and_then(ListRef::from_value).filter(|words| !words.is_empty());
            let words = words.and_then(|words| {
                words.iter().map(|word| Some(word.unpack_str()?.to_owned())).collect::<Option<Vec<_>>>()
            });
            ArgKind::choice(
                words.ok_or_else(|| format!("argument `{name}`: the words of a choice are a list of texts"))?,
            )
        }
        _ => return Err(wrong(name)),
    };
    let about = text("about").unwrap_or_default();
    let default = field("default").filter(|value| !value.is_none());
    let optional = field("optional").and_then(Value::unpack_bool).unwrap_or(false);
    let mut arg = if optional {
        Arg::optional(name.to_owned(), kind, about)
    } else {
        Arg::required(name.to_owned(), kind, about)
    };
    if let Some(default) = default {
        arg = arg.default(default.to_json_value().map_err(|_| wrong(name))?);
    }
    Ok(arg)
}

fn any_integer() -> ArgKind {
    ArgKind::Integer { min: i64::MIN, max: i64::MAX }
}

fn wrong(name: &str) -> String {
    format!(
        "argument `{name}` is a default such as `8983`, a type such as `str`, or `arg.text(…)`, `arg.integer(…)`, `arg.file(…)` …"
    )
}

/// Whether it can stand behind `config.args.`.
fn is_name(name: &str) -> bool {
    let begins = name.chars().next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    begins && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
