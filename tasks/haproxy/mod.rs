//! HAProxy, the load balancer, by its admin socket.

mod admin;
mod disable;
mod drain;
mod enable;
mod status;
mod undrain;
mod weight;

use runsheet_task::Registry;

use crate::module::register;

/// Adds them to the registry.
pub(crate) fn tasks(registry: &mut Registry) {
    register!(registry, disable, drain, enable, status, undrain, weight);
}
