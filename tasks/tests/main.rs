//! What the built-in tasks do: against scripted hosts (`cases/TASK/CASE.yaml`), against a real shell and a real apache, and what
//! their pages say. One binary, so that everything is linked once.

mod apache;
mod case;
mod cases;
mod ci;
mod files;
mod fleet_host;
mod jenkins;
mod language;
mod mails;
mod nagios;
mod network;
mod pages;
mod played_server;
mod processes;
mod scripted;
mod services;
mod shell_remote;
mod solr;
mod stage;
mod web_server;
mod webhooks;
