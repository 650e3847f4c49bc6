//! Wait until a replica of solr has the index of its leader.

use std::fmt;

use runsheet_model::format_duration;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};
use serde_json::Value;

use super::api::{ASKED, SolrApi, named};
use super::replication::Details;
use crate::early::Early;
use crate::patience::Patience;
use crate::web_address::is_web_address;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("solr.replication.wait", "Waits until a replica of solr has the index of its leader.")
        .details(format!(
            "{ASKED} The replica's host asks both: the work is done when generation and version of their indexes are the same. A leader that \
             offers none, because its replication is disabled or nothing was committed, is waited for too. Nothing is fetched by it: the \
             replica does that itself, as often as it polls."
        ))
        .arg(Arg::required("core", ArgKind::Text, "The core."))
        .arg(Arg::optional("leader", ArgKind::Text, "The leader's core, such as `http://solr1:8983/solr/listings`; the one that the replica is configured for."))
        .arg(Arg::optional("wait", ArgKind::Duration, "How long it may take.").default("10m"));
    SolrApi::args(spec, "10s").idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let core = named("core", config.text("core")?)?;
    let solr = SolrApi::on(config, host)?;
    let leader = match config.opt_text("leader") {
        Some(leader) => leader.trim_end_matches('/').to_owned(),
        None => match Details::of(&solr, core).await?.leader() {
            Some(leader) => leader.to_owned(),
            None => return Ok(Outcome::failed(format!("the core `{core}` of this host is no replica"), 1)),
        },
    };
    if !is_web_address(&leader) || leader.contains(['?', '#']) {
        return Ok(Outcome::failed(format!("`{}` is not the address of a core", leader.escape_default()), 2));
    }
    let own = solr.url(core);
    let mut patience = Patience::new(host, config.duration("wait")?);
    loop {
        let last = match (Index::at(&solr, &leader).await?, Index::at(&solr, &own).await?) {
            (Ok(theirs), Ok(ours)) if theirs == ours && !theirs.is_none() => {
                return Ok(Outcome::unchanged(format!("`{core}` has the index of its leader, {ours}")));
            }
            (Ok(theirs), _) if theirs.is_none() => {
                format!("{leader} offers no index: its replication is disabled, or nothing was committed")
            }
            (Ok(theirs), Ok(ours)) => format!("its leader has {theirs}, it has {ours}"),
            (Err(why), _) | (_, Err(why)) => why,
        };
        if !patience.pause().await {
            let waited = format_duration(patience.waited());
            let message = format!("`{core}` has not the index of its leader after {waited}; last: {last}");
            return Ok(Outcome::failed(message, 1));
        }
    }
}

/// Which index a core has, or offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Index {
    generation: i64,
    /// When it was committed, in milliseconds.
    version: i64,
}

impl Index {
    async fn at(solr: &SolrApi<'_>, core: &str) -> Result<Result<Self, String>, TaskError> {
        Ok(match solr.try_url(&format!("{core}/replication?command=indexversion")).await? {
            Ok(answer) => Self::read(&answer).ok_or_else(|| format!("{core} does not tell which index it has")),
            Err(why) => Err(why),
        })
    }

    fn read(answer: &Value) -> Option<Self> {
        Some(Self { generation: answer["generation"].as_i64()?, version: answer["indexversion"].as_i64()? })
    }

    /// Whether there is none.
    fn is_none(self) -> bool {
        self.generation == 0
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "generation {} of version {}", self.generation, self.version)
    }
}
