use runsheet_model::format_duration;
use runsheet_task::{Arg, ArgKind, Config, LocalError, TaskError};

const HOST: &str = "host";
const HERE: &str = "here";

/// From where a task looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Viewpoint {
    /// From the host itself.
    Host,
    /// From the machine that runs runsheet.
    Here,
}

impl Viewpoint {
    /// The argument `from`.
    pub(crate) fn arg() -> Arg {
        Arg::optional(
            "from",
            ArgKind::choice([HOST, HERE]),
            "From where: the host itself, or the machine that runs runsheet.",
        )
        .default(HOST)
    }

    pub(crate) fn of(config: &Config) -> Result<Self, TaskError> {
        Ok(match config.text("from")? {
            HERE => Self::Here,
            _ => Self::Host,
        })
    }
}

/// Why nothing was seen from here, without what was looked at: the task says that itself.
pub(crate) fn reason(error: LocalError) -> String {
    match error {
        LocalError::TimedOut { limit, .. } => format!("no answer within {}", format_duration(limit)),
        LocalError::Unreached { reason, .. } | LocalError::Failed { reason, .. } | LocalError::File { reason, .. } => {
            reason
        }
    }
}
