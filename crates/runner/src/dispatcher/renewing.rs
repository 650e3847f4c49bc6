//! What was opened and would end by itself under a run that still needs it is opened again.

use std::time::Duration;

use runsheet_events::{AttemptKey, EventKind, HostResult};
use runsheet_plan::HostWork;
use tokio::time::Instant;

use super::Dispatcher;
use crate::executor::Executor;
use crate::message::{Purpose, Wish};
use crate::record::Then;
use crate::renewals::{OpenPlace, Place, Spot};

impl Dispatcher {
    /// Records an intent, unless nothing new is begun any more. A host that has begun its chain finishes it; one that has not is new. A
    /// permit that is dropped means no.
    pub(super) fn permit(&mut self, wish: Wish) {
        let Wish { key, position, purpose, permit } = wish;
        // Who gave up waiting, for a renewal perhaps, has told so before.
        if self.record.has_failed() || permit.is_closed() {
            return;
        }
        if purpose == Purpose::Renews {
            _ = self.record.emit(EventKind::RenewalStarted(key), Then::Permit(permit));
            return;
        }
        let progress = self.by_id.get(&key.step).and_then(|index| self.steps.get(index));
        let stopping = progress.is_none_or(|progress| progress.run.stop.new.is_cancelled());
        if purpose == Purpose::Begins && stopping {
            return;
        }
        if !self.renewals.is_empty()
            && let Some((_, spot)) = self.place_of(&key, position)
        {
            if self.renewals.stands_in_the_way(spot) {
                self.held_back.push(Wish { key, position, purpose, permit });
                return;
            }
            self.renewals.begin(&key, spot);
        }
        _ = self.record.emit(EventKind::AttemptStarted(key), Then::Permit(permit));
    }

    /// Takes note of what an attempt has opened or closed.
    pub(super) fn note_debts(&mut self, key: &AttemptKey, position: usize, result: &HostResult) {
        self.renewals.end(key);
        let outcome = &result.outcome;
        let opens = outcome.lasts_ms.filter(|_| result.state.is_good() && !outcome.opens.is_empty());
        let closes = !outcome.closes.is_empty() && !self.renewals.is_empty();
        if (opens.is_none() && !closes) || self.settings.dry_run {
            return;
        }
        let Some((place, spot)) = self.place_of(key, position) else { return };
        self.renewals.close(spot.host, &outcome.closes);
        let idempotent = self.work_of(place.step).and_then(|work| work.all_links().nth(place.link));
        if let Some(lasts) = opens
            && idempotent.is_some_and(|link| link.idempotent)
        {
            let lasts = self.settings.pace.to_wait(Duration::from_millis(lasts));
            self.renewals.open(place, spot, outcome.opens.clone(), lasts, Instant::now());
        }
    }

    /// Takes note of what earlier epochs have opened and nobody has closed.
    pub(super) fn take_over_debts(&mut self, open: Vec<OpenPlace>) {
        for OpenPlace { place, debts, lasts } in open {
            if let Some(spot) = self.spot_of(place) {
                self.renewals.take_over(place, spot, debts, self.settings.pace.to_wait(lasts), Instant::now());
            }
        }
    }

    /// When something is renewed next. What nobody needs any more, because all is over or is to be stopped, is not.
    pub(super) fn renew_at(&self) -> Option<Instant> {
        let is_needed = self.schedule.is_anything_running() && !self.stop.running.is_cancelled();
        self.renewals.next_due().filter(|_| is_needed)
    }

    /// Begins what is due.
    pub(super) fn renew(&mut self, executor: &Executor) {
        for (place, number) in self.renewals.take_due(Instant::now()) {
            executor.renew(place, number, &self.stop);
        }
    }

    pub(super) fn end_renewal(&mut self, place: Place, key: AttemptKey, started: bool, result: HostResult) {
        self.renewals.finish(place, result.state.is_good(), Instant::now());
        self.emit(EventKind::RenewalFinished { key, started, result });
        for wish in std::mem::take(&mut self.held_back) {
            self.permit(wish);
        }
    }

    /// Which place an attempt has in the plan.
    fn place_of(&self, key: &AttemptKey, position: usize) -> Option<(Place, Spot)> {
        let step = *self.by_id.get(&key.step)?;
        let place = Place { step, position, link: usize::try_from(key.link).ok()? };
        Some((place, self.spot_of(place)?))
    }

    fn spot_of(&self, Place { step, position, link }: Place) -> Option<Spot> {
        let work = self.work_of(step)?;
        let host = work.hosts[position];
        let delegate = work.all_links().nth(link)?.delegate.as_ref();
        Some(Spot { host, on: delegate.map_or(host, |delegate| **delegate.of(position)) })
    }

    fn work_of(&self, step: usize) -> Option<&HostWork> {
        self.plan.steps[step].host_work()
    }
}
