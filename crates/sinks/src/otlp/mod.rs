//! Traces and metrics over OTLP/HTTP, in its JSON form.
//!
//! Sources: the OpenTelemetry protocol specification 1.x (§ OTLP/HTTP, JSON Protobuf Encoding), `trace.proto` and `metrics.proto`, and the
//! semantic conventions where they have a name for something. Ids are hexadecimal, 64-bit numbers are texts.

mod attributes;
mod ids;
mod metrics;
mod settings;
mod sink;
mod spans;

pub use settings::OtlpSettings;
pub(crate) use sink::Otlp;
