//! HAProxy, the load balancer, by its admin socket.

mod admin;
mod drain;
mod status;
mod undrain;

use runsheet_task::Registry;

use crate::module::register;

/// Adds them to the registry.
pub(crate) fn tasks(registry: &mut Registry) {
    register!(registry, drain, status, undrain);
}
