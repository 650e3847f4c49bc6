//! Opens again what a link has opened, beside whatever the run is doing.

use std::sync::Arc;
use std::time::Duration;

use runsheet_events::{AttemptKey, HostResult, OutputFile, OutputKey};
use runsheet_model::Stream;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::attempt::{Attempt, Tried, not_reached};
use crate::executor::Shared;
use crate::host_run::result;
use crate::message::{Message, Purpose};
use crate::renewals::Place;
use crate::tee::HostOutput;

/// The work of a link once more, which takes no fork and counts for nothing.
pub(crate) struct Renewal {
    pub(crate) place: Place,
    /// Which one of its place, from 1.
    pub(crate) number: u32,
    pub(crate) cancel: CancellationToken,
}

impl Renewal {
    /// Does it, and reports how it ended.
    pub(crate) async fn run(self, shared: &Arc<Shared>) {
        let Place { step, position, link } = self.place;
        let planned = &shared.plan.steps[step];
        let work = planned.host_work().expect("only a step with hosts opens anything");
        let host = work.hosts[position];
        let planned_link = work.all_links().nth(link).expect("it was run before");
        let on = planned_link.delegate.as_ref().map_or(host, |delegate| **delegate.of(position));
        let key = AttemptKey {
            step: planned.id.clone(),
            link: u32::try_from(link).unwrap_or(u32::MAX),
            host: shared.plan.hosts[host].name.clone(),
            attempt: self.number,
        };
        // Its step may be over, and the connection closed with it.
        shared.pool.need(on);
        let tried = match self.reach(shared, on).await {
            Ok(remote) => {
                let output = OutputKey { step: key.step.clone(), host: key.host.clone() };
                let attempt = Attempt {
                    shared,
                    host: &shared.plan.hosts[host],
                    link: planned_link,
                    on,
                    position,
                    key: key.clone(),
                    remote,
                    output: Arc::new(HostOutput::new(output, Box::new(Unkept), shared.display.clone())),
                    cancel: self.cancel.clone(),
                    purpose: Purpose::Renews,
                };
                let Tried { result, started, .. } = attempt.run().await;
                (started, result)
            }
            Err(not_reached) => (false, not_reached),
        };
        shared.pool.release(on);
        let (started, result) = tried;
        shared.send(Message::RenewalFinished { place: self.place, key, started, result });
    }

    async fn reach(&self, shared: &Shared, on: usize) -> Result<Arc<dyn runsheet_task::Remote>, HostResult> {
        let begin = Instant::now();
        let unreached = |unreachable| result(not_reached(unreachable), begin.elapsed());
        shared.locks.may_use(on).map_err(unreached)?;
        let got = shared.pool.get(on, &|| {}).await.map_err(unreached)?;
        shared.tell_connected(on, got.new);
        Ok(got.remote)
    }
}

/// The file of the step's output has its place for what the step itself said, and may be closed already.
struct Unkept;

impl OutputFile for Unkept {
    fn frame(&mut self, _: Duration, _: Stream, _: bool, _: &[u8]) {}

    fn close(self: Box<Self>) -> std::io::Result<()> {
        Ok(())
    }
}
