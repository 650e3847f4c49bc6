//! Have solr merge the segments of an index.

use runsheet_model::plural;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};
use serde_json::Value;

use super::api::{ASKED, SolrApi, named};

use crate::early::Early;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("solr.optimize", "Has solr merge the segments of an index.")
        .details(format!(
            "{ASKED} The whole index is written anew, and every replica fetches all of it again: for collections that are written once, before \
             replication is enabled. An index that has no more segments than that, and no deleted documents, is left alone. The work is \
             done when solr says so."
        ))
        .arg(Arg::required("collection", ArgKind::Text, "The core, or the collection."))
        .arg(
            Arg::optional("segments", ArgKind::Integer { min: 1, max: 1000 }, "How many may be left.").default(1),
        );
    SolrApi::args(spec, "30m").idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let collection = named("collection", config.text("collection")?)?;
    let most = config.integer("segments")?;
    let solr = SolrApi::on(config, host)?;
    let before = Segments::of(&solr, collection).await?;
    if before.count <= most && before.deleted == 0 {
        return Ok(Outcome::unchanged(format!("the index of `{collection}` has {} already", before.words())));
    }
    host.would(format!("merge the {} of `{collection}`", before.words()))?;
    solr.ask(&format!("{collection}/update?optimize=true&maxSegments={most}&waitSearcher=true")).await?;
    let after = Segments::of(&solr, collection).await?;
    let message = format!("the index of `{collection}` had {}, and has {}", before.words(), after.words());
    Ok(Outcome::changed(message))
}

/// What an index is made of.
struct Segments {
    count: i64,
    /// Documents that are deleted and still there.
    deleted: i64,
}

impl Segments {
    async fn of(solr: &SolrApi<'_>, collection: &str) -> Result<Self, TaskError> {
        let answer = solr.ask(&format!("{collection}/admin/luke?numTerms=0&fl=none")).await?;
        let number = |name: &str| answer.pointer(&format!("/index/{name}")).and_then(Value::as_i64);
        match (number("segmentCount"), number("deletedDocs")) {
            (Some(count), Some(deleted)) => Ok(Self { count, deleted }),
            _ => Err(TaskError::failed(format!("solr does not tell how many segments `{collection}` has"))),
        }
    }

    fn words(&self) -> String {
        plural(usize::try_from(self.count).unwrap_or_default(), "segment")
    }
}
