use std::sync::Arc;

use runsheet_diagnostics::{Place, Placed};
use runsheet_model::HostName;
use runsheet_sheet::{AsUser as SheetUser, Link, Step};
use runsheet_task::{ArgError, Args, AsUser, LocalCommand, ShellSettings, Task};
use runsheet_template::{Context, Template, Templates, ValueTemplate};
use serde_json::{Map, Value};

use crate::makes::SheetFiles;
use crate::resolve::{Planning, Resolver, compile, render};
use crate::template_files::TemplateFiles;
use crate::{PerHost, PlanError, PlanLink};

/// The task that runs one command.
const COMMAND: &str = "command";

/// Where the links of a step are resolved.
pub(crate) struct Scope<'a> {
    pub(crate) planning: &'a Planning<'a>,
    pub(crate) files: SheetFiles<'a>,
    /// For each step of the sheet, those that it waits for.
    pub(crate) after: &'a [Vec<usize>],
    /// The step, or the one that it undoes.
    pub(crate) step: usize,
    pub(crate) templates: &'a Templates,
    pub(crate) shared: &'a Context,
    /// The hosts of the step, by their positions in the plan.
    pub(crate) hosts: &'a [usize],
    /// It knows what templates see of them.
    pub(crate) resolver: &'a Resolver<'a>,
}

impl<'a> Scope<'a> {
    fn each_host(&self) -> impl Iterator<Item = (&'a HostName, &'a Context)> {
        self.hosts.iter().map(|&host| (&self.resolver.hosts[host].name, self.resolver.context(host)))
    }
}

/// Checks and renders one link: once if nothing of it mentions the host, else once a host.
pub(crate) fn resolve_link(link: &Link, step: &Step, scope: &Scope<'_>) -> Result<PlanLink, PlanError> {
    let task = scope
        .planning
        .registry
        .get(link.task.value.as_str())
        .map_err(|error| PlanError::Task { place: link.task.place.clone(), error })?;
    if link.receipt && !task.spec().is_one_command() {
        return Err(PlanError::NoReceipt { place: link.task.place.clone(), task: link.task.value.clone() });
    }
    let args = args(link, &**task, scope)?;
    if step.local {
        check_local_commands(link, &args, scope)?;
    }
    Ok(PlanLink {
        task: link.task.value.clone(),
        idempotent: link.idempotent.or(step.idempotent).unwrap_or_else(|| task.spec().is_idempotent()),
        timeout: link.timeout.unwrap_or(step.timeout),
        shell: shell(link, step, scope)?,
        args,
        retries: link.retries.unwrap_or(step.retries),
        receipt: link.receipt,
        delegate: None,
        reboots: link.reboots || task.spec().does_reboot(),
        code: task.spec().code().map(|code| code.sha256.clone()),
        sudo: task.spec().code().is_some_and(|code| code.sudo),
        even_if_lost: link.even_if_lost,
    })
}

/// Checks what can be seen of the commands that a link starts on this machine. Those of a script are checked when it starts them.
fn check_local_commands(link: &Link, args: &PerHost<Args>, scope: &Scope<'_>) -> Result<(), PlanError> {
    if link.task.value.as_str() != COMMAND {
        return Ok(());
    }
    for command in args.iter().filter_map(|args| args.text("run")) {
        LocalCommand::read(command, scope.planning.local_programs).map_err(|error| {
            let place = link.args.get("run").map_or(&link.task.place, |arg| &arg.place);
            PlanError::LocalCommand { place: place.clone(), error }
        })?;
    }
    Ok(())
}

fn args(link: &Link, task: &dyn Task, scope: &Scope<'_>) -> Result<PerHost<Args>, PlanError> {
    let templates = link
        .args
        .iter()
        .map(|(name, arg)| match scope.templates.compile_value(&arg.value) {
            Ok(template) => Ok((name.as_str(), template, &arg.place)),
            Err(error) => Err(PlanError::Template { place: arg.place.clone(), host: None, error }),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let files = TemplateFiles::new(scope, task.spec());
    let one =
        |context: &Context, host: Option<&HostName>| one_args(link, task, &files, scope, &templates, context, host);
    let mut by_host = templates.iter().any(|(_, template, _)| template.mentions("host"));
    for (name, template, place) in templates.iter().filter(|(name, ..)| files.takes(name)) {
        // Which file it is may be another for each host; then so is the content.
        by_host = by_host || files.mentions_host(name, &value_of(template, scope.shared, place, None)?, place)?;
    }
    for (name, path) in files.defaults().filter(|(name, _)| !link.args.contains_key(name.as_ref())) {
        by_host = by_host || files.mentions_host(&name, &path, &link.task.place)?;
    }
    if by_host {
        let each = scope.each_host().map(|(host, context)| one(context, Some(host)).map(Arc::new));
        Ok(PerHost::Each(each.collect::<Result<_, _>>()?))
    } else {
        Ok(PerHost::Same(Arc::new(one(scope.shared, None)?)))
    }
}

fn value_of(
    template: &ValueTemplate,
    context: &Context,
    place: &Place,
    host: Option<&HostName>,
) -> Result<Value, PlanError> {
    template.render(context).map_err(|error| PlanError::Template {
        place: place.clone(),
        host: host.map(ToString::to_string),
        error,
    })
}

fn one_args(
    link: &Link,
    task: &dyn Task,
    files: &TemplateFiles<'_>,
    scope: &Scope<'_>,
    templates: &[(&str, ValueTemplate, &Place)],
    context: &Context,
    host: Option<&HostName>,
) -> Result<Args, PlanError> {
    let mut values = Map::new();
    for (name, template, place) in templates {
        let value = value_of(template, context, place, host)?;
        values.insert((*name).to_owned(), files.rendered(name, value, place, context, host)?);
    }
    for (name, path) in files.defaults() {
        if !values.contains_key(name.as_ref()) {
            let rendered = files.rendered(&name, path, &link.task.place, context, host)?;
            values.insert(name.into_owned(), rendered);
        }
    }
    let args = task.spec().check(&values, &scope.files).map_err(|error| {
        let place = place_of(link, &error).clone();
        match error {
            ArgError::File { task, name, path, source } => PlanError::File { place, task, name, path, source },
            error => PlanError::Arg { place, host: host.map(ToString::to_string), error: Box::new(error) },
        }
    })?;
    for (name, file) in args.to_be_made() {
        if let Some(when) = scope.files.makes.too_late(&file, scope.step, scope.after) {
            let place = link.args.get(name).map_or(&link.task.place, |arg| &arg.place).clone();
            return Err(PlanError::MadeTooLate { place, path: file.name, step: file.step, when });
        }
    }
    if let Some(name) = args.secrets().find(|name| !scope.planning.secrets.contains(name)) {
        return Err(PlanError::NoSecret { place: link.task.place.clone(), name });
    }
    Ok(args)
}

/// Where a mistake about an argument stands: the argument, or the task that lacks it.
fn place_of<'a>(link: &'a Link, error: &ArgError) -> &'a Place {
    let name = match error {
        ArgError::Unknown { name, .. } => name.as_str(),
        ArgError::Missing { name, .. } | ArgError::Wrong { name, .. } | ArgError::File { name, .. } => name,
    };
    link.args.get(name).map_or(&link.task.place, |arg| &arg.place)
}

fn shell(link: &Link, step: &Step, scope: &Scope<'_>) -> Result<PerHost<ShellSettings>, PlanError> {
    let as_user = match link.as_user.as_ref().or(step.as_user.as_ref()) {
        None | Some(SheetUser::Login) => None,
        Some(SheetUser::User { user, by }) => Some(AsUser { user: user.clone(), by: *by }),
    };
    let with_template = |text: &Placed<String>| -> Result<(Template, Place), PlanError> {
        Ok((compile(scope.templates, text)?, text.place.clone()))
    };
    let dir = step.dir.as_ref().map(with_template).transpose()?;
    let env =
        step.env.iter().map(|(name, text)| Ok((name, with_template(text)?))).collect::<Result<Vec<_>, PlanError>>()?;
    let one = |context: &Context, host: Option<&HostName>| -> Result<ShellSettings, PlanError> {
        let text = |(template, place): &(Template, Place)| render(template, context, place, host);
        Ok(ShellSettings {
            as_user: as_user.clone(),
            dir: dir.as_ref().map(text).transpose()?,
            env: env
                .iter()
                .map(|(name, value)| Ok(((*name).clone(), text(value)?)))
                .collect::<Result<_, PlanError>>()?,
            pty: step.pty,
            local: step.local,
        })
    };
    let by_host = dir.iter().chain(env.iter().map(|(_, value)| value)).any(|(template, _)| template.mentions("host"));
    if by_host {
        let each = scope.each_host().map(|(host, context)| one(context, Some(host)).map(Arc::new));
        Ok(PerHost::Each(each.collect::<Result<_, _>>()?))
    } else {
        Ok(PerHost::Same(Arc::new(one(scope.shared, None)?)))
    }
}
