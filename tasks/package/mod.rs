//! Packages of a host: with apt, dnf or yum, whichever the host has.

mod hold;
mod install;
mod manager;
mod names;
mod remove;
mod upgrade;

use runsheet_task::Registry;

use crate::module::register;

/// Adds them to the registry.
pub(crate) fn tasks(registry: &mut Registry) {
    register!(registry, hold, install, remove, upgrade);
}
