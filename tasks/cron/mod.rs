//! What cron does on a host.

mod entry;
mod schedule;

use runsheet_task::Registry;

use crate::module::register;

/// Adds them to the registry.
pub(crate) fn tasks(registry: &mut Registry) {
    register!(registry, entry);
}
