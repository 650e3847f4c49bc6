//! The built-in task modules: one file each, with its `spec` (name, summary, arguments, promises) and one function
//! `do_work(config, host)` that does the work of a step on one host.
//!
//! For the program and the plan, which get them all from [`registry`]. A task knows its host only through [`runsheet_task::Host`]:
//! never SSH, other hosts or the runner. It prints nothing, keeps nothing, leaves nothing behind on a host but what it is for, and
//! tells whether the host is another one than before. Pages for users are made of the specs: `docs/tasks/`.

mod apache_configtest;
mod apache_graceful;
mod apache_restart;
mod apache_start;
mod apache_status;
mod apache_stop;
mod command;
mod file_get;
mod file_put;
mod file_sync;
mod file_template;
mod haproxy_drain;
mod haproxy_status;
mod haproxy_undrain;
mod http_check;
mod module;
mod on_host;
mod patience;
mod script;
mod service_reload;
mod service_restart;
mod service_start;
mod service_status;
mod service_stop;
mod solr_restart;
mod solr_start;
mod solr_status;
mod solr_stop;
mod viewpoint;
mod wait_port;

use runsheet_task::Registry;

/// All built-in tasks.
pub fn registry() -> Registry {
    let mut registry = Registry::default();
    module::register!(
        registry,
        apache_configtest,
        apache_graceful,
        apache_restart,
        apache_start,
        apache_status,
        apache_stop,
        command,
        file_get,
        file_put,
        file_sync,
        file_template,
        haproxy_drain,
        haproxy_status,
        haproxy_undrain,
        http_check,
        script,
        service_reload,
        service_restart,
        service_start,
        service_status,
        service_stop,
        solr_restart,
        solr_start,
        solr_status,
        solr_stop,
        wait_port,
    );
    registry
}
