//! What the built-in tasks do: against scripted hosts (`cases/TASK/CASE.yaml`), against a real shell and a real apache, and what
//! their pages say. One binary, so that everything is linked once.

mod apache;
mod apache_parts;
mod artifacts;
mod cases;
mod ci;
mod files;
mod fleet_host;
mod git;
mod haproxy;
mod jenkins;
mod language;
mod mails;
mod mysql;
mod nagios;
mod network;
mod nginx;
mod packages;
mod pages;
mod places;
mod played_server;
mod postgres;
mod processes;
mod releases;
mod services;
mod shell_remote;
mod solr;
mod stage;
mod uptime;
mod users;
mod web_server;
mod webhooks;
