//! What the built-in tasks do: against scripted hosts (`cases/TASK/CASE.yaml`), against a real shell and a real apache, and what
//! their pages say. One binary, so that everything is linked once.

mod apache;
mod case;
mod cases;
mod files;
mod fleet_host;
mod language;
mod network;
mod packages;
mod pages;
mod places;
mod processes;
mod scripted;
mod services;
mod shell_remote;
mod stage;
mod uptime;
mod users;
mod web_server;
