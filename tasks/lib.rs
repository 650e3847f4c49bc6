//! The built-in task modules: one file each, in a folder for each family, with its `spec` (name, summary, arguments, promises) and one
//! function `do_work(config, host)` that does the work of a step on one host.
//!
//! For the program and the plan, which get them all from [`registry`]. A task knows its host only through [`runsheet_task::Host`]:
//! never SSH, other hosts or the runner. It prints nothing, keeps nothing, leaves nothing behind on a host but what it is for, and
//! tells whether the host is another one than before. Pages for users are made of the specs: `docs/tasks/`.

mod apache;
mod archive;
mod artifact;
mod ci;
mod command;
mod cron;
mod database;
mod delivery;
mod directory;
mod disk;
mod docker;
mod early;
mod file;
mod git;
mod haproxy;
mod host;
mod http;
mod jenkins;
mod mail;
mod module;
mod mysql;
mod nagios;
mod nginx;
mod on_host;
mod package;
mod patience;
mod planned_text;
mod postgres;
mod process;
mod reboot;
mod release;
mod script;
mod service;
mod slack;
mod solr;
mod sysctl;
mod uptime;
mod user;
mod viewpoint;
mod wait;
mod web_address;
mod webhook;

use runsheet_task::Registry;

/// All built-in tasks.
pub fn registry() -> Registry {
    let mut registry = Registry::default();
    module::register!(registry, command, directory, reboot, script, uptime);
    let families = [
        apache::tasks,
        archive::tasks,
        artifact::tasks,
        ci::tasks,
        cron::tasks,
        disk::tasks,
        docker::tasks,
        file::tasks,
        git::tasks,
        haproxy::tasks,
        host::tasks,
        http::tasks,
        jenkins::tasks,
        mail::tasks,
        mysql::tasks,
        nagios::tasks,
        nginx::tasks,
        package::tasks,
        postgres::tasks,
        process::tasks,
        release::tasks,
        service::tasks,
        slack::tasks,
        solr::tasks,
        sysctl::tasks,
        user::tasks,
        wait::tasks,
        webhook::tasks,
    ];
    for family in families {
        family(&mut registry);
    }
    registry
}
