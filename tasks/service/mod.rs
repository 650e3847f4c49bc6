//! Services of a host, whatever its init system is.

mod reload;
mod restart;
mod start;
mod status;
mod stop;

use runsheet_task::Registry;

use crate::module::register;

/// Adds them to the registry.
pub(crate) fn tasks(registry: &mut Registry) {
    register!(registry, reload, restart, start, status, stop);
}
