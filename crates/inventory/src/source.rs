use std::fmt;

use runsheet_diagnostics::{Place, Placed};

/// What decided a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A flag of the command line.
    Flag(&'static str),
    /// A line of a file: of host groups, or of ssh_config.
    File(Place),
    /// `runsheet.yaml`.
    Project,
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::File(place) => place.fmt(f),
            Self::Project => f.write_str("runsheet.yaml"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value and what decided it.
#[derive(Clone, Debug)]
pub(crate) struct Said<T> {
    pub(crate) value: T,
    pub(crate) source: Source,
}

impl<T: Clone> Said<T> {
    pub(crate) fn by_flag(flag: &'static str, value: Option<&T>) -> Option<Self> {
        value.cloned().map(|value| Self { value, source: Source::Flag(flag) })
    }

    pub(crate) fn in_file(placed: &Placed<T>) -> Self {
        Self { value: placed.value.clone(), source: Source::File(placed.place.clone()) }
    }
}
