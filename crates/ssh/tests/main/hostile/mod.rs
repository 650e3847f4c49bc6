//! The crate against hosts and networks that mean harm.
//!
//! What a test allows in memory is measured in its own process, which nextest gives to each.

mod channels;
mod cuts;
mod files;
mod floods;
mod handshakes;
mod logins;
mod passwords;
mod penalties;
mod stage;
