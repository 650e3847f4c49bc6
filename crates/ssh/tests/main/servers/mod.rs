//! The crate against other SSH servers than OpenSSH's: what each can do is a table, which tests hold against the servers and against
//! `docs/servers.md`.

mod account;
mod asyncssh;
mod checks;
mod dropbear;
mod login_shells;
mod logins;
mod openssh;
mod page;
mod row;
mod server;
mod software;
mod table;
mod tinyssh;
