//! Git, as far as a host gets what it serves by it.

mod checkout;
mod remote;
mod tree;

use runsheet_task::Registry;

use crate::module::register;

/// Adds them to the registry.
pub(crate) fn tasks(registry: &mut Registry) {
    register!(registry, checkout);
}
