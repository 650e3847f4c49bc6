//! Archives that are unpacked on a host.

mod unpack;

use runsheet_task::Registry;

use crate::module::register;

/// Adds them to the registry.
pub(crate) fn tasks(registry: &mut Registry) {
    register!(registry, unpack);
}
