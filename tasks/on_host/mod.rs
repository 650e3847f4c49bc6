//! What the tasks ask of a host through its shell, and how they read its answers.
//!
//! Every script is a constant text for the host's `/bin/sh`; values reach it as its arguments, so that no value is ever part of a
//! script. Nothing here decides how a step ends; that is the task's part.

mod as_user;
mod checksum;
mod file;
mod host_script;
mod http;
mod names;
mod port;
mod rights;
mod service;

pub(crate) use as_user::AS_USER;
pub(crate) use checksum::{Checksum, checksum, sha256};
pub(crate) use file::{has_file, hash_there, octal, send_text};
pub(crate) use host_script::{DETACHED, HostScript, SHA256};
pub(crate) use http::{Heard, http_get, http_get_large};
pub(crate) use names::{account, host_path};
pub(crate) use port::{Tried, try_port};
pub(crate) use rights::Rights;
pub(crate) use service::{Service, ServiceState};
