use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use runsheet_diagnostics::{Place, Placed};
use runsheet_inventory::{Inventory, InventoryError, ReadFile, Selection};
use runsheet_model::{HostName, SecretName, StepId, Vars};
use runsheet_sheet::{Chain, Link, Sheet, Step, Undo, Work as SheetWork};
use runsheet_task::{LocalFiles, Registry};
use runsheet_template::{Context, Template, Templates};
use serde_json::json;

use crate::resolve_link::{Scope, resolve_link};
use crate::resolve_rollout::resolve_rollout;
use crate::{
    HostWork, PerHost, Plan, PlanError, PlanHost, PlanLink, PlanPolicy, PlanRollout, PlanStep, StepChoice, Work,
};

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
        let undoing = sheet.undoing();
        let mut left_out = self.planning.choice.left_out(sheet)?;
        for (index, undone) in undoing.iter().enumerate() {
            // A step that undoes another goes with it, whatever flags say of itself.
            if let Some(undone) = undone.filter(|_| sheet.steps[index].enabled) {
                left_out[index] =
                    left_out[undone].as_ref().map(|reason| format!("undoes a step that is left out: {reason}"));
            }
        }
        let mut effective = sheet.clone();
        for ((step, reason), undone) in effective.steps.iter_mut().zip(&left_out).zip(&undoing) {
            step.enabled = reason.is_none() && undone.is_none();
        }
        let dependencies = effective.dependencies();
        let mut steps = Vec::with_capacity(sheet.steps.len());
        for (((step, reason), after), undone) in sheet.steps.iter().zip(left_out).zip(dependencies).zip(undoing) {
            let after = if undone.is_some() { Vec::new() } else { after };
            steps.push(PlanStep { undoes: undone, ..self.step(step, reason, after)? });
        }
        if steps.iter().all(|step| step.left_out.is_some() || step.undoes.is_some()) {
            return Err(match sheet.steps.as_slice() {
                [Step { hosts: Some(hosts), enabled: true, .. }] => {
                    PlanError::NoHostLeft { pattern: hosts.value.clone() }
                }
                _ => PlanError::NothingToRun,
            });
        }
        self.add_undoing(&mut steps)?;
        let plan = Plan::new(sheet.name.clone(), self.vars, self.hosts, steps);
        Ok(plan.with_host_locks(sheet.lock.clone()))
    }

    /// Adds a step for each that says by which tasks it is undone.
    fn add_undoing(&mut self, steps: &mut Vec<PlanStep>) -> Result<(), PlanError> {
        for (index, step) in self.sheet.steps.iter().enumerate() {
            let Some(Undo::Links(links)) = &step.policy.rollback else { continue };
            let place = step.place.clone().unwrap_or_else(|| Place::file("sheet"));
            let id = format!("{}-undo", step.id);
            let id = StepId::new(id.clone()).map_err(|_| PlanError::UndoId { place: place.clone(), id })?;
            if steps.iter().any(|other| other.id == id) {
                return Err(PlanError::UndoId { place, id: id.to_string() });
            }
            let Work::Hosts(work) = &steps[index].work else { continue };
            let mut work = work.clone();
            let chain = Chain { links: links.clone(), always: Vec::new() };
            (work.links, work.always) = if steps[index].left_out.is_none() {
                self.links(&chain, step, &work.hosts)?
            } else {
                Default::default()
            };
            work.skipped = Vec::new();
            work.rollout.pause = None;
            work.policy = PlanPolicy::default();
            steps.push(PlanStep {
                id,
                name: format!("Undo: {}", step.name),
                owner: step.owner.clone(),
                expect_ms: None,
                notes: None,
                left_out: steps[index].left_out.clone(),
                after: Vec::new(),
                undoes: Some(index),
                work: Work::Hosts(work),
            });
        }
        Ok(())
    }

    fn step(&mut self, step: &Step, mut left_out: Option<String>, after: Vec<usize>) -> Result<PlanStep, PlanError> {
        let work = match &step.work {
            SheetWork::Manual(instructions) => Work::Manual { instructions: self.render_shared(instructions)? },
            SheetWork::Chain(chain) => {
                let mut work = HostWork {
                    hosts: Vec::new(),
                    skipped: Vec::new(),
                    forks: step.forks.unwrap_or(FORKS),
                    links: Vec::new(),
                    always: Vec::new(),
                    rollout: PlanRollout::default(),
                    policy: PlanPolicy::from(&step.policy),
                };
                if left_out.is_none() {
                    match self.select(step)? {
                        Some((hosts, group)) => {
                            let (hosts, skipped) = self.split(step, hosts)?;
                            work.skipped = skipped;
                            (work.hosts, work.rollout) = resolve_rollout(&step.rollout, hosts, group, &self.hosts)?;
                            (work.links, work.always) = self.links(chain, step, &work.hosts)?;
                        }
                        None => left_out = Some("no host left by --exclude and --limit".to_owned()),
                    }
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
            undoes: None,
            work,
        })
    }

    /// Resolves a chain and what is always done after it.
    fn links(
        &mut self,
        chain: &Chain,
        step: &Step,
        hosts: &[usize],
    ) -> Result<(Vec<PlanLink>, Vec<PlanLink>), PlanError> {
        let mut delegates = Vec::new();
        for link in chain.links.iter().chain(&chain.always) {
            let pattern = link.delegate.as_ref().or(step.delegate.as_ref());
            delegates.push(pattern.map(|pattern| self.delegate(pattern, step, hosts)).transpose()?);
        }
        let scope = Scope {
            planning: self.planning,
            templates: &self.templates,
            shared: &self.shared,
            hosts: hosts.iter().map(|&host| (&self.hosts[host].name, &self.contexts[host])).collect(),
        };
        let mut delegates = delegates.into_iter();
        let mut resolve = |links: &[Link]| -> Result<Vec<PlanLink>, PlanError> {
            let resolved = links.iter().map(|link| {
                let delegate = delegates.next().flatten();
                Ok(PlanLink { delegate, ..resolve_link(link, step, &scope)? })
            });
            resolved.collect()
        };
        Ok((resolve(&chain.links)?, resolve(&chain.always)?))
    }

    /// The one host on which commands run instead, for each of a step's hosts.
    fn delegate(
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
            let text = render(&template, &self.contexts[host], &pattern.place, Some(&name))?;
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
