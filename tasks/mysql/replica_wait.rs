//! Wait until a replica of a MySQL or MariaDB has caught up.

use std::time::Duration;

use runsheet_model::format_duration;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::server::{CLIENT, Mysql, mysql_args};
use crate::database::PRIVATE;
use crate::early::Early;
use crate::on_host::HostScript;
use crate::patience::Patience;

const SCRIPT: HostScript = HostScript::new("mysql-replica", &[PRIVATE, CLIENT, include_str!("replica.sh")]);

/// How a replica is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Lag {
    /// Whether it is connected to its source.
    receives: bool,
    /// Whether it applies what it has received.
    applies: bool,
    /// How much of what it has received it has not applied, where both are in one log.
    bytes: Option<u64>,
    /// How old what it applies is.
    age: Option<Duration>,
    /// What has stopped it from applying.
    stopped_by: Option<String>,
    /// What keeps it from receiving.
    alone_by: Option<String>,
}

pub(crate) fn spec() -> TaskSpec {
    mysql_args(TaskSpec::new("mysql.replica.wait", "Waits until a replica of a MySQL or MariaDB has caught up."))
        .details(
            "Asks the replica itself (`SHOW REPLICA STATUS`, else `SHOW SLAVE STATUS`). It has caught up when it is connected to its source and \
             applies what it receives, and what it has not applied is no older than `lag` and no more than `bytes`. What it has not even \
             received it does not count: while the way between them is cut, it takes some time to notice (`slave_net_timeout`). \
             Where what it receives and what it applies are in two logs, `bytes` is not known, and it is waited for.\n\n\
             A server that is no replica, and one whose applying was stopped by an error, are failures at once, with the error. The user \
             needs the right to see that (`REPLICA MONITOR` in MariaDB, `REPLICATION CLIENT` in MySQL). Replicas with several sources are \
             not told apart: the first is asked for. How the password is handed over is as with `mysql.ping`.",
        )
        .arg(Arg::optional("lag", ArgKind::Duration, "How old may be what it has not applied; in whole seconds.").default("10s"))
        .arg(Arg::optional("bytes", ArgKind::Integer { min: 0, max: i64::MAX }, "How much it may not have applied, in bytes."))
        .arg(Arg::optional("wait", ArgKind::Duration, "How long it may take.").default("60s"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let mysql = Mysql::on(host, config)?;
    let lag = config.duration("lag")?;
    let bytes = config.args.integer("bytes").and_then(|bytes| u64::try_from(bytes).ok());
    let mut patience = Patience::new(host, config.duration("wait")?);
    loop {
        let said = host.run(mysql.command(&SCRIPT, &[], b"")).await?;
        if !said.ok() {
            return Err(TaskError::failed(mysql.complaint(&said.complaint())).into());
        }
        let Some(now) = Lag::read(&said.stdout) else {
            return Ok(Outcome::failed("the server is no replica, or not any more", 1));
        };
        if let Some(why) = &now.stopped_by {
            return Ok(Outcome::failed(format!("the replica has stopped to apply: {why}"), 1));
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
    /// Reads lines of `Name: value`, in the words of MySQL 8.4 or in the older ones.
    fn read(text: &str) -> Option<Self> {
        let value = |names: [&str; 2]| {
            text.lines()
                .filter_map(|line| line.trim().split_once(':'))
                .find(|(name, _)| names.contains(name))
                .map(|(_, value)| value.trim())
        };
        let number = |names| value(names).and_then(|value| value.parse::<u64>().ok());
        let said = |name| value([name, name]).filter(|text| !text.is_empty()).map(str::to_owned);
        let is_yes = |names| value(names).map(|word| word == "Yes");
        let (receives, applies) = (
            is_yes(["Slave_IO_Running", "Replica_IO_Running"])?,
            is_yes(["Slave_SQL_Running", "Replica_SQL_Running"])?,
        );
        let same_log = value(["Master_Log_File", "Source_Log_File"])?
            == value(["Relay_Master_Log_File", "Relay_Source_Log_File"])?;
        let there = number(["Read_Master_Log_Pos", "Read_Source_Log_Pos"])?;
        let here = number(["Exec_Master_Log_Pos", "Exec_Source_Log_Pos"])?;
        Some(Self {
            receives,
            applies,
            bytes: same_log.then(|| there.saturating_sub(here)),
            age: number(["Seconds_Behind_Master", "Seconds_Behind_Source"]).map(Duration::from_secs),
            stopped_by: said("Last_SQL_Error").filter(|_| !applies),
            alone_by: said("Last_IO_Error"),
        })
    }

    fn is_within(&self, lag: Duration, bytes: Option<u64>) -> bool {
        let near = match (bytes, self.bytes) {
            (Some(most), Some(behind)) => behind <= most,
            (Some(_), None) => false,
            (None, _) => true,
        };
        self.receives && self.applies && near && self.age.is_some_and(|age| age <= lag)
    }

    fn words(&self) -> String {
        if !self.receives {
            let why = self.alone_by.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            return format!("not connected to its source{why}");
        }
        if !self.applies {
            return "it does not apply what it receives".to_owned();
        }
        let bytes =
            self.bytes.map_or_else(|| "an unknown number of bytes".to_owned(), |bytes| format!("{bytes} bytes"));
        let age = self.age.map_or_else(|| "an unknown time".to_owned(), format_duration);
        format!("{bytes} and {age} behind")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAUGHT_UP: &str = "*** 1. row ***\n  Master_Log_File: bin.2\n  Read_Master_Log_Pos: 500\n  Relay_Master_Log_File: bin.2\n  \
                             Slave_IO_Running: Yes\n  Slave_SQL_Running: Yes\n  Exec_Master_Log_Pos: 400\n  Last_IO_Error: \n  \
                             Last_SQL_Error: \n  Seconds_Behind_Master: 3\n";

    #[test]
    fn only_one_that_receives_and_applies_can_have_caught_up() {
        let within =
            |text: &str, bytes| Lag::read(text).is_some_and(|lag| lag.is_within(Duration::from_secs(3), bytes));
        assert!(within(CAUGHT_UP, None));
        assert!(within(CAUGHT_UP, Some(100)));
        assert!(!within(CAUGHT_UP, Some(99)));
        let new = CAUGHT_UP.replace("Master", "Source").replace("Slave", "Replica");
        assert!(within(&new, Some(100)));
        for (from, to) in [
            ("IO_Running: Yes", "IO_Running: Connecting"),
            ("SQL_Running: Yes", "SQL_Running: No"),
            ("Behind_Master: 3", "Behind_Master: 4"),
            ("Behind_Master: 3", "Behind_Master: NULL"),
        ] {
            assert!(!within(&CAUGHT_UP.replace(from, to), None), "{to}");
        }
        assert!(!within(
            &CAUGHT_UP.replace("Relay_Master_Log_File: bin.2", "Relay_Master_Log_File: bin.1"),
            Some(9999)
        ));
        assert_eq!(Lag::read(""), None);
    }
}
