use runsheet_events::{EventKind, RunEvent};
use serde_json::{Value, json};

use super::attributes::Attributes;
use super::metrics::metrics;
use super::settings::OtlpSettings;
use super::spans::Spans;
use crate::web::Target;
use crate::{Sink, SinkError, Surroundings, View};

/// How many spans are sent at once.
const SPANS: usize = 1000;

/// Sends spans of whatever has ended, and metrics once the run is over. What is sent twice has the same ids.
pub(crate) struct Otlp {
    traces: Target,
    metrics: Option<Target>,
    resource: Value,
    version: String,
    spans: Spans,
    /// The last event that the spans know.
    noted: u64,
    /// The spans of events that were noted and are not delivered.
    waiting: Vec<Value>,
}

impl Otlp {
    pub(crate) fn new(settings: &OtlpSettings, surroundings: &Surroundings) -> Result<Self, SinkError> {
        let collector = Target::new(
            &settings.endpoint,
            &settings.headers,
            settings.reach(),
            settings.authority.as_deref(),
            surroundings,
        )?;
        let about = Attributes::default()
            .text("service.name", "runsheet")
            .text("service.version", surroundings.version.clone())
            .text("host.name", surroundings.machine.clone());
        Ok(Self {
            traces: collector.below("/v1/traces"),
            metrics: settings.metrics.then(|| collector.below("/v1/metrics")),
            resource: json!({"attributes": about.list()}),
            version: surroundings.version.clone(),
            spans: Spans::default(),
            noted: 0,
            waiting: Vec::new(),
        })
    }

    fn scope(&self) -> Value {
        json!({"name": "runsheet", "version": self.version})
    }

    fn send_spans(&self, spans: &[Value]) -> Result<(), SinkError> {
        let scoped = json!([{"scope": self.scope(), "spans": spans}]);
        let request = json!({"resourceSpans": [{"resource": self.resource, "scopeSpans": scoped}]});
        self.traces.post(request.to_string().into_bytes(), &[])
    }

    fn send_metrics(&self, view: &View<'_>, event: &RunEvent) -> Result<(), SinkError> {
        let Some(target) = &self.metrics else { return Ok(()) };
        let scoped = json!([{"scope": self.scope(), "metrics": metrics(view.run, view.stats, event.at)}]);
        let request = json!({"resourceMetrics": [{"resource": self.resource, "scopeMetrics": scoped}]});
        target.post(request.to_string().into_bytes(), &[])
    }
}

impl Sink for Otlp {
    fn deliver(&mut self, view: &View<'_>, events: &[RunEvent]) -> Result<(), SinkError> {
        for event in events {
            // After a failure the same events come again.
            if event.seq > self.noted {
                self.waiting.extend(self.spans.of(view.run, view.stats, event));
                self.noted = event.seq;
            }
        }
        while !self.waiting.is_empty() {
            let count = self.waiting.len().min(SPANS);
            self.send_spans(&self.waiting[..count])?;
            self.waiting.drain(..count);
        }
        if let Some(end) = events.iter().find(|event| matches!(event.kind, EventKind::RunFinished { .. })) {
            self.send_metrics(view, end)?;
        }
        if view.over && view.stats.took.is_none() {
            let span = self.spans.run_span(view.run, view.stats, false);
            span.map_or(Ok(()), |span| self.send_spans(&[span]))?;
        }
        Ok(())
    }

    fn recall(&mut self, events: &[RunEvent]) {
        for event in events {
            self.spans.note(event);
            self.noted = event.seq;
        }
    }
}
