//! The built-in task modules: one file each, in a folder for each family, with its `spec` (name, summary, arguments, promises) and one
//! function `do_work(config, host)` that does the work of a step on one host.
//!
//! For the program and the plan, which get them all from [`registry`]. A task knows its host only through [`runsheet_task::Host`]:
//! never SSH, other hosts or the runner. It prints nothing, keeps nothing, leaves nothing behind on a host but what it is for, and
//! tells whether the host is another one than before. Pages for users are made of the specs: `docs/tasks/`.

mod apache;
mod artifact;
mod command;
mod database;
mod file;
mod git;
mod haproxy;
mod http;
mod module;
mod mysql;
mod nginx;
mod on_host;
mod patience;
mod planned_text;
mod postgres;
mod release;
mod script;
mod service;
mod solr;
mod viewpoint;
mod wait;

use runsheet_task::Registry;

/// All built-in tasks.
pub fn registry() -> Registry {
    let mut registry = Registry::default();
    module::register!(registry, command, script);
    let families = [
        apache::tasks,
        artifact::tasks,
        file::tasks,
        git::tasks,
        haproxy::tasks,
        http::tasks,
        mysql::tasks,
        nginx::tasks,
        postgres::tasks,
        release::tasks,
        service::tasks,
        solr::tasks,
        wait::tasks,
    ];
    for family in families {
        family(&mut registry);
    }
    registry
}
