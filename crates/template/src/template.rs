use minijinja::{Environment, Error, Value};

use crate::{Context, TemplateError};

/// The name of the text itself among the engine's templates.
const TEXT: &str = "text";

/// The name of the template that keeps the value of a text that is one expression.
const VALUE: &str = "value";

/// A text, read once and rendered as often as there are hosts.
#[derive(Clone, Debug)]
pub struct Template {
    text: String,
    /// None where the text has no template syntax.
    compiled: Option<Compiled>,
}

#[derive(Clone, Debug)]
struct Compiled {
    environment: Environment<'static>,
    /// The dotted names it speaks of, in the order in which they stand in the text.
    mentioned: Vec<String>,
    /// Whether it is exactly one `{{ expression }}`, whose value has a type.
    single: bool,
}

impl Template {
    pub(crate) fn compile(environment: &Environment<'static>, text: &str) -> Result<Self, TemplateError> {
        let syntax = |error: Error| TemplateError::syntax(&error, text);
        if !["{{", "{%", "{#"].iter().any(|start| text.contains(start)) {
            return Ok(Self { text: text.to_owned(), compiled: None });
        }
        let mut environment = environment.clone();
        environment.add_template_owned(TEXT, text.to_owned()).map_err(syntax)?;
        let mut mentioned: Vec<String> = environment
            .get_template(TEXT)
            .map_err(syntax)?
            .undeclared_variables(true)
            .into_iter()
            .filter(|name| !environment.globals().any(|(global, _)| global == name))
            .collect();
        mentioned.sort_by_key(|name| (text.find(name.as_str()), name.clone()));
        let expression = single(&environment, text);
        if let Some(expression) = expression {
            let keep = format!("{{% set {VALUE} = ({expression}) %}}");
            environment.add_template_owned(VALUE, keep).map_err(syntax)?;
        }
        Ok(Self {
            text: text.to_owned(),
            compiled: Some(Compiled { environment, mentioned, single: expression.is_some() }),
        })
    }

    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether there is no template syntax in it: it renders to itself.
    pub fn is_plain(&self) -> bool {
        self.compiled.is_none()
    }

    /// Whether it speaks of a name of the context, such as `host`.
    pub fn mentions(&self, name: &str) -> bool {
        self.compiled
            .as_ref()
            .is_some_and(|compiled| compiled.mentioned.iter().any(|path| path.split('.').next() == Some(name)))
    }

    /// Renders it to text.
    pub fn render(&self, context: &Context) -> Result<String, TemplateError> {
        let Some(compiled) = &self.compiled else {
            return Ok(self.text.clone());
        };
        compiled
            .environment
            .get_template(TEXT)
            .and_then(|template| template.render(context.root()))
            .map_err(|error| self.failed(compiled, &error, context))
    }

    /// Renders it to a value: exactly one `{{ expression }}` keeps the type of the expression (a number stays a number, a
    /// list a list), anything else becomes text.
    pub fn render_value(&self, context: &Context) -> Result<serde_json::Value, TemplateError> {
        match self.expression(context)? {
            None => self.render(context).map(serde_json::Value::String),
            Some(value) => serde_json::to_value(&value).map_err(|error| TemplateError::Failed {
                message: format!("a value that cannot be kept ({error})"),
                template: self.text.clone(),
                line: 1,
            }),
        }
    }

    /// The value of the expression, if the text is exactly one.
    pub(crate) fn expression(&self, context: &Context) -> Result<Option<Value>, TemplateError> {
        let Some(compiled) = self.compiled.as_ref().filter(|compiled| compiled.single) else {
            return Ok(None);
        };
        let value = compiled
            .environment
            .get_template(VALUE)
            .and_then(|template| template.render_captured(context.root()))
            .map(|captured| captured.state().lookup(VALUE).unwrap_or_default())
            .map_err(|error| self.failed(compiled, &error, context))?;
        if value.is_undefined() {
            // Strict about printing, the engine lets a missing value be assigned: printing it says what is missing.
            self.render(context)?;
        }
        Ok(Some(value))
    }

    fn failed(&self, compiled: &Compiled, error: &Error, context: &Context) -> TemplateError {
        TemplateError::render(error, &self.text, &compiled.mentioned, context)
    }
}

/// The expression, if the text is exactly one `{{ expression }}`.
fn single<'a>(environment: &Environment<'_>, text: &'a str) -> Option<&'a str> {
    let inside = text.strip_prefix("{{")?.strip_suffix("}}")?;
    let expression = inside.strip_prefix(['-', '+']).unwrap_or(inside);
    let expression = expression.strip_suffix(['-', '+']).unwrap_or(expression);
    // `{{ a }}-{{ b }}` also starts and ends so, but what is between is no expression.
    environment.compile_expression_owned(expression.to_owned()).ok().map(|_| expression)
}
