use runsheet_task::{Arg, ArgKind, Config, TaskSpec};

use crate::early::Early;
use crate::planned_text::planned_text;

/// Adds the arguments of the tasks that run statements.
pub(crate) fn sql_args(spec: TaskSpec, values: &'static str) -> TaskSpec {
    spec.arg(Arg::optional("statement", ArgKind::Text, "The statements."))
        .arg(Arg::optional("file", ArgKind::LocalFile, "Instead, a file with them on this machine."))
        .arg(Arg::optional("values", ArgKind::TextList, values).default(Vec::<String>::new()))
        .arg(Arg::optional("changed", ArgKind::Boolean, "Whether its success counts as a change.").default(true))
}

/// What is to be run: of the arguments `statement` and `file` exactly one.
pub(crate) async fn statements(config: &Config) -> Result<Vec<u8>, Early> {
    let statement = config.opt_text("statement");
    if config.args.local_file("file").is_some() {
        if statement.is_some() {
            return Err(Early::mistake("`statement` and `file` are both given"));
        }
        let file = config.local_file("file")?;
        let text = planned_text(&file, "statements").await;
        return text.map_err(|why| Early::failed(format!("`{}` {why}; nothing was run", file.path.display())));
    }
    match statement {
        Some(text) if text.contains('\0') => Err(Early::mistake("`statement` is no text")),
        Some(text) if !text.trim().is_empty() => Ok(text.as_bytes().to_vec()),
        _ => Err(Early::mistake("neither `statement` nor `file` says what to run")),
    }
}

/// Names and values.
pub(crate) type Values<'a> = Vec<(&'a str, &'a str)>;

/// The argument `values`.
pub(crate) fn values(config: &Config) -> Result<Values<'_>, Early> {
    let mut values = Vec::new();
    for pair in config.list("values")? {
        // Names in capitals are the client's own.
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        match pair.split_once('=') {
            Some((name, value))
                if name.starts_with(|c: char| c.is_ascii_lowercase())
                    && name.chars().all(plain)
                    && !value.contains('\0') =>
            {
                values.push((name, value));
            }
            _ => {
                let shown = pair.split('=').next().unwrap_or_default().escape_default();
                let message = format!("`{shown}` is no `name=value` whose name is small letters, digits and `_`");
                return Err(Early::mistake(message));
            }
        }
    }
    Ok(values)
}
