//! Nagios, the monitor, by its external commands and its status file.

mod ack;
mod disable;
mod downtime;
mod downtime_remove;
mod enable;
mod monitor;
mod signature;
mod switch;
mod target;
mod view;

use runsheet_task::Registry;

use crate::module::register;

/// Adds them to the registry.
pub(crate) fn tasks(registry: &mut Registry) {
    register!(registry, ack, disable, downtime, downtime_remove, enable);
}
