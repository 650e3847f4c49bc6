//! MySQL and MariaDB, the databases.

mod backup;
mod migrate;
mod ping;
mod replica_wait;
mod restore;
mod server;
mod sql;

use runsheet_task::Registry;

use crate::module::register;

/// Adds them to the registry.
pub(crate) fn tasks(registry: &mut Registry) {
    register!(registry, backup, migrate, ping, replica_wait, restore, sql);
}
