//! Nginx, the web server.

mod configtest;
mod reload;
mod restart;
mod server;
mod site;
mod start;
mod status;
mod stop;

use runsheet_task::Registry;

use crate::module::register;

/// Adds them to the registry.
pub(crate) fn tasks(registry: &mut Registry) {
    register!(registry, configtest, reload, restart, site, start, status, stop);
}
