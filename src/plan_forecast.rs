use runsheet_forecast::{Finish, Forecast};
use runsheet_plan::Plan;
use serde::Serialize;
use serde_json::{Value, json};

use crate::foresight::Foresight;

/// A plan as data, with what is foreseen of it. Who reads it as a plan passes the forecast over: it is no part of what is approved.
#[derive(Serialize)]
pub(crate) struct PlanForecast<'a> {
    #[serde(flatten)]
    plan: &'a Plan,
    forecast: Value,
}

impl<'a> PlanForecast<'a> {
    /// Nothing if nobody knows of any step how long it takes.
    pub(crate) fn of(plan: &'a Plan, foresight: &Foresight) -> Option<Self> {
        let finish = foresight.finish(plan)?;
        let steps: Vec<_> = (plan.steps.iter().enumerate())
            .filter_map(|(index, step)| Some(step_json(step.id.as_str(), foresight.of_step(index)?)))
            .collect();
        Some(Self { plan, forecast: json!({"steps": steps, "finish": finish_json(plan, &finish)}) })
    }
}

fn step_json(id: &str, forecast: &Forecast) -> Value {
    let range = forecast.range.map(|range| json!({"low_ms": range.low.as_millis(), "high_ms": range.high.as_millis()}));
    json!({
        "step": id,
        "time_ms": forecast.time.as_millis(),
        "range": range,
        "basis": forecast.basis,
        "runs": forecast.runs,
    })
}

fn finish_json(plan: &Plan, finish: &Finish) -> Value {
    let path: Vec<_> = finish.path.iter().map(|&index| plan.steps[index].id.as_str()).collect();
    json!({
        "left_ms": finish.left.as_millis(),
        "waiting_ms": finish.waiting.as_millis(),
        "critical_path": path,
        "unknown_steps": finish.unknown,
    })
}
