use runsheet_diagnostics::nearest;
use runsheet_sheet::{Sheet, Step};

use crate::PlanError;

/// Which steps of a sheet run, by flags. Steps are named by id or title.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepChoice {
    /// `--start-at`: the first step that runs, by its place in the sheet.
    pub start_at: Option<String>,
    /// `--only`: only these. Empty: all.
    pub only: Vec<String>,
    /// `--skip`: all but these.
    pub skip: Vec<String>,
}

impl StepChoice {
    /// For each step, why it does not run, if it does not.
    pub(crate) fn left_out(&self, sheet: &Sheet) -> Result<Vec<Option<String>>, PlanError> {
        let start = self.start_at.as_ref().map(|name| find(sheet, "--start-at", name)).transpose()?.unwrap_or(0);
        let only = self.only.iter().map(|name| find(sheet, "--only", name)).collect::<Result<Vec<_>, _>>()?;
        let skip = self.skip.iter().map(|name| find(sheet, "--skip", name)).collect::<Result<Vec<_>, _>>()?;
        let reason = |(index, step): (usize, &Step)| {
            if !step.enabled {
                Some("disabled".to_owned())
            } else if index < start {
                Some("before --start-at".to_owned())
            } else if !only.is_empty() && !only.contains(&index) {
                Some("not in --only".to_owned())
            } else if skip.contains(&index) {
                Some("in --skip".to_owned())
            } else {
                None
            }
        };
        Ok(sheet.steps.iter().enumerate().map(reason).collect())
    }
}

fn find(sheet: &Sheet, flag: &'static str, name: &str) -> Result<usize, PlanError> {
    sheet.steps.iter().position(|step| step.id.as_str() == name || step.name == name).ok_or_else(|| PlanError::NoStep {
        flag,
        name: name.to_owned(),
        nearest: nearest(name, sheet.steps.iter().map(|step| step.id.as_str())).map(str::to_owned),
    })
}
