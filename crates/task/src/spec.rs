use std::borrow::Cow;
use std::sync::Arc;

use runsheet_model::{TaskName, parse_duration};
use serde_json::{Map, Value, json};

use crate::args::{file_value, folder_value, seen_value, value_to_be_made};
use crate::{ArgError, Args, LocalFiles};

/// What a task is.
#[derive(Clone, Debug)]
pub struct TaskSpec {
    name: TaskName,
    summary: Cow<'static, str>,
    details: Cow<'static, str>,
    args: Vec<Arg>,
    idempotent: bool,
    one_command: bool,
    reboots: bool,
    code: Option<TaskCode>,
}

/// The code of a task that is not part of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskCode {
    /// SHA-256 of it, in hexadecimal.
    pub sha256: String,
    /// Whether it runs commands by sudo of its own accord.
    pub sudo: bool,
}

/// An argument of a task.
#[derive(Clone, Debug)]
pub struct Arg {
    /// Its name in the sheet.
    pub name: Cow<'static, str>,
    /// What may stand there.
    pub kind: ArgKind,
    /// What it is for, one sentence.
    pub about: Cow<'static, str>,
    /// Whether it has to be given.
    pub required: bool,
    /// What is taken when it is not given.
    pub default: Option<Value>,
}

/// What may stand in an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgKind {
    /// Text; a number or a boolean is taken as its text.
    Text,
    /// Text, or `{secret: NAME}`, which is never shown.
    TextOrSecret,
    /// A whole number in this range.
    Integer {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// `true` or `false`.
    Boolean,
    /// A length of time such as `90s`.
    Duration,
    /// One of these words.
    Choice(Arc<[Cow<'static, str>]>),
    /// A list of texts; a single text is a list of one.
    TextList,
    /// A file on this machine, relative to the project's folder. Its SHA-256 is part of the plan.
    LocalFile,
    /// A file on this machine that is a template, relative to the project's folder: rendered while planning, and what it comes to is
    /// part of the plan. It may speak of `vars` and `host`.
    Template,
    /// A folder on this machine, relative to the project's folder. The SHA-256 of each file in it is part of the plan.
    LocalFolder,
    /// A file mode in octal, such as `0644`.
    Mode,
}

impl TaskSpec {
    /// A task without arguments that is not idempotent.
    ///
    /// # Panics
    ///
    /// When `name` is not a task name; it stands in the source, so the first test finds it.
    pub fn new(name: &'static str, summary: &'static str) -> Self {
        Self::named(TaskName::new(name).expect("the name of a task is letters, digits, `.`, `-` and `_`"), summary)
    }

    /// The same, for a task whose name was read from somewhere.
    pub fn named(name: TaskName, summary: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name,
            summary: summary.into(),
            details: Cow::Borrowed(""),
            args: Vec::new(),
            idempotent: false,
            one_command: false,
            reboots: false,
            code: None,
        }
    }

    /// Says more than the summary: for the task's page.
    pub fn details(mut self, details: impl Into<Cow<'static, str>>) -> Self {
        self.details = details.into();
        self
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: Arg) -> Self {
        self.args.push(arg);
        self
    }

    /// Promises that doing the work twice is as good as doing it once, so that a lost attempt may be repeated.
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Promises that the work is one command, of which the host can keep a receipt.
    pub fn one_command(mut self) -> Self {
        self.one_command = true;
        self
    }

    /// Promises that the host is started anew by it: the work is done when the host is back.
    pub fn reboots(mut self) -> Self {
        self.reboots = true;
        self
    }

    /// Says which code it is, for a task that is not part of the program. It is part of the plan.
    pub fn with_code(mut self, code: TaskCode) -> Self {
        self.code = Some(code);
        self
    }

    /// The name.
    pub fn name(&self) -> &TaskName {
        &self.name
    }

    /// One sentence.
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// More sentences, or nothing.
    pub fn more(&self) -> &str {
        &self.details
    }

    /// The arguments, in the order in which they are shown.
    pub fn args(&self) -> &[Arg] {
        &self.args
    }

    /// Whether a lost attempt may be repeated without asking.
    pub fn is_idempotent(&self) -> bool {
        self.idempotent
    }

    /// Whether the work is one command.
    pub fn is_one_command(&self) -> bool {
        self.one_command
    }

    /// Whether the host is started anew by it.
    pub fn does_reboot(&self) -> bool {
        self.reboots
    }

    /// Which code it is, if it is not part of the program.
    pub fn code(&self) -> Option<&TaskCode> {
        self.code.as_ref()
    }

    /// Checks rendered arguments, fills in defaults and brings every value into its one form.
    pub fn check(&self, given: &Map<String, Value>, files: &dyn LocalFiles) -> Result<Args, ArgError> {
        if let Some(name) = given.keys().find(|name| !self.args.iter().any(|arg| arg.name == name.as_str())) {
            return Err(ArgError::Unknown {
                task: self.name.clone(),
                name: name.clone(),
                known: self.args.iter().map(|arg| arg.name.to_string()).collect(),
            });
        }
        let mut checked = Args::default();
        for arg in &self.args {
            let value = match given.get(arg.name.as_ref()).filter(|value| !value.is_null()).or(arg.default.as_ref()) {
                Some(value) => arg.check(&self.name, value, files)?,
                None if arg.required => {
                    return Err(ArgError::Missing {
                        task: self.name.clone(),
                        name: arg.name.clone(),
                        about: arg.about.clone(),
                    });
                }
                None => continue,
            };
            checked.insert(&arg.name, value);
        }
        Ok(checked)
    }

    /// The arguments as a JSON Schema (draft 2020-12) of one object.
    pub fn schema(&self) -> Value {
        let properties: Map<String, Value> = self.args.iter().map(|arg| (arg.name.to_string(), arg.schema())).collect();
        let required: Vec<_> = self.args.iter().filter(|arg| arg.required).map(|arg| &arg.name).collect();
        json!({
            "title": self.name.as_str(),
            "description": self.summary,
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    }
}

impl ArgKind {
    /// One of these words.
    pub fn choice<W: Into<Cow<'static, str>>>(words: impl IntoIterator<Item = W>) -> Self {
        Self::Choice(words.into_iter().map(Into::into).collect())
    }

    /// A TCP port.
    pub fn port() -> Self {
        Self::Integer { min: 1, max: 65535 }
    }
}

impl Arg {
    /// An argument that has to be given.
    pub fn required(name: impl Into<Cow<'static, str>>, kind: ArgKind, about: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), kind, about: about.into(), required: true, default: None }
    }

    /// An argument that may be left out.
    pub fn optional(name: impl Into<Cow<'static, str>>, kind: ArgKind, about: impl Into<Cow<'static, str>>) -> Self {
        Self { required: false, ..Self::required(name, kind, about) }
    }

    /// What is taken when it is not given.
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    fn check(&self, task: &TaskName, value: &Value, files: &dyn LocalFiles) -> Result<Value, ArgError> {
        let wrong = |wanted: String| ArgError::Wrong {
            task: task.clone(),
            name: self.name.clone(),
            wanted,
            found: runsheet_model::visible(value.to_string().chars().take(80).collect::<String>().as_bytes()),
        };
        match &self.kind {
            ArgKind::Text => text(value).map(Value::from).ok_or_else(|| wrong("text".to_owned())),
            ArgKind::TextOrSecret => match Args::secret_name(value) {
                Some(_) => Ok(value.clone()),
                None => text(value).map(Value::from).ok_or_else(|| wrong("text or `{secret: NAME}`".to_owned())),
            },
            ArgKind::Integer { min, max } => value
                .as_i64()
                .or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()))
                .filter(|number| (*min..=*max).contains(number))
                .map(Value::from)
                .ok_or_else(|| wrong(format!("a whole number from {min} to {max}"))),
            ArgKind::Boolean => match value {
                Value::Bool(_) => Ok(value.clone()),
                Value::String(text) if text == "true" => Ok(Value::Bool(true)),
                Value::String(text) if text == "false" => Ok(Value::Bool(false)),
                _ => Err(wrong("`true` or `false`".to_owned())),
            },
            ArgKind::Duration => value
                .as_str()
                .filter(|text| parse_duration(text).is_ok())
                .map(Value::from)
                .ok_or_else(|| wrong("a length of time such as `90s` or `5m`".to_owned())),
            ArgKind::Choice(words) => value
                .as_str()
                .filter(|text| words.iter().any(|word| word == text))
                .map(Value::from)
                .ok_or_else(|| wrong(format!("one of `{}`", words.join("`, `")))),
            ArgKind::TextList => match value {
                Value::Array(items) => items.iter().map(text).collect::<Option<Vec<_>>>().map(Value::from),
                single => text(single).map(|text| Value::from(vec![text])),
            }
            .ok_or_else(|| wrong("a list of texts".to_owned())),
            ArgKind::Mode => text(value)
                .filter(|text| u32::from_str_radix(text, 8).is_ok_and(|mode| mode <= 0o7777))
                .map(Value::from)
                .ok_or_else(|| wrong("a file mode in octal such as `0644`".to_owned())),
            ArgKind::LocalFile => {
                let path = value.as_str().ok_or_else(|| wrong("the path of a file on this machine".to_owned()))?;
                if let Some(file) = files.to_be_made(path) {
                    return Ok(value_to_be_made(&file));
                }
                let found = match files.see(path) {
                    Ok(Some(file)) => Ok(seen_value(&file)),
                    Ok(None) => files.look_up(path).map(|file| file_value(&file)),
                    Err(error) => Err(error),
                };
                found.map_err(|source| ArgError::File {
                    task: task.clone(),
                    name: self.name.clone(),
                    path: path.to_owned(),
                    source,
                })
            }
            ArgKind::Template => match value.get("text") {
                Some(Value::String(_)) => Ok(value.clone()),
                _ => Err(wrong("the path of a template on this machine".to_owned())),
            },
            ArgKind::LocalFolder => {
                let path = value.as_str().ok_or_else(|| wrong("the path of a folder on this machine".to_owned()))?;
                let folder = files.look_up_folder(path).map_err(|source| ArgError::File {
                    task: task.clone(),
                    name: self.name.clone(),
                    path: path.to_owned(),
                    source,
                })?;
                Ok(folder_value(&folder))
            }
        }
    }

    fn schema(&self) -> Value {
        let plain = json!({"type": ["string", "number", "boolean"]});
        let mut schema = match &self.kind {
            ArgKind::Text => plain,
            ArgKind::TextOrSecret => json!({"anyOf": [plain, {
                "type": "object",
                "properties": {"secret": {"type": "string"}},
                "required": ["secret"],
                "additionalProperties": false,
            }]}),
            ArgKind::Integer { min, max } => json!({"type": ["integer", "string"], "minimum": min, "maximum": max}),
            ArgKind::Boolean => json!({"type": ["boolean", "string"]}),
            ArgKind::Duration => json!({"type": "string", "examples": ["90s", "5m"]}),
            ArgKind::Choice(words) => json!({"type": "string", "enum": &**words}),
            ArgKind::TextList => json!({"anyOf": [{"type": "array", "items": plain}, plain]}),
            ArgKind::LocalFile => json!({"type": "string", "examples": ["dist/app.tar.gz"]}),
            ArgKind::Template => json!({"type": "string", "examples": ["templates/app.conf"]}),
            ArgKind::LocalFolder => json!({"type": "string", "examples": ["dist/site"]}),
            ArgKind::Mode => json!({"type": ["string", "integer"], "examples": ["0644"]}),
        };
        if let Value::Object(schema) = &mut schema {
            schema.insert("description".to_owned(), self.about.as_ref().into());
            if let Some(default) = &self.default {
                schema.insert("default".to_owned(), default.clone());
            }
        }
        schema
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}
