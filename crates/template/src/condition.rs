use minijinja::value::ValueKind;
use minijinja::{Environment, Value};

use crate::{Context, Template, TemplateError};

impl Template {
    pub(crate) fn compile_condition(environment: &Environment<'static>, text: &str) -> Result<Self, TemplateError> {
        if text.contains("{{") || text.contains("{%") {
            return Self::compile(environment, text.trim());
        }
        Self::compile(environment, &format!("{{{{ {} }}}}", text.trim()))
    }

    /// Decides a `when`.
    ///
    /// A boolean is itself, and so are the texts `true` and `false`; nothing, 0 and an empty list or map are false, any other
    /// number, list or map is true. Any other text is an error: `{{ host.vars.role }}` is a forgotten comparison.
    pub fn condition(&self, context: &Context) -> Result<bool, TemplateError> {
        let value = match self.expression(context)? {
            Some(value) => value,
            None => Value::from(self.render(context)?),
        };
        if value.kind() != ValueKind::String {
            return Ok(value.is_true());
        }
        match value.to_string().trim() {
            "true" => Ok(true),
            "false" => Ok(false),
            other => Err(TemplateError::not_a_condition(self.text(), other)),
        }
    }
}
