use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use runsheet_diagnostics::Place;
use runsheet_model::HostName;
use runsheet_task::{ArgKind, LocalFiles, TaskSpec};
use runsheet_template::{Context, Template};
use serde_json::{Value, json};

use crate::PlanError;
use crate::resolve_link::Scope;

/// The files of a link whose content is a template: each is read once, however many hosts it is rendered for.
pub(crate) struct TemplateFiles<'a> {
    scope: &'a Scope<'a>,
    task: &'a TaskSpec,
    known: RefCell<HashMap<String, Rc<File>>>,
}

struct File {
    template: Template,
    place: Place,
}

impl<'a> TemplateFiles<'a> {
    pub(crate) fn new(scope: &'a Scope<'a>, task: &'a TaskSpec) -> Self {
        Self { scope, task, known: RefCell::default() }
    }

    /// Whether the file that an argument names speaks of the host.
    pub(crate) fn mentions_host(&self, arg: &str, value: &Value, place: &Place) -> Result<bool, PlanError> {
        match (self.name_of(arg), value.as_str()) {
            (Some(name), Some(path)) => Ok(self.load(name, path, place)?.template.mentions("host")),
            _ => Ok(false),
        }
    }

    /// The rendered file instead of its path, if the argument names one; else the value as it is.
    pub(crate) fn rendered(
        &self,
        arg: &str,
        value: Value,
        place: &Place,
        context: &Context,
        host: Option<&HostName>,
    ) -> Result<Value, PlanError> {
        let (Some(name), Some(path)) = (self.name_of(arg), value.as_str()) else { return Ok(value) };
        let file = self.load(name, path, place)?;
        let text = file.template.render(context).map_err(|error| PlanError::Template {
            place: file.place.at(error.line(), 0),
            host: host.map(ToString::to_string),
            error,
        })?;
        Ok(json!({"path": path, "text": text}))
    }

    /// Whether an argument names a template file.
    pub(crate) fn takes(&self, arg: &str) -> bool {
        self.name_of(arg).is_some()
    }

    /// The templates that are taken where the sheet names none, by argument.
    pub(crate) fn defaults(&self) -> impl Iterator<Item = (Cow<'static, str>, Value)> {
        let templates = self.task.args().iter().filter(|arg| arg.kind == ArgKind::Template);
        templates.filter_map(|arg| Some((arg.name.clone(), arg.default.clone()?)))
    }

    fn name_of(&self, arg: &str) -> Option<Cow<'static, str>> {
        self.task
            .args()
            .iter()
            .find(|known| known.name == arg && known.kind == ArgKind::Template)
            .map(|known| known.name.clone())
    }

    fn load(&self, name: Cow<'static, str>, path: &str, place: &Place) -> Result<Rc<File>, PlanError> {
        if let Some(file) = self.known.borrow().get(path) {
            return Ok(Rc::clone(file));
        }
        let text = self.scope.files.read_text(path).map_err(|source| PlanError::File {
            place: place.clone(),
            task: self.task.name().clone(),
            name,
            path: path.to_owned(),
            source,
        })?;
        let place = Place::file(path);
        let template = self.scope.templates.compile(&text);
        let template =
            template.map_err(|error| PlanError::Template { place: place.at(error.line(), 0), host: None, error })?;
        let file = Rc::new(File { template, place });
        self.known.borrow_mut().insert(path.to_owned(), Rc::clone(&file));
        Ok(file)
    }
}
