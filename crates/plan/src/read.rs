use runsheet_diagnostics::{Hint, Hints};
use runsheet_model::visible;
use serde::Deserialize;
use thiserror::Error;

use crate::{Plan, PlanHash};

/// Why a text is no plan that another can be compared with.
#[derive(Debug, Error)]
pub enum ReadPlanError {
    /// It is not the JSON of a plan.
    #[error("it is not a plan")]
    Json {
        /// What is wrong, and where.
        source: serde_json::Error,
    },
    /// It was written by a version of runsheet that writes plans in another form.
    #[error("it has another form than the plans of this version of runsheet ({found}, not {wanted})", wanted = Plan::FORMAT)]
    Format {
        /// The form that it says it has; 0 for none.
        found: u32,
    },
    /// Its content is not what was written.
    #[error("it was changed: its content has the hash {found} and not {}", visible(said.to_string().chars().take(80).collect::<String>().as_bytes()))]
    Changed {
        /// The hash that stands in it.
        said: PlanHash,
        /// The hash of its content.
        found: PlanHash,
    },
}

impl Hint for ReadPlanError {
    fn hints(&self) -> Hints {
        match self {
            Self::Json { .. } => Hints::from("`runsheet plan SHEET --out FILE` writes a plan"),
            Self::Format { .. } => Hints::from("plan and approve anew: runsheet plan SHEET --out FILE"),
            Self::Changed { .. } => {
                Hints::from("ask whoever approved it for the file as it was, or plan and approve anew")
            }
        }
    }
}

/// What can be read of a plan in whatever form.
#[derive(Deserialize)]
struct AnyPlan {
    #[serde(default)]
    format: u32,
}

impl Plan {
    /// Reads a plan that may come from anywhere: its content has to be what its hash names.
    pub fn read(json: &[u8]) -> Result<Self, ReadPlanError> {
        let failed = |source| ReadPlanError::Json { source };
        let AnyPlan { format } = serde_json::from_slice(json).map_err(failed)?;
        let plan = match serde_json::from_slice::<Self>(json) {
            Ok(plan) if format == Self::FORMAT => plan,
            Err(error) if format == Self::FORMAT || format == 0 => return Err(failed(error)),
            _ => return Err(ReadPlanError::Format { found: format }),
        };
        let found = PlanHash::of(&plan);
        if found == plan.hash { Ok(plan) } else { Err(ReadPlanError::Changed { said: plan.hash, found }) }
    }
}
