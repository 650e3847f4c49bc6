use std::collections::BTreeMap;
use std::path::PathBuf;

use runsheet_diagnostics::{Place, Placed};
use serde_json::Value;

use crate::jump::Jumps;

/// What a host, a group or a file says about reaching hosts, and its variables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layer {
    pub(crate) user: Option<Placed<String>>,
    pub(crate) port: Option<Placed<u16>>,
    pub(crate) identity: Option<Placed<PathBuf>>,
    pub(crate) jump: Option<Placed<Jumps>>,
    pub(crate) protected: Option<Placed<bool>>,
    pub(crate) vars: BTreeMap<String, Placed<Value>>,
    /// A setting of an Ansible inventory that changes how a host is reached and that is not honoured.
    pub(crate) unhonoured: Option<Placed<String>>,
}

/// Takes a value with the place where it stands.
pub(crate) fn placed<T>(value: T, place: &Place) -> Placed<T> {
    Placed { value, place: place.clone() }
}
