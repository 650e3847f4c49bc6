use std::collections::BTreeMap;

use runsheet_events::{RunEvent, encode};
use schemars::JsonSchema;
use serde::Deserialize;

use super::target::{Reach, Target, check_address, check_headers};
use crate::text_or_secret::TextOrSecret;
use crate::{Mistake, Sink, SinkError, Surroundings, View};

/// The largest body that is sent, in bytes, unless one event alone is larger.
const LARGEST: usize = 1 << 20;

/// Events as JSON, posted to a web address in batches: `{"run", "sheet", "first", "last", "events"}`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// Its name. Default: `webhook`.
    #[serde(default)]
    pub name: Option<String>,
    /// The address, `https://…`, or the secret that it is.
    pub url: TextOrSecret,
    /// Headers, such as `Authorization: {secret: NAME}`.
    #[serde(default)]
    pub headers: BTreeMap<String, TextOrSecret>,
    /// A file of certificates in PEM, relative to the project, of those who sign that it is the server, in place of those whom everybody trusts.
    #[serde(default, alias = "ca")]
    pub authority: Option<String>,
    /// Whether it may be an address of this machine or of a private network.
    #[serde(default)]
    pub allow_private: bool,
    /// Whether it may be `http://`, which everybody on the way can read.
    #[serde(default)]
    pub allow_http: bool,
}

impl WebhookSettings {
    fn reach(&self) -> Reach {
        Reach { private: self.allow_private, http: self.allow_http }
    }

    pub(crate) fn check(&self) -> Result<(), Mistake> {
        check_address(&self.url, self.reach())?;
        check_headers(&self.headers)
    }

    pub(crate) fn secrets(&self) -> Vec<&str> {
        self.headers.values().chain([&self.url]).filter_map(TextOrSecret::secret).collect()
    }
}

/// Posts events. Every request has a key by which its receiver knows one that came before.
pub(crate) struct Webhook {
    target: Target,
    /// The last event that was taken.
    taken: u64,
}

impl Webhook {
    pub(crate) fn new(settings: &WebhookSettings, surroundings: &Surroundings) -> Result<Self, SinkError> {
        let target = Target::new(
            &settings.url,
            &settings.headers,
            settings.reach(),
            settings.authority.as_deref(),
            surroundings,
        )?;
        Ok(Self { target, taken: 0 })
    }

    fn post(&mut self, view: &View<'_>, first: u64, last: u64, events: &[String]) -> Result<(), SinkError> {
        let run = view.run;
        let sheet = view.stats.header.as_ref().map_or("", |header| header.sheet.as_str());
        let sheet = serde_json::Value::from(sheet);
        let events = events.join(",");
        let body = format!(r#"{{"run":"{run}","sheet":{sheet},"first":{first},"last":{last},"events":[{events}]}}"#);
        self.target.post(body.into_bytes(), &[("Idempotency-Key", format!("\"{run}:{first}-{last}\""))])?;
        self.taken = last;
        Ok(())
    }
}

impl Sink for Webhook {
    fn deliver(&mut self, view: &View<'_>, events: &[RunEvent]) -> Result<(), SinkError> {
        let mut batch: Vec<String> = Vec::new();
        let mut size = 0;
        let mut first = 0;
        let mut last = 0;
        // How a batch is cut depends on its events alone, so that it is cut the same way when it comes again.
        for event in events {
            let json =
                encode(event).map_err(|error| SinkError::refused("an event cannot be written").because(error))?;
            if !batch.is_empty() && size + json.len() > LARGEST {
                if last > self.taken {
                    self.post(view, first, last, &batch)?;
                }
                batch.clear();
                size = 0;
            }
            if batch.is_empty() {
                first = event.seq;
            }
            last = event.seq;
            size += json.len();
            batch.push(json);
        }
        if batch.is_empty() || last <= self.taken { Ok(()) } else { self.post(view, first, last, &batch) }
    }
}
