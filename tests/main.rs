//! End to end: the program itself, against practice hosts, a real sshd and a fleet of namespaces with real apaches.
//!
//! One binary, because linking is what takes long. What counts as evidence is taken outside the program: on the hosts, in their
//! logs, in files.

mod approved;
mod as_user;
mod bad_input;
mod case;
mod ci_agents;
mod clocks;
mod demo;
mod docs;
mod downtimes;
mod examples;
mod fabfiles;
mod files;
mod floors;
mod forecast;
mod formula_injection;
mod from_a_fabfile;
#[path = "../crates/googlesheets/tests/stub/mod.rs"]
mod google;
mod google_sheets;
mod host_locks;
mod hostile_hosts;
mod human_output;
mod import;
mod killed;
mod limits;
mod local_steps;
mod locks;
mod logins;
mod lost_terminal;
mod makes;
mod notifications;
mod passwords;
mod practice_runs;
mod preflight;
mod preflight_keys;
mod real_fleet;
mod real_sshd;
mod reboots;
mod receipts;
mod rehearsal_at_terminal;
mod rehearse;
mod releases;
mod report;
mod resumed;
mod rolling;
mod rollouts;
mod secrets;
mod sinks;
mod sinks_otlp;
mod sinks_postgres;
mod sinks_syslog;
mod sinks_tls;
mod ssh_config;
mod sudo;
mod support;
mod terminal;
mod write_back;
