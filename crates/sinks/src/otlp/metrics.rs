use std::time::SystemTime;

use runsheet_events::RunStats;
use runsheet_model::RunId;
use serde_json::{Value, json};

use super::attributes::Attributes;
use super::spans::nanos;

/// The metrics of a run that is over: how long it and its steps took, and its hosts by how they ended. Gauges, all at the time of its end.
pub(super) fn metrics(run: RunId, stats: &RunStats, at: SystemTime) -> Vec<Value> {
    let Some(header) = &stats.header else { return Vec::new() };
    let about =
        || Attributes::default().text("runsheet.sheet", header.sheet.clone()).text("runsheet.run", run.to_string());
    let time = nanos(at);
    let seconds = |attributes: Attributes, value: f64| json!({"attributes": attributes.list(), "timeUnixNano": time, "asDouble": value});
    let mut steps = Vec::new();
    let mut hosts = Vec::new();
    for step in &stats.steps {
        let of_step = || about().text("runsheet.step", step.planned.step.as_str());
        if let Some(took) = step.took {
            steps.push(seconds(of_step(), took.as_secs_f64()));
        }
        let totals = step.totals;
        let counts = [
            ("ok", totals.ok()),
            ("failed", totals.failed),
            ("unreachable", totals.unreachable),
            ("lost", totals.lost),
            ("skipped", totals.skipped),
            ("cancelled", totals.cancelled),
        ];
        hosts.extend(counts.map(|(state, count)| {
            let attributes = of_step().text("runsheet.state", state).list();
            json!({"attributes": attributes, "timeUnixNano": time, "asInt": count.to_string()})
        }));
    }
    let took = stats.took.unwrap_or(stats.elapsed).as_secs_f64();
    vec![
        gauge("runsheet.run.duration", "s", "How long the run took.", &[seconds(about(), took)]),
        gauge("runsheet.step.duration", "s", "How long each step took, without waiting for people.", &steps),
        gauge("runsheet.step.hosts", "{host}", "The hosts of each step, by how they ended.", &hosts),
    ]
}

fn gauge(name: &str, unit: &str, description: &str, points: &[Value]) -> Value {
    json!({"name": name, "unit": unit, "description": description, "gauge": {"dataPoints": points}})
}
