//! Files on a host.

mod get;
mod put;
mod sync;
mod template;
mod write;

use runsheet_task::Registry;

use crate::module::register;

/// Adds them to the registry.
pub(crate) fn tasks(registry: &mut Registry) {
    register!(registry, get, put, sync, template, write);
}
