//! Tell whether solr runs and answers on each host.

use runsheet_task::{Config, Host, Outcome, TaskError, TaskSpec};

use super::server::Solr;
use crate::on_host::{Heard, ServiceState};

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("solr.status", "Tells whether solr runs and answers.").details(
        "Success is that its service runs and the host itself gets status 200 for the page `ping`, in one try; anything else is a \
         failure with the value 3.",
    );
    Solr::args(spec).idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let solr = Solr::on(config, host)?;
    let report = solr.service.report().await?;
    if report.state != ServiceState::Running {
        let message = format!("service `{}` is not running: {}", solr.service.name(), report.words);
        return Ok(Outcome::failed(message, 3));
    }
    let url = solr.url();
    Ok(match solr.ping().await? {
        Heard::Answer(answer, _) if answer.status == 200 => Outcome::unchanged("solr is running, and answers"),
        Heard::Answer(answer, _) => {
            Outcome::failed(format!("solr is running, but {url} answered {}", answer.status), 3)
        }
        Heard::Nothing(why) => Outcome::failed(format!("solr is running, but does not answer at {url}: {why}"), 3),
        Heard::Impossible(why) => Outcome::failed(format!("cannot ask {url}: {why}"), 1),
    })
}
