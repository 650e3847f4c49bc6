//! Start solr on each host and wait until it answers.

use runsheet_task::{Config, Host, Outcome, TaskError, TaskSpec};

use super::server::Solr;
use crate::on_host::{Heard, ServiceState};

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("solr.start", "Starts solr and waits until it answers.").details(
        "Solr is started as a service, like `service.start` does, and the work is done when the host itself gets status 200 for the \
         page `ping`, with curl, else wget. A solr that runs and answers is left alone.\n\n\
         The page that is asked by default tells that solr is up, not that every collection is loaded: for that name one, such as \
         `/solr/listings/admin/ping`.",
    );
    Solr::args(spec).idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let solr = Solr::on(config, host)?;
    if solr.service.existing().await?.state == ServiceState::Running {
        if matches!(solr.ping().await?, Heard::Answer(answer, _) if answer.status == 200) {
            return Ok(Outcome::unchanged("solr is running already, and answers"));
        }
        // Somebody else has just started it, or it hangs; which of both, the wait tells.
        let mut outcome = solr.wait_until_ready("solr was running already, and answers now".to_owned()).await?;
        outcome.changed = false;
        return Ok(outcome);
    }
    match solr.service.bring_up("start").await? {
        Ok(_) => solr.wait_until_ready("solr was started, and answers".to_owned()).await,
        Err(failed) => Ok(failed),
    }
}
