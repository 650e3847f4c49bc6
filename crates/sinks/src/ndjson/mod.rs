//! Events as lines of JSON.

mod lines;
mod log_file;
mod pipe;
mod settings;
mod sink;

pub use settings::NdjsonSettings;
pub(crate) use sink::Ndjson;
