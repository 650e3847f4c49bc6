//! Machines that build and test.

mod clean_workspaces;
mod workspaces;

use runsheet_task::Registry;

use crate::module::register;

/// Adds them to the registry.
pub(crate) fn tasks(registry: &mut Registry) {
    register!(registry, clean_workspaces);
}
