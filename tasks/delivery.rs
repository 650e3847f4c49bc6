use std::time::Duration;

use runsheet_task::{Arg, ArgKind, Config, Host, HttpAnswer, HttpRequest, LocalError, TaskError, TaskSpec};
use tokio::time::{Instant, sleep};

use crate::patience::Patience;
use crate::viewpoint::reason;

/// The pauses between tries: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A request from this machine that is made again as long as that cannot do harm.
pub(crate) struct Delivery<'a> {
    pub(crate) host: &'a Host,
    pub(crate) request: HttpRequest,
    pub(crate) timeout: Duration,
    /// How often it is tried again.
    retries: u32,
    /// Whether it may arrive twice.
    repeatable: bool,
}

impl<'a> Delivery<'a> {
    /// Adds the arguments `retries` and `timeout`.
    pub(crate) fn args(spec: TaskSpec) -> TaskSpec {
        let retries = ArgKind::Integer { min: 0, max: 20 };
        spec.arg(
            Arg::optional("retries", retries, "How often it is tried again, with pauses of 1 s to 30 s.").default(2),
        )
        .arg(Arg::optional("timeout", ArgKind::Duration, "How long one try may take.").default("10s"))
    }

    /// Reads them. What is `repeatable` may arrive twice.
    pub(crate) fn new(
        config: &Config,
        host: &'a Host,
        request: HttpRequest,
        repeatable: bool,
    ) -> Result<Self, TaskError> {
        let retries = config.integer("retries")?.try_into().unwrap_or_default();
        Ok(Self { host, request, timeout: config.duration("timeout")?, retries, repeatable })
    }

    /// Makes the request until there is an answer that another try would not change, or why there is none.
    pub(crate) async fn deliver(&self) -> Result<HttpAnswer, String> {
        let mut pause = FIRST_PAUSE;
        let mut tries = 0;
        loop {
            tries += 1;
            let limit = Patience::new(self.host, self.timeout).limit(self.timeout);
            let heard = self.host.local().http(&self.request, limit).await;
            let last = self.retries < tries || self.host.deadline() <= Instant::now() + pause + FIRST_PAUSE;
            let after = match tries {
                1 => String::new(),
                _ => format!(" after {tries} tries"),
            };
            let called = &self.request.called;
            match heard {
                Ok(answer) if last || !self.is_worth_another_try(answer.status) => return Ok(answer),
                Err(error @ LocalError::Unreached { .. }) if last => {
                    return Err(format!("{called} was not reached{after}: {}", reason(error)));
                }
                Err(error @ (LocalError::TimedOut { .. } | LocalError::Failed { .. })) if last || !self.repeatable => {
                    return Err(format!("{called}{after}: {}; it may have arrived all the same", reason(error)));
                }
                _ => {}
            }
            sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// Whether an answer says that the request was not taken (RFC 9110, §15.6.4; RFC 6585, §4), or, if it may arrive twice, that
    /// somebody on the way had a bad moment.
    fn is_worth_another_try(&self, status: u16) -> bool {
        matches!(status, 429 | 503) || self.repeatable && matches!(status, 408 | 500 | 502 | 504)
    }
}
