use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use runsheet_diagnostics::{Place, Placed};
use runsheet_inventory::{Inventory, InventoryError, ReadFile, Selection};
use runsheet_model::{HostName, SecretName, Vars};
use runsheet_sheet::{Sheet, Step, Work as SheetWork};
use runsheet_task::{LocalFiles, Registry};
use runsheet_template::{Context, Template, Templates};
use serde_json::json;

use crate::resolve_link::{Scope, resolve_link};
use crate::{HostWork, Plan, PlanError, PlanHost, PlanStep, StepChoice, Work};

/// On how many hosts a step works at once if nobody says otherwise.
const FORKS: usize = 64;

/// What a sheet is planned against.
pub struct Planning<'a> {
    /// The hosts.
    pub inventory: &'a Inventory,
    /// The tasks.
    pub registry: &'a Registry,
    /// The files of this machine that tasks send.
    pub files: &'a dyn LocalFiles,
    /// The secrets that there are.
    pub secrets: &'a BTreeSet<SecretName>,
    /// Reads a file of hosts (`^FILE` in a pattern).
    pub read: ReadFile<'a>,
    /// `-x`: patterns of hosts that are left out.
    pub exclude: Vec<String>,
    /// `--limit`: a pattern that hosts must match as well.
    pub limit: Option<String>,
    /// Whether names that stand in no host group are taken.
    pub unlisted: bool,
    /// Which steps run.
    pub choice: StepChoice,
}

impl Plan {
    /// Resolves a sheet against hosts and tasks. Touches no host, and reads files only through what it is handed.
    pub fn resolve(sheet: &Sheet, planning: &Planning<'_>) -> Result<Self, PlanError> {
        Resolver {
            planning,
            sheet,
            vars: Arc::new(sheet.vars.clone()),
            shared: Context::new().with("vars", &sheet.vars),
            templates: Templates::new(),
            hosts: Vec::new(),
            contexts: Vec::new(),
            positions: HashMap::new(),
        }
        .resolve()
    }
}

struct Resolver<'a> {
    planning: &'a Planning<'a>,
    sheet: &'a Sheet,
    vars: Arc<Vars>,
    /// What templates see that do not mention their host.
    shared: Context,
    templates: Templates,
    hosts: Vec<PlanHost>,
    contexts: Vec<Context>,
    positions: HashMap<HostName, usize>,
}

impl Resolver<'_> {
    fn resolve(mut self) -> Result<Plan, PlanError> {
        let sheet = self.sheet;
        let left_out = self.planning.choice.left_out(sheet)?;
        let mut effective = sheet.clone();
        for (step, reason) in effective.steps.iter_mut().zip(&left_out) {
            step.enabled = reason.is_none();
        }
        let dependencies = effective.dependencies();
        let mut steps = Vec::with_capacity(sheet.steps.len());
        for ((step, reason), after) in sheet.steps.iter().zip(left_out).zip(dependencies) {
            steps.push(self.step(step, reason, after)?);
        }
        if steps.iter().all(|step| step.left_out.is_some()) {
            return Err(match sheet.steps.as_slice() {
                [Step { hosts: Some(hosts), enabled: true, .. }] => {
                    PlanError::NoHostLeft { pattern: hosts.value.clone() }
                }
                _ => PlanError::NothingToRun,
            });
        }
        Ok(Plan::new(sheet.name.clone(), self.vars, self.hosts, steps))
    }

    fn step(&mut self, step: &Step, mut left_out: Option<String>, after: Vec<usize>) -> Result<PlanStep, PlanError> {
        let work = match &step.work {
            SheetWork::Manual(instructions) => Work::Manual { instructions: self.render_shared(instructions)? },
            SheetWork::Chain(links) => {
                let mut work = HostWork {
                    hosts: Vec::new(),
                    skipped: Vec::new(),
                    forks: step.forks.unwrap_or(FORKS),
                    links: Vec::new(),
                };
                if left_out.is_none() {
                    match self.select(step)? {
                        Some(hosts) => (work.hosts, work.skipped) = self.split(step, hosts)?,
                        None => left_out = Some("no host left by --exclude and --limit".to_owned()),
                    }
                }
                if left_out.is_none() {
                    let scope = Scope {
                        planning: self.planning,
                        templates: &self.templates,
                        shared: &self.shared,
                        hosts: work.hosts.iter().map(|&host| (&self.hosts[host].name, &self.contexts[host])).collect(),
                    };
                    work.links =
                        links.iter().map(|link| resolve_link(link, step, &scope)).collect::<Result<_, PlanError>>()?;
                }
                Work::Hosts(work)
            }
        };
        Ok(PlanStep {
            id: step.id.clone(),
            name: step.name.clone(),
            owner: step.owner.clone(),
            expect_ms: step.expect.map(|expect| u64::try_from(expect.as_millis()).unwrap_or(u64::MAX)),
            notes: step.notes.clone(),
            left_out,
            after,
            work,
        })
    }

    /// Selects the hosts of a step; nothing if flags leave none of them.
    fn select(&mut self, step: &Step) -> Result<Option<Vec<usize>>, PlanError> {
        let Some(pattern) = &step.hosts else { return Ok(Some(Vec::new())) };
        let text = self.render_shared(pattern)?;
        let narrowed = self.planning.limit.is_some() || !self.planning.exclude.is_empty();
        let selection = Selection {
            pattern: text.clone(),
            exclude: self.planning.exclude.clone(),
            limit: self.planning.limit.clone(),
            unlisted: self.planning.unlisted,
        };
        let failed = |source| PlanError::Hosts {
            step: step.name.clone(),
            place: pattern.place.clone(),
            source: Box::new(source),
        };
        let names = match self.planning.inventory.select_reading(&selection, self.planning.read) {
            Ok(names) => names,
            Err(InventoryError::Nobody { .. }) if narrowed => {
                // Nobody because of the flags, or because the pattern itself selects nobody, which is a mistake?
                let plain = Selection { exclude: Vec::new(), limit: None, ..selection };
                return match self.planning.inventory.select_reading(&plain, self.planning.read) {
                    Err(error @ InventoryError::Nobody { .. }) => Err(failed(error)),
                    _ => Ok(None),
                };
            }
            Err(error) => return Err(failed(error)),
        };
        names.into_iter().map(|name| self.position(name)).collect::<Result<_, _>>().map(Some)
    }

    /// The position of a host in the plan, where it is taken in the first time.
    fn position(&mut self, name: HostName) -> Result<usize, PlanError> {
        if let Some(&position) = self.positions.get(&name) {
            return Ok(position);
        }
        let inventory = self.planning.inventory;
        let vars = Arc::new(inventory.host_vars(&name)?);
        let address = inventory.address_of(&name)?;
        let host = json!({
            "name": name,
            "address": address,
            "vars": *vars,
            "groups": inventory.groups_of(&name),
        });
        let position = self.hosts.len();
        self.contexts.push(self.shared.clone().with("host", &host));
        self.positions.insert(name.clone(), position);
        self.hosts.push(PlanHost { name, address, vars });
        Ok(position)
    }

    /// Splits hosts into those that the step's `when` takes and those that it leaves out.
    fn split(&self, step: &Step, hosts: Vec<usize>) -> Result<(Vec<usize>, Vec<usize>), PlanError> {
        let Some(when) = &step.when else { return Ok((hosts, Vec::new())) };
        let condition = self.templates.compile_condition(&when.value).map_err(|error| PlanError::Template {
            place: when.place.clone(),
            host: None,
            error,
        })?;
        let mut taken = Vec::new();
        let mut left = Vec::new();
        for host in hosts {
            let holds = condition.condition(&self.contexts[host]).map_err(|error| PlanError::Template {
                place: when.place.clone(),
                host: Some(self.hosts[host].name.to_string()),
                error,
            })?;
            if holds { &mut taken } else { &mut left }.push(host);
        }
        Ok((taken, left))
    }

    fn render_shared(&self, text: &Placed<String>) -> Result<String, PlanError> {
        render(&compile(&self.templates, text)?, &self.shared, &text.place, None)
    }
}

pub(crate) fn compile(templates: &Templates, text: &Placed<String>) -> Result<Template, PlanError> {
    templates.compile(&text.value).map_err(|error| PlanError::Template { place: text.place.clone(), host: None, error })
}

pub(crate) fn render(
    template: &Template,
    context: &Context,
    place: &Place,
    host: Option<&HostName>,
) -> Result<String, PlanError> {
    template.render(context).map_err(|error| PlanError::Template {
        place: place.clone(),
        host: host.map(ToString::to_string),
        error,
    })
}
