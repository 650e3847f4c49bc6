//! Which hosts a step works on, and on which its commands run instead.

use std::cell::OnceCell;
use std::sync::Arc;

use runsheet_diagnostics::{Place, Placed};
use runsheet_inventory::{InventoryError, Selection};
use runsheet_model::HostName;
use runsheet_sheet::{Step, Work as SheetWork};
use runsheet_template::Context;
use serde_json::json;

use crate::resolve::{Resolver, compile, render};
use crate::{PerHost, PlanError, PlanHost};

/// What the machine that runs runsheet is called among hosts.
const LOCAL: &str = "local";

impl Resolver<'_> {
    /// Selects the hosts of a step that runs tasks, and leaves it out if flags leave none of them.
    pub(crate) fn select_unless_left_out(
        &mut self,
        index: usize,
        left_out: &mut [Option<String>],
        selected: &mut [Option<(Vec<usize>, usize)>],
    ) -> Result<(), PlanError> {
        let step = &self.sheet.steps[index];
        if left_out[index].is_none() && matches!(step.work, SheetWork::Chain(_)) {
            selected[index] = self.select(step)?;
            if selected[index].is_none() {
                left_out[index] = Some("no host left by --exclude and --limit".to_owned());
            }
        }
        Ok(())
    }

    /// The one host on which commands run instead, for each of a step's hosts.
    pub(crate) fn delegate(
        &mut self,
        pattern: &Placed<String>,
        step: &Step,
        hosts: &[usize],
    ) -> Result<PerHost<usize>, PlanError> {
        let template = compile(&self.templates, pattern)?;
        if !template.mentions("host") {
            let text = render(&template, &self.shared, &pattern.place, None)?;
            return Ok(PerHost::Same(Arc::new(self.one_host(&text, pattern, step, None)?)));
        }
        let mut each = Vec::with_capacity(hosts.len());
        for &host in hosts {
            let name = self.hosts[host].name.clone();
            let text = render(&template, self.context(host), &pattern.place, Some(&name))?;
            each.push(Arc::new(self.one_host(&text, pattern, step, Some(&name))?));
        }
        Ok(PerHost::Each(each))
    }

    fn one_host(
        &mut self,
        text: &str,
        pattern: &Placed<String>,
        step: &Step,
        host: Option<&HostName>,
    ) -> Result<usize, PlanError> {
        let selection =
            Selection { pattern: text.to_owned(), exclude: Vec::new(), limit: None, unlisted: self.planning.unlisted };
        let host = host.map(ToString::to_string);
        let place = || pattern.place.clone();
        let names = self.planning.inventory.select_reading(&selection, self.planning.read).map_err(|source| {
            let source = Box::new(source);
            PlanError::Delegate { step: step.name.clone(), place: place(), host: host.clone(), source }
        })?;
        match <[HostName; 1]>::try_from(names) {
            Ok([name]) => self.position(name),
            Err(names) => {
                let pattern = text.to_owned();
                Err(PlanError::ManyDelegates { place: place(), pattern, count: names.len(), host })
            }
        }
    }

    /// Selects the hosts of a step, and tells how many they are without the flags; nothing if flags leave none of them.
    fn select(&mut self, step: &Step) -> Result<Option<(Vec<usize>, usize)>, PlanError> {
        if step.local {
            return Ok(Some((vec![self.this_machine(step)?], 1)));
        }
        let Some(pattern) = &step.hosts else { return Ok(Some((Vec::new(), 0))) };
        let text = self.render_shared(pattern)?;
        let plain =
            Selection { pattern: text.clone(), exclude: Vec::new(), limit: None, unlisted: self.planning.unlisted };
        let selection =
            Selection { exclude: self.planning.exclude.clone(), limit: self.planning.limit.clone(), ..plain.clone() };
        let narrowed = selection != plain;
        let select = |selection| self.planning.inventory.select_reading(selection, self.planning.read);
        let failed = |source| PlanError::Hosts {
            step: step.name.clone(),
            place: pattern.place.clone(),
            source: Box::new(source),
        };
        let names = match select(&selection) {
            Ok(names) => names,
            Err(InventoryError::Nobody { .. }) if narrowed => {
                // Nobody because of the flags, or because the pattern itself selects nobody, which is a mistake?
                return match select(&plain) {
                    Err(error @ InventoryError::Nobody { .. }) => Err(failed(error)),
                    _ => Ok(None),
                };
            }
            Err(error) => return Err(failed(error)),
        };
        // What is left out may not be selected as it stands, such as a protected host. Then it is not counted.
        let group = if narrowed { select(&plain).map_or(names.len(), |names| names.len()) } else { names.len() };
        let hosts: Vec<_> = names.into_iter().map(|name| self.position(name)).collect::<Result<_, _>>()?;
        Ok(Some((hosts, group)))
    }

    /// The position of a host in the plan, where it is taken in the first time.
    fn position(&mut self, name: HostName) -> Result<usize, PlanError> {
        if let Some(&position) = self.positions.get(&name) {
            return Ok(position);
        }
        let inventory = self.planning.inventory;
        let vars = Arc::new(inventory.host_vars(&name)?);
        let address = inventory.address_of(&name)?;
        let position = self.hosts.len();
        self.contexts.push(OnceCell::new());
        self.positions.insert(name.clone(), position);
        self.hosts.push(PlanHost { name, address, vars, local: false });
        Ok(position)
    }

    /// What templates see of a host.
    pub(crate) fn context(&self, host: usize) -> &Context {
        self.contexts[host].get_or_init(|| {
            let PlanHost { name, address, vars, .. } = &self.hosts[host];
            let groups = self.planning.inventory.groups_of(name);
            self.shared
                .clone()
                .with("host", &json!({"name": name, "address": address, "vars": **vars, "groups": groups}))
        })
    }

    /// The position of the machine that runs runsheet.
    fn this_machine(&mut self, step: &Step) -> Result<usize, PlanError> {
        if let Some(position) = self.hosts.iter().position(|host| host.local) {
            return Ok(position);
        }
        let name = HostName::new(LOCAL).expect("it is a name");
        if self.planning.inventory.host_names().any(|host| *host == name) {
            let place = step.place.clone().unwrap_or_else(|| Place::file("sheet"));
            return Err(PlanError::LocalIsAHost { place });
        }
        let vars = Arc::default();
        self.contexts.push(OnceCell::new());
        self.hosts.push(PlanHost { name, address: LOCAL.to_owned(), vars, local: true });
        Ok(self.hosts.len() - 1)
    }

    /// Splits hosts into those that the step's `when` takes and those that it leaves out.
    pub(crate) fn split(&self, step: &Step, hosts: Vec<usize>) -> Result<(Vec<usize>, Vec<usize>), PlanError> {
        let Some(when) = &step.when else { return Ok((hosts, Vec::new())) };
        let condition = self.templates.compile_condition(&when.value).map_err(|error| PlanError::Template {
            place: when.place.clone(),
            host: None,
            error,
        })?;
        let mut taken = Vec::new();
        let mut left = Vec::new();
        for host in hosts {
            let holds = condition.condition(self.context(host)).map_err(|error| PlanError::Template {
                place: when.place.clone(),
                host: Some(self.hosts[host].name.to_string()),
                error,
            })?;
            if holds { &mut taken } else { &mut left }.push(host);
        }
        Ok((taken, left))
    }
}
