//! Wait until a replica of a PostgreSQL has caught up.

use std::time::Duration;

use runsheet_model::format_duration;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::server::{Postgres, postgres_args};
use crate::early::Early;
use crate::patience::Patience;

/// What the replica knows: how it is connected, how far it is behind what its primary has said to have, in bytes and milliseconds, and
/// whether somebody has paused it (PostgreSQL's manual, `pg_stat_wal_receiver`). -1 is for what it does not know.
const QUESTION: &str = "WITH seen AS (SELECT pg_is_in_recovery() AS replica,
    CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() END AS paused),
behind AS (SELECT r.pid, r.status, pg_wal_lsn_diff(r.latest_end_lsn, pg_last_wal_replay_lsn())::bigint AS bytes
    FROM (SELECT 1) one LEFT JOIN pg_stat_wal_receiver r ON true)
SELECT CASE WHEN NOT replica THEN 'primary' WHEN paused THEN 'paused' WHEN pid IS NULL THEN 'alone'
        WHEN status IS NULL THEN 'hidden' ELSE status END,
    greatest(coalesce(bytes, -1), CASE WHEN bytes IS NULL THEN -1 ELSE 0 END),
    CASE WHEN bytes <= 0 THEN 0
        ELSE coalesce(ceil(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::bigint, -1) END
FROM seen, behind;
";

/// How a replica is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Lag {
    state: String,
    /// How much it has not replayed of what its primary has.
    bytes: Option<u64>,
    /// How old the last thing is that it has replayed, or nothing if it has replayed everything.
    age: Option<Duration>,
}

pub(crate) fn spec() -> TaskSpec {
    postgres_args(TaskSpec::new("postgres.replica.wait", "Waits until a replica of a PostgreSQL has caught up."))
        .details(
            "Asks the replica itself. It has caught up when it is connected to its primary (`streaming`), and what it has not replayed is \
             no older than `lag` and no more than `bytes`. What the primary has is what it has told the replica last: while the way \
             between them is cut, the replica takes some time to notice (`wal_receiver_timeout`).\n\n\
             A server that is no replica, and a replay that somebody has paused, are failures at once. The user needs the right to see \
             the state of the replication (`pg_read_all_stats`, or `pg_monitor`). How the password is handed over is as with `postgres.ping`.",
        )
        .arg(Arg::optional("lag", ArgKind::Duration, "How old may be what it has not replayed.").default("10s"))
        .arg(Arg::optional("bytes", ArgKind::Integer { min: 0, max: i64::MAX }, "How much it may not have replayed, in bytes."))
        .arg(Arg::optional("wait", ArgKind::Duration, "How long it may take.").default("60s"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let postgres = Postgres::on(host, config)?;
    let lag = config.duration("lag")?;
    let bytes = config.args.integer("bytes").and_then(|bytes| u64::try_from(bytes).ok());
    let mut patience = Patience::new(host, config.duration("wait")?);
    loop {
        let said = postgres.answer(QUESTION, []).await?;
        let now = Lag::read(&said)
            .ok_or_else(|| TaskError::failed(format!("the replica does not say how it is: {}", said.trim())))?;
        match now.state.as_str() {
            "primary" => return Ok(Outcome::failed("the server is no replica, or not any more", 1)),
            "paused" => return Ok(Outcome::failed("somebody has paused the replay of the replica", 1)),
            "hidden" => {
                let message = "the user may not see the state of the replication: it needs `pg_read_all_stats`";
                return Ok(Outcome::failed(message, 1));
            }
            _ => {}
        }
        if now.is_within(lag, bytes) {
            return Ok(Outcome::unchanged(format!("the replica has caught up: {}", now.words())));
        }
        if !patience.pause().await {
            let waited = format_duration(patience.waited());
            return Ok(Outcome::failed(format!("the replica has not caught up after {waited}: {}", now.words()), 1));
        }
    }
}

impl Lag {
    /// Reads `STATE|BYTES|MILLISECONDS`.
    fn read(text: &str) -> Option<Self> {
        let fields: Vec<_> = text.trim().split('|').collect();
        let [state, bytes, age] = fields[..] else { return None };
        let known = |field: &str| field.parse::<i64>().ok().map(|number| u64::try_from(number).ok());
        Some(Self { state: state.to_owned(), bytes: known(bytes)?, age: known(age)?.map(Duration::from_millis) })
    }

    fn is_within(&self, lag: Duration, bytes: Option<u64>) -> bool {
        let (Some(behind), Some(age)) = (self.bytes, self.age) else { return false };
        self.state == "streaming" && age <= lag && bytes.is_none_or(|bytes| behind <= bytes)
    }

    fn words(&self) -> String {
        let state = match self.state.as_str() {
            "alone" => "not connected to its primary",
            state => state,
        };
        let bytes =
            self.bytes.map_or_else(|| "an unknown number of bytes".to_owned(), |bytes| format!("{bytes} bytes"));
        let age = self.age.map_or_else(|| "an unknown time".to_owned(), format_duration);
        format!("{state}, {bytes} and {age} behind")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_connected_replica_can_have_caught_up() {
        let within = |text: &str, bytes| Lag::read(text).expect("a lag").is_within(Duration::from_secs(10), bytes);
        assert!(within("streaming|0|0\n", Some(0)));
        assert!(within("streaming|500|10000", None));
        assert!(!within("streaming|500|10001", None));
        assert!(!within("streaming|500|0", Some(499)));
        assert!(!within("streaming|-1|-1", None));
        assert!(!within("streaming|500|-1", None));
        assert!(!within("alone|0|0", None));
        assert!(!within("catchup|0|0", None));
        for text in ["", "streaming", "streaming|x|0", "streaming|0|0|0"] {
            assert_eq!(Lag::read(text), None, "{text:?}");
        }
    }
}
