//! Solr, the search server.

mod restart;
mod server;
mod start;
mod status;
mod stop;

use runsheet_task::Registry;

use crate::module::register;

/// Adds them to the registry.
pub(crate) fn tasks(registry: &mut Registry) {
    register!(registry, restart, start, status, stop);
}
