use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use runsheet_model::{Hop, Phase, Unreachable};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::credentials::Credentials;
use crate::unreachable::{for_good, with_hint};

/// How many hosts may refuse what never let anybody in, before no other is asked; and how many are asked at once till then.
const REFUSALS: usize = 5;

const LOGIN_HINT: &str =
    "find out why with `ssh -v` on that host, then run again; `-u` and `-i` choose another name and key";

/// Keeps a wrong key, name or password from being refused by every host of a run: that is how an account or an address gets barred.
///
/// It goes by who logs in and with what, and by who says a password to sudo. The first success says that they are right; from then on it is in nobody's way.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    tried: Mutex<HashMap<Vec<u8>, Arc<Tried>>>,
}

/// What is known of one login name with one set of keys.
#[derive(Debug)]
pub(crate) struct Tried {
    user: String,
    /// What it comes with, for messages.
    what: &'static str,
    hint: &'static str,
    /// A place for each login that may be under way. One that was refused keeps its place; all are given up when it is clear
    /// whether the keys are of use.
    places: Arc<Semaphore>,
    refusals: AtomicUsize,
    first_refusal: OnceLock<String>,
    /// Whether somebody was let in.
    proven: OnceLock<()>,
}

/// The permission to log in on one host, for as long as it takes.
pub(crate) struct Turn {
    tried: Arc<Tried>,
    place: Option<OwnedSemaphorePermit>,
}

impl Breaker {
    /// Returns what is known of these credentials.
    pub(crate) fn tried(&self, hop: &Hop, credentials: &Credentials) -> Arc<Tried> {
        let what = if credentials.password.is_some() { "keys and password" } else { "keys" };
        self.entry(credentials.identity(&hop.user), &hop.user, what, LOGIN_HINT)
    }

    /// Returns what is known of the password alone: that a key let somebody in says nothing about it. There is one in a run.
    pub(crate) fn tried_password(&self, hop: &Hop) -> Arc<Tried> {
        self.entry([hop.user.as_bytes(), b"\0\x02"].concat(), &hop.user, "password", LOGIN_HINT)
    }

    /// Returns what is known of the password that sudo is told. There is one in a run, too.
    pub(crate) fn tried_sudo_password(&self, user: &str) -> Arc<Tried> {
        let hint = "`sudo -v` on that host tells whether the password is right; then run again";
        self.entry([user.as_bytes(), b"\0\x03"].concat(), user, "sudo password", hint)
    }

    fn entry(&self, identity: Vec<u8>, user: &str, what: &'static str, hint: &'static str) -> Arc<Tried> {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            Arc::new(Tried {
                user: user.to_owned(),
                what,
                hint,
                places: Arc::new(Semaphore::new(REFUSALS)),
                refusals: AtomicUsize::new(0),
                first_refusal: OnceLock::new(),
                proven: OnceLock::new(),
            })
        };
        Arc::clone(tried.entry(identity).or_insert_with(new))
    }
}

impl Tried {
    /// Tells whether no other host is to be asked, before it hears of us.
    pub(crate) fn check(&self) -> Result<(), Unreachable> {
        if self.proven.get().is_some() || !self.places.is_closed() { Ok(()) } else { Err(self.refusal()) }
    }

    /// Waits until a login may be tried. As long as nobody was let in that is until others are done, which all have their
    /// deadlines; after that it is at once.
    pub(crate) async fn turn(self: &Arc<Self>) -> Result<Turn, Unreachable> {
        let tried = Arc::clone(self);
        if self.proven.get().is_some() {
            return Ok(Turn { tried, place: None });
        }
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        if place.is_none() {
            self.check()?;
        }
        Ok(Turn { tried, place })
    }

    fn refusal(&self) -> Unreachable {
        let (user, what, first) = (&self.user, self.what, self.first_refusal.get().map_or("", String::as_str));
        let reason = format!(
            "not asked: {REFUSALS} hosts refused `{user}` with the same {what} and none let it in; the first was {first}"
        );
        with_hint(for_good(Phase::Login, reason), self.hint)
    }
}

impl Turn {
    /// Tells that the host let us in. Only the first one matters.
    pub(crate) fn let_in(self) {
        if self.place.is_some() && self.tried.proven.set(()).is_ok() {
            self.tried.places.close();
        }
    }

    /// Tells that the host refused.
    pub(crate) fn refused(mut self, address: &str) {
        // The first one is the one that is told.
        let _ = self.tried.first_refusal.set(address.to_owned());
        if let Some(place) = self.place.take() {
            place.forget();
            if self.tried.refusals.fetch_add(1, Ordering::AcqRel) + 1 == REFUSALS {
                self.tried.places.close();
            }
        }
    }
}
