//! Tell whether a MySQL or MariaDB answers on each host.

use runsheet_model::format_duration;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use super::server::{Mysql, mysql_args};
use crate::early::Early;
use crate::patience::Patience;

const QUESTION: &str = "SELECT VERSION(), @@global.read_only;\n";

pub(crate) fn spec() -> TaskSpec {
    mysql_args(TaskSpec::new("mysql.ping", "Tells whether a MySQL or MariaDB answers."))
        .details(
            "Logs in with the client (`mariadb`, else `mysql`) and asks for something, which also says whether the database is there and \
             the password right. The answer tells the version, and whether the server is read-only.\n\n\
             The password goes to the host by standard input, and to the client as a file that has no name: it is in no argument, no \
             environment and no file that somebody else could open.",
        )
        .arg(Arg::optional("wait", ArgKind::Duration, "How long to try again; `0s` is one try.").default("0s"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let mysql = Mysql::on(host, config)?;
    let mut patience = Patience::new(host, config.duration("wait")?);
    loop {
        let said = mysql.ask(QUESTION).await?;
        if let Some((version, read_only)) = said.stdout.trim().split_once('\t').filter(|_| said.ok()) {
            let kind = if read_only == "0" { "" } else { " (read-only)" };
            return Ok(Outcome::unchanged(format!("{version} answers for database `{}`{kind}", mysql.database)));
        }
        // A host without the client does not get one by waiting.
        if said.code() == 127 || !patience.pause().await {
            let complaint = mysql.complaint(&said.complaint());
            let waited = format_duration(patience.waited());
            let message = if patience.waited().is_zero() { complaint } else { format!("after {waited}: {complaint}") };
            return Ok(Outcome::failed(message, said.code()));
        }
    }
}
