//! Have solr read the configuration of a core again.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::api::{ASKED, SolrApi, named};

use crate::early::Early;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("solr.reload_core", "Has solr read the configuration of a core again.")
        .details(format!(
            "{ASKED} The core goes on answering with its old configuration until the new one is loaded; one with a mistake is a failure with \
             solr's complaint, and the old one stays. The work is done when the core was started anew."
        ))
        .arg(Arg::required("core", ArgKind::Text, "The core."));
    SolrApi::args(spec, "2m").idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let core = named("core", config.text("core")?)?;
    let solr = SolrApi::on(config, host)?;
    let before = started(&solr, core).await?;
    host.would(format!("reload the core `{core}`"))?;
    solr.ask(&format!("admin/cores?action=RELOAD&core={core}")).await?;
    let after = started(&solr, core).await?;
    Ok(if after == before {
        Outcome::failed(format!("solr was told to reload `{core}`, but it is as it was, started {before}"), 1)
    } else {
        Outcome::changed(format!("the core `{core}` was reloaded"))
    })
}

/// When a core was started.
async fn started(solr: &SolrApi<'_>, core: &str) -> Result<String, TaskError> {
    let answer = solr.ask(&format!("admin/cores?action=STATUS&core={core}&indexInfo=false")).await?;
    let state = &answer["status"][core];
    // Solr answers with an empty state for a core that it does not have.
    match state["startTime"].as_str() {
        Some(started) => Ok(started.to_owned()),
        None if state.as_object().is_none_or(serde_json::Map::is_empty) => {
            Err(TaskError::failed(match answer["initFailures"][core].as_str() {
                Some(why) => {
                    format!("the core `{core}` could not be loaded: {}", runsheet_model::visible(why.as_bytes()))
                }
                None => format!("solr has no core `{core}`"),
            }))
        }
        None => Err(TaskError::failed(format!("solr does not tell when `{core}` was started"))),
    }
}
