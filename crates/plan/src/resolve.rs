use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use runsheet_diagnostics::{Place, Placed};
use runsheet_inventory::{Inventory, ReadFile};
use runsheet_model::{HostName, SecretName, StepId, Vars};
use runsheet_sheet::{Chain, Link, Sheet, Step, Undo, Work as SheetWork};
use runsheet_task::{LocalFiles, Registry};
use runsheet_template::{Context, Template, Templates};

use crate::makes::{Makes, SheetFiles};
use crate::resolve_link::{Scope, resolve_link};
use crate::resolve_rollout::resolve_rollout;
use crate::{HostWork, Plan, PlanError, PlanHost, PlanLink, PlanPolicy, PlanRollout, PlanStep, StepChoice, Work};

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
    /// The programs that `on: local` may start.
    pub local_programs: &'a [String],
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
            undoing: Vec::new(),
            after: Vec::new(),
            makes: Makes::default(),
        }
        .resolve()
    }
}

pub(crate) struct Resolver<'a> {
    pub(crate) planning: &'a Planning<'a>,
    pub(crate) sheet: &'a Sheet,
    vars: Arc<Vars>,
    /// What templates see that do not mention their host.
    pub(crate) shared: Context,
    pub(crate) templates: Templates,
    pub(crate) hosts: Vec<PlanHost>,
    /// What templates see of each host, made when the first asks: most plans have none that do.
    pub(crate) contexts: Vec<OnceCell<Context>>,
    pub(crate) positions: HashMap<HostName, usize>,
    /// For each step, the one that it undoes.
    undoing: Vec<Option<usize>>,
    /// For each step, those that it waits for.
    after: Vec<Vec<usize>>,
    makes: Makes,
}

impl Resolver<'_> {
    fn resolve(mut self) -> Result<Plan, PlanError> {
        let sheet = self.sheet;
        let undoing = sheet.undoing();
        let mut left_out = self.planning.choice.left_out(sheet)?;
        let mut selected = vec![None; sheet.steps.len()];
        let undoes_nothing = |index: &usize| undoing[*index].is_none();
        for index in (0..sheet.steps.len()).filter(undoes_nothing) {
            self.select_unless_left_out(index, &mut left_out, &mut selected)?;
        }
        for (index, undone) in undoing.iter().enumerate() {
            // A step that undoes another goes with it, whatever flags say of itself.
            if let Some(undone) = undone.filter(|_| sheet.steps[index].enabled) {
                left_out[index] =
                    left_out[undone].as_ref().map(|reason| format!("undoes a step that is left out: {reason}"));
                self.select_unless_left_out(index, &mut left_out, &mut selected)?;
            }
        }
        // Who waits for a step that does not run, for whatever reason, waits for what that one would have waited for.
        let mut effective = sheet.clone();
        for ((step, reason), undone) in effective.steps.iter_mut().zip(&left_out).zip(&undoing) {
            step.enabled = reason.is_none() && undone.is_none();
        }
        self.after = effective.dependencies();
        self.undoing = undoing;
        self.find_makers(&left_out)?;
        let mut steps = Vec::with_capacity(sheet.steps.len());
        for (index, (reason, selected)) in left_out.into_iter().zip(selected).enumerate() {
            steps.push(self.step(index, reason, selected)?);
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
        Ok(Plan::new(sheet.name.clone(), self.vars, self.hosts, steps, sheet.lock.clone()))
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
                self.links(&chain, index, &work.hosts)?
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
                makes: Vec::new(),
                work: Work::Hosts(work),
            });
        }
        Ok(())
    }

    /// Finds out which files are made while the sheet runs: by steps that do run.
    fn find_makers(&mut self, left_out: &[Option<String>]) -> Result<(), PlanError> {
        for (index, step) in self.sheet.steps.iter().enumerate().filter(|(index, _)| left_out[*index].is_none()) {
            let names = step
                .makes
                .iter()
                .map(|name| Ok(Placed { value: self.render_shared(name)?, place: name.place.clone() }));
            let names = names.collect::<Result<Vec<_>, PlanError>>()?;
            self.makes.add(index, step, &names, self.planning.files, &self.after)?;
        }
        Ok(())
    }

    fn step(
        &mut self,
        index: usize,
        left_out: Option<String>,
        selected: Option<(Vec<usize>, usize)>,
    ) -> Result<PlanStep, PlanError> {
        let step = &self.sheet.steps[index];
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
                if let Some((hosts, group)) = selected {
                    let (hosts, skipped) = self.split(step, hosts)?;
                    work.skipped = skipped;
                    (work.hosts, work.rollout) = resolve_rollout(&step.rollout, hosts, group, &self.hosts)?;
                    (work.links, work.always) = self.links(chain, index, &work.hosts)?;
                }
                Work::Hosts(work)
            }
        };
        let undoes = self.undoing[index];
        Ok(PlanStep {
            id: step.id.clone(),
            name: step.name.clone(),
            owner: step.owner.clone(),
            expect_ms: step.expect.map(|expect| u64::try_from(expect.as_millis()).unwrap_or(u64::MAX)),
            notes: step.notes.clone(),
            left_out,
            after: if undoes.is_some() { Vec::new() } else { self.after[index].clone() },
            undoes,
            makes: self.makes.of(index),
            work,
        })
    }

    /// Resolves a chain and what is always done after it.
    fn links(
        &mut self,
        chain: &Chain,
        index: usize,
        hosts: &[usize],
    ) -> Result<(Vec<PlanLink>, Vec<PlanLink>), PlanError> {
        let step = &self.sheet.steps[index];
        let mut delegates = Vec::new();
        for link in chain.links.iter().chain(&chain.always) {
            let pattern = link.delegate.as_ref().or(step.delegate.as_ref());
            delegates.push(pattern.map(|pattern| self.delegate(pattern, step, hosts)).transpose()?);
        }
        let scope = Scope {
            planning: self.planning,
            files: SheetFiles { files: self.planning.files, makes: &self.makes },
            after: &self.after,
            step: self.undoing[index].unwrap_or(index),
            templates: &self.templates,
            shared: &self.shared,
            hosts,
            resolver: self,
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

    pub(crate) fn render_shared(&self, text: &Placed<String>) -> Result<String, PlanError> {
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
