use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use runsheet_events::{Durability, Ledger, Prior, Reached};
use runsheet_inventory::fold;
use runsheet_journal::{JournalError, JournalWriter, RunFolder, WriterSettings};
use runsheet_model::{HostName, StepId, plural};
use runsheet_plan::{Plan, PlanStep, differences};
use runsheet_runner::{LostAnswers, Resumption, Undecided};
use serde_json::Value;

use crate::error::{CliError, listed};
use crate::exit::ExitStatus;
use crate::printer::Printer;

/// A run that is to go on: which, and what is said about what nobody knows of it.
pub(crate) struct Resuming {
    pub(crate) folder: RunFolder,
    pub(crate) answers: LostAnswers,
    /// Whether the plan may be another one, as far as its steps had not begun.
    pub(crate) accepts_change: bool,
}

/// What becomes of it.
pub(crate) enum Going {
    /// It goes on.
    On(Box<Resumption>),
    /// It does not, and was told why.
    Nowhere(ExitStatus),
}

impl Resuming {
    /// Finds out how the run goes on, if its plan is still the same. Touches nothing.
    pub(crate) fn prepare(&self, plan: &Plan, printer: &Printer) -> Result<Going, CliError> {
        let prior = self.folder.reader()?.prior()?;
        self.check_plan(plan, &prior, printer)?;
        self.check_answers(plan)?;
        match Resumption::new(plan, prior, &self.answers) {
            Ok(resumption) if resumption.is_idle(plan) => {
                printer.note(&format!(
                    "run {} is over: nothing is left to do; `runsheet history` lists the others\n",
                    self.folder.run().short()
                ));
                Ok(Going::Nowhere(ExitStatus::of(resumption.stats())))
            }
            Ok(resumption) => Ok(Going::On(Box::new(resumption))),
            Err(undecided) => {
                printer.alarm(&self.undecided(&undecided));
                Ok(Going::Nowhere(ExitStatus::Lost))
            }
        }
    }

    /// Takes the run's record, to write on, unless somebody else has written to it since.
    pub(crate) fn start(
        &self,
        plan: &Plan,
        resumption: &Resumption,
        settings: &WriterSettings,
    ) -> Result<JournalWriter, CliError> {
        let live = || CliError::RunIsLive { run: self.folder.run() };
        let settings = WriterSettings { lock_wait: Duration::ZERO, ..settings.clone() };
        let journal = self.folder.reopen()?.start(&settings).map_err(|error| match error {
            JournalError::Locked { .. } => live(),
            error => error.into(),
        })?;
        // Somebody else may have resumed it, and be over by now.
        if *journal.durability().borrow() != Durability::UpTo(resumption.seq()) {
            return Err(live());
        }
        // Every time: if runsheet ends before the record names this plan, the next one finds the plan that was taken last.
        let text = serde_json::to_vec(plan).map_err(|error| CliError::Output { source: error.into() })?;
        self.folder.replace_plan(&text)?;
        Ok(journal)
    }

    /// What was approved is what goes on; or, if that is wanted, a plan that differs from it only in steps that had not begun.
    fn check_plan(&self, plan: &Plan, prior: &Prior, printer: &Printer) -> Result<(), CliError> {
        let recorded = prior.header.as_ref().map(|header| header.plan_hash.as_str()).unwrap_or_default();
        if recorded == plan.hash.to_string() {
            return Ok(());
        }
        let run = self.folder.run();
        let text = self.folder.plan()?;
        let before: Value = serde_json::from_slice(&text).map_err(|error| CliError::Output { source: error.into() })?;
        let all = differences(&before, &json(plan)?);
        let begun = |step: &StepId| prior.step(step).reached > Reached::Nothing;
        let Ok(before) = Plan::read(&text) else {
            return Err(CliError::RunChanged { run, differences: all, acceptable: false });
        };
        // Somebody has accepted it, and runsheet ended before that was on record.
        if before.hash == plan.hash {
            return Ok(());
        }
        let (was, is) = (before.part(begun), plan.part(begun));
        match (self.accepts_change, was.hash == is.hash) {
            (true, true) => {
                printer.alarm(&format!("the plan of run {} is another one now\n{}\n", run.short(), listed(&all)));
                Ok(())
            }
            (true, false) => Err(CliError::BegunChanged { run, differences: differences(&json(&was)?, &json(&is)?) }),
            (false, acceptable) => Err(CliError::RunChanged { run, differences: all, acceptable }),
        }
    }

    /// What is said about a step or a host that there is not was meant for another.
    fn check_answers(&self, plan: &Plan) -> Result<(), CliError> {
        let step_of = |id: &StepId| plan.steps.iter().find(|step| step.id == *id);
        let has = |id: &StepId, host: &HostName| {
            let hosts = step_of(id).and_then(PlanStep::host_work).map(|work| work.hosts.as_slice());
            hosts.is_some_and(|hosts| hosts.iter().any(|&position| plan.hosts[position].name == *host))
        };
        let answers = &self.answers;
        let ids = answers.steps.keys().chain(answers.hosts.keys().map(|(step, _)| step));
        if let Some(id) = ids.into_iter().find(|id| step_of(id).is_none()) {
            let known: Vec<_> = plan.steps.iter().map(|step| step.id.as_str()).collect();
            return Err(CliError::usage(
                format!("`--lost`: there is no step `{id}`"),
                format!("the steps are `{}`", known.join("`, `")),
            ));
        }
        match answers.hosts.keys().find(|(step, host)| !has(step, host)) {
            Some((step, host)) => Err(CliError::usage(
                format!("`--lost`: step `{step}` has no host `{host}`"),
                "`runsheet resume` without `--lost` lists those about which something is to be said",
            )),
            None => Ok(()),
        }
    }

    /// The hosts about which somebody has to decide, and how that is said.
    fn undecided(&self, undecided: &[Undecided]) -> String {
        let run = self.folder.run().short();
        let mut steps: BTreeMap<_, Vec<&str>> = BTreeMap::new();
        for Undecided { step, host, task } in undecided {
            steps.entry((step, task)).or_default().push(host.as_str());
        }
        let mut text = format!(
            "on {} nobody knows how the work ended, or it was stopped half-way:\n",
            plural(undecided.len(), "host")
        );
        for ((step, task), hosts) in &steps {
            _ = writeln!(text, "  {step}  {task}  {}", fold(hosts.iter().copied()));
        }
        let step = undecided[0].step.as_str();
        text.push_str("look at them, then say what it is taken for:\n");
        for (answer, does) in [("retry", "do it once more"), ("ok", "it was done"), ("fail", "it failed")] {
            _ = writeln!(text, "  runsheet resume {run} --lost {answer:<6}  # {does}");
        }
        _ = writeln!(
            text,
            "for one step `--lost {step}=retry`, for one host `--lost {step}:{}=retry`",
            undecided[0].host
        );
        text
    }
}

fn json(plan: &Plan) -> Result<Value, CliError> {
    serde_json::to_value(plan).map_err(|error| CliError::Output { source: error.into() })
}
