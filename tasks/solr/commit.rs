//! Have solr commit what was sent to it.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use super::api::{ASKED, SolrApi, named};

use crate::early::Early;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("solr.commit", "Has solr commit what was sent to a collection, so that it can be found.")
        .details(format!("{ASKED} The work is done when solr has committed and searches the new index."))
        .arg(Arg::required("collection", ArgKind::Text, "The collection, or the core."))
        .arg(
            Arg::optional("soft", ArgKind::Boolean, "Whether it is only made visible, not written to disk.")
                .default(false),
        );
    SolrApi::args(spec, "1m").idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let collection = named("collection", config.text("collection")?)?;
    let solr = SolrApi::on(config, host)?;
    host.would(format!("commit `{collection}`"))?;
    let kind = if config.boolean("soft")? { "softCommit" } else { "commit" };
    solr.ask(&format!("{collection}/update?{kind}=true&waitSearcher=true")).await?;
    Ok(Outcome::changed(format!("`{collection}` was committed")))
}
