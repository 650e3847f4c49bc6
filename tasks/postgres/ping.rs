//! Tell whether a PostgreSQL answers on each host.

use runsheet_model::format_duration;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use super::server::{Postgres, postgres_args};
use crate::early::Early;
use crate::patience::Patience;

const QUESTION: &str = "SELECT current_setting('server_version'), pg_is_in_recovery();\n";

pub(crate) fn spec() -> TaskSpec {
    postgres_args(TaskSpec::new("postgres.ping", "Tells whether a PostgreSQL answers."))
        .details(
            "Logs in with psql and asks for something, which also says whether the database is there and the password right. \
             The answer tells the version, and whether it is a primary or a replica.\n\n\
             The password goes to the host by standard input, and to psql as a file that has no name: it is in no argument, no \
             environment and no file that somebody else could open.",
        )
        .arg(Arg::optional("wait", ArgKind::Duration, "How long to try again; `0s` is one try.").default("0s"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let postgres = Postgres::on(host, config)?;
    let mut patience = Patience::new(host, config.duration("wait")?);
    loop {
        let said = postgres.ask(QUESTION, []).await?;
        if let Some((version, replica)) = said.stdout.trim().split_once('|').filter(|_| said.ok()) {
            let kind = if replica == "t" { "replica" } else { "primary" };
            let message = format!("PostgreSQL {version} answers for database `{}` ({kind})", postgres.database);
            return Ok(Outcome::unchanged(message));
        }
        // A host without the client does not get one by waiting.
        if said.code() == 127 || !patience.pause().await {
            let complaint = postgres.complaint(&said.complaint());
            let waited = format_duration(patience.waited());
            let message = if patience.waited().is_zero() { complaint } else { format!("after {waited}: {complaint}") };
            return Ok(Outcome::failed(message, said.code()));
        }
    }
}
