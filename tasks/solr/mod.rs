//! Solr, the search server.

mod api;
mod commit;
mod optimize;
mod ping;
mod reload_core;
mod replication;
mod replication_disable;
mod replication_enable;
mod replication_wait;
mod restart;
mod server;
mod start;
mod status;
mod stop;

use runsheet_task::Registry;

use crate::module::register;

/// Adds them to the registry.
pub(crate) fn tasks(registry: &mut Registry) {
    register!(registry, commit, optimize, ping, reload_core, restart, start, status, stop);
    register!(registry, replication_disable, replication_enable, replication_wait);
}
