use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};
use serde_json::Value;

use super::api::{SolrApi, named};

use crate::early::Early;

const LEADER: &str = "leader";
const REPLICA: &str = "replica";

/// The names that Solr has given to the two sides, newest first.
const LEADER_WORDS: [&str; 2] = ["leader", "master"];
const REPLICA_WORDS: [&str; 2] = ["follower", "slave"];

/// What Solr tells of the replication of a core.
pub(crate) struct Details(Value);

impl Details {
    pub(crate) async fn of(solr: &SolrApi<'_>, core: &str) -> Result<Self, TaskError> {
        // Without these words a replica asks its leader too, which may take its time.
        let answer = solr.ask(&format!("{core}/replication?command=details&follower=false&slave=false")).await?;
        Ok(Self(answer["details"].clone()))
    }

    /// Whether a leader lets replicas fetch its index; nothing if it is none.
    fn is_offered(&self) -> Option<bool> {
        truth(&self.side(LEADER_WORDS)?["replicationEnabled"])
    }

    /// Whether a replica asks its leader by itself; nothing if it is none.
    fn is_polling(&self) -> Option<bool> {
        truth(&self.side(REPLICA_WORDS)?["isPollingDisabled"]).map(|disabled| !disabled)
    }

    /// Where a replica fetches its index from.
    pub(crate) fn leader(&self) -> Option<&str> {
        let side = self.side(REPLICA_WORDS)?;
        let url = side.get("leaderUrl").or_else(|| side.get("masterUrl"))?.as_str()?;
        // Older ones say it with the handler, newer ones without.
        Some(url.trim_end_matches('/').trim_end_matches("/replication"))
    }

    fn side(&self, words: [&str; 2]) -> Option<&Value> {
        words.iter().find_map(|word| self.0.get(word))
    }
}

/// Adds the arguments of `solr.replication.enable` and `solr.replication.disable`.
pub(crate) fn switch_args(spec: TaskSpec) -> TaskSpec {
    let spec = spec.arg(Arg::required("core", ArgKind::Text, "The core.")).arg(
        Arg::optional(
            "side",
            ArgKind::choice([LEADER, REPLICA]),
            "Whether the host is the leader, or a replica that polls it.",
        )
        .default(LEADER),
    );
    SolrApi::args(spec, "10s")
}

/// Switches the replication of a core on or off, where it is not so already.
pub(crate) async fn switch(config: &Config, host: &Host, on: bool) -> Result<Outcome, Early> {
    let core = named("core", config.text("core")?)?;
    let is_leader = config.text("side")? == LEADER;
    let solr = SolrApi::on(config, host)?;
    let (what, command) = match (is_leader, on) {
        (true, true) => ("replication", "enablereplication"),
        (true, false) => ("replication", "disablereplication"),
        (false, true) => ("polling", "enablepoll"),
        (false, false) => ("polling", "disablepoll"),
    };
    let debt = format!("disabled {what} of {core}");
    let with_debt = |outcome: Outcome| if on { outcome.closes(&debt) } else { outcome.opens(&debt) };
    let look = async || {
        let details = Details::of(&solr, core).await?;
        let now = if is_leader { details.is_offered() } else { details.is_polling() };
        let side = if is_leader { LEADER } else { REPLICA };
        now.ok_or_else(|| TaskError::failed(format!("the core `{core}` of this host is no {side}")))
    };

    let done = if on { "enabled" } else { "disabled" };
    if look().await? == on {
        return Ok(with_debt(Outcome::unchanged(format!("{what} of `{core}` is {done} already"))));
    }
    host.would(format!("{} {what} of `{core}`", if on { "enable" } else { "disable" }))?;
    solr.ask(&format!("{core}/replication?command={command}")).await?;
    Ok(if look().await? == on {
        with_debt(Outcome::changed(format!("{what} of `{core}` is {done}")))
    } else {
        Outcome::failed(format!("solr was told, but {what} of `{core}` is not {done}"), 1)
    })
}

/// Solr writes truth as text, and may one day not.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_sides_are_read_by_their_old_and_new_names() {
        let old = Details(
            json!({"isSlave": "true", "slave": {"masterUrl": "http://a:8983/solr/x/replication", "isPollingDisabled": "true"}}),
        );
        assert_eq!(
            (old.is_polling(), old.leader(), old.is_offered()),
            (Some(false), Some("http://a:8983/solr/x"), None)
        );
        let new = Details(json!({"follower": {"leaderUrl": "http://a:8983/solr/x", "isPollingDisabled": "false"}}));
        assert_eq!((new.is_polling(), new.leader()), (Some(true), Some("http://a:8983/solr/x")));
        let leader = Details(json!({"leader": {"replicationEnabled": "true"}}));
        assert_eq!((leader.is_offered(), leader.is_polling(), leader.leader()), (Some(true), None, None));
        assert_eq!(Details(json!({"master": {"replicationEnabled": "maybe"}})).is_offered(), None);
    }
}
