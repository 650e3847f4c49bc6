//! Ask a collection of solr whether it is well.

use runsheet_model::format_duration;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use super::api::{ASKED, SolrApi, named};
use crate::early::Early;
use crate::patience::Patience;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("solr.ping", "Asks a collection of solr, by its ping handler, whether it is well.")
        .details(format!(
            "{ASKED} Success is that it answers `OK`: it is loaded, can be searched, and was not taken out of service with its health file. With \
             `wait` it is asked again until it does."
        ))
        .arg(Arg::required("collection", ArgKind::Text, "The collection, or the core."))
        .arg(Arg::optional("wait", ArgKind::Duration, "How long to try again; `0s` is one try.").default("0s"));
    SolrApi::args(spec, "10s").idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let collection = named("collection", config.text("collection")?)?;
    let solr = SolrApi::on(config, host)?;
    let url = solr.url(&format!("{collection}/admin/ping"));
    let mut patience = Patience::new(host, config.duration("wait")?);
    let mut tries = 0;
    loop {
        tries += 1;
        let last = match solr.try_url(&url).await? {
            Ok(answer) if answer["status"] == "OK" => {
                return Ok(Outcome::unchanged(format!("`{collection}` answers that it is well")));
            }
            Ok(_) => format!("{url} does not answer `OK`"),
            Err(why) => why,
        };
        if !patience.pause().await {
            if tries == 1 {
                return Ok(Outcome::failed(last, 1));
            }
            let waited = format_duration(patience.waited());
            return Ok(Outcome::failed(format!("`{collection}` was not well after {waited}; last: {last}"), 1));
        }
    }
}
