use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::Mistake;
use crate::text_or_secret::TextOrSecret;
use crate::web::{Reach, check_address, check_headers};

/// Traces and metrics for an OpenTelemetry collector, over OTLP/HTTP in JSON: a run is a trace, with spans for its steps, hosts and commands.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtlpSettings {
    /// Its name. Default: `otlp`.
    #[serde(default)]
    pub name: Option<String>,
    /// The collector, such as `https://otel.example.com:4318`; `/v1/traces` and `/v1/metrics` are put behind it. It may be an address of a
    /// private network.
    pub endpoint: TextOrSecret,
    /// Headers, such as `Authorization: {secret: NAME}`.
    #[serde(default)]
    pub headers: BTreeMap<String, TextOrSecret>,
    /// A file of certificates in PEM, relative to the project, of those who sign that it is the server, in place of those whom everybody trusts.
    #[serde(default, alias = "ca")]
    pub authority: Option<String>,
    /// Whether it may be `http://`, which everybody on the way can read. That is always so for `localhost`.
    #[serde(default)]
    pub allow_http: bool,
    /// Whether metrics are sent too. Default: yes.
    #[serde(default = "yes")]
    pub metrics: bool,
}

fn yes() -> bool {
    true
}

impl OtlpSettings {
    pub(super) fn reach(&self) -> Reach {
        let here = ["localhost", "127.0.0.1", "[::1]"];
        let host = self.endpoint.text().and_then(|text| text.strip_prefix("http://")).map(|rest| {
            let authority = rest.split('/').next().unwrap_or_default();
            authority
                .rsplit_once(':')
                .filter(|(_, port)| port.bytes().all(|c| c.is_ascii_digit()))
                .map_or(authority, |(host, _)| host)
        });
        Reach { private: true, http: self.allow_http || host.is_some_and(|host| here.contains(&host)) }
    }

    pub(crate) fn check(&self) -> Result<(), Mistake> {
        check_address(&self.endpoint, self.reach())?;
        check_headers(&self.headers)
    }

    pub(crate) fn secrets(&self) -> Vec<&str> {
        self.headers.values().chain([&self.endpoint]).filter_map(TextOrSecret::secret).collect()
    }
}
