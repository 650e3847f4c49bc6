//! The built-in task modules: one file each, in a folder for each family, with its `spec` (name, summary, arguments, promises) and one
//! function `do_work(config, host)` that does the work of a step on one host.
//!
//! For the program and the plan, which get them all from [`registry`]. A task knows its host only through [`runsheet_task::Host`]:
//! never SSH, other hosts or the runner. It prints nothing, keeps nothing, leaves nothing behind on a host but what it is for, and
//! tells whether the host is another one than before. Pages for users are made of the specs: `docs/tasks/`.

mod apache;
mod command;
mod directory;
mod early;
mod file;
mod haproxy;
mod http;
mod module;
mod on_host;
mod package;
mod patience;
mod script;
mod service;
mod solr;
mod uptime;
mod user;
mod viewpoint;
mod wait;

use runsheet_task::Registry;

/// All built-in tasks.
pub fn registry() -> Registry {
    let mut registry = Registry::default();
    module::register!(registry, command, directory, script, uptime);
    let families = [
        apache::tasks,
        file::tasks,
        haproxy::tasks,
        http::tasks,
        package::tasks,
        service::tasks,
        solr::tasks,
        user::tasks,
        wait::tasks,
    ];
    for family in families {
        family(&mut registry);
    }
    registry
}
