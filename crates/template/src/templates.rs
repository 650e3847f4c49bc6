use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use crate::shell::shell;
use crate::{Template, TemplateError, ValueTemplate};

/// The work that one rendering may take, in steps of the engine: a sheet's value needs tens of them.
const FUEL: u64 = 100_000;

/// How deeply loops and calls may nest.
const DEEPEST: usize = 50;

/// Makes templates, all under the same rules.
///
/// Besides minijinja's own filters and tests there is `shell`, which quotes a value as one word of a POSIX shell.
#[derive(Clone, Debug)]
pub struct Templates(Environment<'static>);

impl Default for Templates {
    fn default() -> Self {
        Self::new()
    }
}

impl Templates {
    /// The rules: strict names, no escaping for HTML, bounded work.
    pub fn new() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(DEEPEST);
        if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
            environment.set_syntax(syntax);
        }
        environment.add_filter("shell", |value: &minijinja::Value| shell(&value.to_string()));
        Self(environment)
    }

    /// Reads a text. One without template syntax costs nothing to render.
    pub fn compile(&self, text: &str) -> Result<Template, TemplateError> {
        Template::compile(&self.0, text)
    }

    /// Reads the text of a `when`: `{{ expression }}`, or the expression alone.
    pub fn compile_condition(&self, text: &str) -> Result<Template, TemplateError> {
        Template::compile_condition(&self.0, text)
    }

    /// Reads all texts inside a value.
    pub fn compile_value(&self, value: &serde_json::Value) -> Result<ValueTemplate, TemplateError> {
        ValueTemplate::compile(self, value)
    }
}
