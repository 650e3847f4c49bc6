use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::tz::TimeZone;
use runsheet_model::{Secret, SecretName};

use crate::Person;

/// What a sink has to know beside its settings.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// The folder of the project: paths of settings are relative to it.
    pub root: PathBuf,
    /// The sheet that runs; absent if it is none.
    pub sheet: Option<PathBuf>,
    /// The machine on which runsheet runs.
    pub machine: String,
    /// The zone of its clock; UTC if it has none.
    pub zone: Option<TimeZone>,
    /// Version of runsheet.
    pub version: String,
    /// How owners of steps are reached.
    pub people: BTreeMap<String, Person>,
    /// The secrets that the sink names, as far as they could be had.
    pub secrets: BTreeMap<SecretName, Secret<String>>,
}
