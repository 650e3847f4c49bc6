use runsheet_model::{Phase, Unreachable};

use crate::finding::{Check, Finding};

/// Tells that a host was not reached, with what would help where its connection did not say so itself.
pub(crate) fn finding(failure: &Unreachable) -> Finding {
    let check = match failure.phase {
        Phase::Local => Check::Local,
        Phase::Name => Check::Name,
        Phase::Tcp => Check::Connection,
        Phase::Handshake => Check::Handshake,
        Phase::HostKey => Check::HostKey,
        Phase::Login => Check::Login,
        Phase::Channel => Check::Shell,
    };
    let finding = Finding::wrong(check, failure.reason.clone());
    match failure.hint.as_deref().or_else(|| hint(check)) {
        Some(hint) => finding.hint(hint),
        None => finding,
    }
}

fn hint(check: Check) -> Option<&'static str> {
    match check {
        Check::Name => Some("`runsheet hosts HOST --explain` tells where the address of a host comes from"),
        Check::Connection => Some("is the host up, does its sshd listen there, and does a firewall let us through?"),
        Check::Login => Some("`runsheet hosts HOST --explain` tells as whom and with which keys one logs in there"),
        _ => None,
    }
}
