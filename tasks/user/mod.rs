//! Users of a host.

mod account;
mod add;
mod key;
mod remove;

use runsheet_task::Registry;

use crate::module::register;

/// Adds them to the registry.
pub(crate) fn tasks(registry: &mut Registry) {
    register!(registry, add, key, remove);
}
