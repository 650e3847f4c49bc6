use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use runsheet_model::{Hop, Phase, Unreachable};

use crate::server_text::server_text;
use crate::unreachable::{for_now, with_hint};

/// What sshd says in place of its first line: up to OpenSSH 9.7 to those for whom it has no room, later on also to those whom it bars.
const NO_ROOM: &str = "Exceeded MaxStartups";
const NOT_NOW: &str = "Not allowed at this time";

const TOO_MANY: &str = "if this happens to many at once, raise `MaxStartups` in its sshd_config";

const NO_ROOM_OR_BARRED: &str = "if this happens to many at once, raise `MaxStartups` in its sshd_config; an address whose logins were refused \
                                 is barred for a while (`PerSourcePenalties`)";

/// The same where a login was refused in this run by another host, which may be the same sshd, or one that sees the same address of us.
const MAY_BE_BARRED: &str = "if this happens to many at once, raise `MaxStartups` in its sshd_config; a login was refused in this run, for which \
                             it may bar this address for a while (`PerSourcePenalties`)";

const BARRED: &str = "it refused a login before, and sshd bars an address for a while after that (`PerSourcePenalties` in its sshd_config): find \
                      out why, and wait before the next try";

/// The host closed the connection before its first line, and perhaps said why: what sshd does when too many wait for their login, and to
/// whom it bars.
pub(crate) fn turned_away(said: &str) -> Unreachable {
    let mut reason = "the host closed the connection before its first line".to_owned();
    if !said.is_empty() {
        reason.push_str(&format!("; it says: {}", server_text(said)));
    }
    let hint = if said.contains(NOT_NOW) { NO_ROOM_OR_BARRED } else { TOO_MANY };
    with_hint(for_now(Phase::Handshake, reason), hint)
}

/// Whether a host had too much to do to say anything.
pub(crate) fn was_turned_away(failure: &Unreachable) -> bool {
    let hints = [TOO_MANY, NO_ROOM_OR_BARRED, MAY_BE_BARRED];
    failure.transient && failure.hint.as_deref().is_some_and(|hint| hints.contains(&hint))
}

/// The hosts of a run that refused a login: what they do later may be due to that.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<HashSet<(String, u16)>>);

impl Refusals {
    /// Takes note of a host that refused a login.
    pub(crate) fn note(&self, hop: &Hop) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((hop.address.clone(), hop.port));
    }

    /// Tells in a failure to reach a host what an earlier refusal may have to do with it. A host that refused a login and then turns us
    /// away is not tried again.
    pub(crate) fn explain(&self, hop: &Hop, failure: Unreachable) -> Unreachable {
        let refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A server that says so knows no penalties.
        if !was_turned_away(&failure) || refused.is_empty() || failure.reason.contains(NO_ROOM) {
            return failure;
        }
        if refused.contains(&(hop.address.clone(), hop.port)) {
            return Unreachable { transient: false, ..with_hint(failure, BARRED) };
        }
        with_hint(failure, MAY_BE_BARRED)
    }
}
