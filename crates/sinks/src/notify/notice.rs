use std::time::SystemTime;

use runsheet_events::{RunStats, StepStats};
use runsheet_model::{RunId, StepId, format_duration};
use runsheet_template::Context;
use serde_json::json;

use super::Occasion;
use crate::wording::counted;

/// Something that people are to be told.
#[derive(Clone, Debug)]
pub(super) struct Notice {
    pub(super) occasion: Occasion,
    pub(super) at: SystemTime,
    /// What makes it this notice of the run and no other: a number of an event, or a step.
    pub(super) key: String,
    pub(super) step: Option<StepId>,
    /// Whose step it is about.
    pub(super) owner: Option<String>,
    /// What was asked, what a host said, why the run was stopped: one safe line, perhaps an empty one.
    pub(super) reason: String,
    /// In how many minutes, where that is known.
    pub(super) minutes: Option<u64>,
}

impl Notice {
    /// What templates may speak of. What hosts said is in it as values only: no text of theirs is ever read as a template.
    pub(super) fn context(&self, run: RunId, stats: &RunStats) -> Context {
        let step = self.step.as_ref().and_then(|step| stats.step(step));
        let totals = stats.totals();
        let header = stats.header.as_ref();
        let bad = totals.bad() > 0 || !stats.cancelled.is_empty();
        let about = json!({
            "id": run.to_string(),
            "short": run.short(),
            "sheet": header.map_or("", |header| &header.sheet),
            "user": header.map_or("", |header| &header.user),
            "machine": header.map_or("", |header| &header.machine),
            "hosts": header.map_or(0, |header| header.hosts),
            "steps": stats.forward_steps(),
            "again": header.is_some_and(|header| header.epoch > 1),
            "verdict": if bad { "failed" } else { "ended well" },
            "took": format_duration(stats.took.unwrap_or(stats.elapsed)),
        });
        let hosts = json!({
            "ok": totals.ok(), "changed": totals.changed, "failed": totals.failed, "unreachable": totals.unreachable,
            "lost": totals.lost, "skipped": totals.skipped, "cancelled": totals.cancelled, "counts": counted(&totals),
        });
        Context::new()
            .with("run", &about)
            .with("step", &self.step_context(step))
            .with("hosts", &hosts)
            .with("occasion", &self.occasion.word())
            .with("reason", &self.reason)
            .with("minutes", &self.minutes)
    }

    fn step_context(&self, step: Option<&StepStats>) -> serde_json::Value {
        json!({
            "id": self.step.as_ref().map_or("", StepId::as_str),
            "name": step.map_or("", |step| &step.planned.name),
            "owner": self.owner.as_deref().unwrap_or_default(),
        })
    }
}
