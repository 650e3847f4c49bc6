//! Jenkins: the agents of its controller.

mod agent_offline;
mod agent_online;
mod agent_restart;
mod agent_wait_idle;
mod controller;

use runsheet_task::Registry;

use crate::module::register;

/// Adds them to the registry.
pub(crate) fn tasks(registry: &mut Registry) {
    register!(registry, agent_offline, agent_online, agent_restart, agent_wait_idle);
}
