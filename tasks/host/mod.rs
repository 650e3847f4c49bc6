//! A host itself.

mod facts;
mod wait;

use runsheet_task::Registry;

use crate::module::register;

/// Adds them to the registry.
pub(crate) fn tasks(registry: &mut Registry) {
    register!(registry, facts, wait);
}
