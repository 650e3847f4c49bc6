use std::collections::BTreeMap;
use std::fmt::Write;

use runsheet_events::Prior;
use runsheet_inventory::fold;
use runsheet_journal::{JournalError, JournalWriter, RunFolder, WriterSettings};
use runsheet_model::plural;
use runsheet_plan::{Plan, differences};
use runsheet_runner::{LostAnswers, Resumption, Undecided};

use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::printer::Printer;

/// A run that is to go on: which, and what is said about what nobody knows of it.
pub(crate) struct Resuming {
    pub(crate) folder: RunFolder,
    pub(crate) answers: LostAnswers,
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
        self.check_plan(plan, &prior)?;
        match Resumption::new(plan, prior, &self.answers) {
            Ok(resumption) if resumption.is_idle(plan) => {
                printer.note(&format!("run {} is over: nothing is left to do\n", self.folder.run().short()));
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
    pub(crate) fn start(&self, resumption: &Resumption, settings: &WriterSettings) -> Result<JournalWriter, CliError> {
        let settings = WriterSettings { lock_wait: std::time::Duration::ZERO, ..settings.clone() };
        let journal = self.folder.reopen()?.start(&settings)?;
        if journal.reader()?.prior()?.seq != resumption.seq() {
            return Err(CliError::Journal(JournalError::Locked {
                path: self.folder.path().to_owned(),
                wait: settings.lock_wait,
            }));
        }
        Ok(journal)
    }

    /// What was approved is what goes on.
    fn check_plan(&self, plan: &Plan, prior: &Prior) -> Result<(), CliError> {
        let recorded = prior.header.as_ref().map(|header| header.plan_hash.as_str()).unwrap_or_default();
        if recorded == plan.hash.to_string() {
            return Ok(());
        }
        let text = self.folder.plan()?;
        let before = serde_json::from_slice(&text).map_err(|error| CliError::Output { source: error.into() })?;
        let after = serde_json::to_value(plan).map_err(|error| CliError::Output { source: error.into() })?;
        Err(CliError::RunChanged { run: self.folder.run(), differences: differences(&before, &after) })
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
