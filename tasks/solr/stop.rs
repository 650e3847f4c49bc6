//! Stop solr on each host.

use runsheet_task::{Config, Host, Outcome, TaskError, TaskSpec};

use super::server::Solr;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("solr.stop", "Stops solr.").details(
        "Solr is stopped as a service, like `service.stop` does, and the work is done when the host itself gets no answer for the \
         page `ping` any more. A solr that does not run is left alone; if somebody answers all the same, the task fails.",
    );
    Solr::args(spec).idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let solr = Solr::on(config, host)?;
    let was_down = solr.service.existing().await?.is_down();
    if !was_down {
        let stopped = solr.service.ask("stop").await?;
        if !stopped.is_ok() {
            return Ok(stopped);
        }
    }
    if let Some(status) = solr.wait_until_silent().await? {
        let message =
            format!("service `{}` is stopped, but {} still answers {status}", solr.service.name(), solr.url());
        return Ok(Outcome::failed(message, 1));
    }
    Ok(if was_down { Outcome::unchanged("solr was not running") } else { Outcome::changed("solr has stopped") })
}
