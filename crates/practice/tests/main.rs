//! Drives the practice fleet with OpenSSH's own clients, so that what it claims is seen from outside.

mod channels;
mod client;
mod commands;
mod faults;
mod fleet;
mod jump;
mod modules;
mod played;
mod scenario;
mod transfer;
