//! Docker, as a machine that builds uses it.

mod prune;

use runsheet_task::Registry;

use crate::module::register;

/// Adds them to the registry.
pub(crate) fn tasks(registry: &mut Registry) {
    register!(registry, prune);
}
