//! Releases of a project: each in a folder of its own, and a link that says which one is current.

mod deploy;
mod list;
mod place;
mod prune;
mod rollback;

use runsheet_task::Registry;

use crate::module::register;

/// Adds them to the registry.
pub(crate) fn tasks(registry: &mut Registry) {
    register!(registry, deploy, list, prune, rollback);
}
