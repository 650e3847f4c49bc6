//! Files on a host.

mod get;
mod line;
mod link;
mod mode;
mod put;
mod remove;
mod sync;
mod template;
mod write;

use runsheet_task::Registry;

use crate::module::register;

/// Adds them to the registry.
pub(crate) fn tasks(registry: &mut Registry) {
    register!(registry, get, line, link, mode, put, remove, sync, template, write);
}
