//! Remove a user from each host.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use super::account::Account;
use crate::early::Early;

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("user.remove", "Removes a user.")
        .details(
            "A user whose processes still run is a failure, which says so. Root is refused, and so is whoever does the work. With `home` \
             the home folder and the mail go too, for good; other files of the user stay as they are.\n\n\
             Calls `userdel`, which BusyBox does not have.",
        )
        .arg(Arg::required("name", ArgKind::Text, "The name of the user."))
        .arg(Arg::optional("home", ArgKind::Boolean, "Whether the home folder goes too.").default(false))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let name = config.text("name")?;
    let account = Account::on(host, name)?;
    let Some(entry) = account.look().await? else {
        return Ok(Outcome::unchanged(format!("there is no user `{name}`")));
    };
    if entry.uid == 0 || account.is_us().await? {
        return Err(Early::failed(format!("user `{name}` is not removed: it is the one who works here, or root")));
    }
    let with_home = config.boolean("home")?;
    let with = if with_home { format!(" and the home `{}`", entry.home) } else { String::new() };
    host.would(format!("remove user `{name}`{with}"))?;
    account.act("remove", if with_home { &["-r"] } else { &[] }).await?;
    match account.look().await? {
        None => Ok(Outcome::changed(format!("user `{name}`{with} removed"))),
        Some(_) => Err(Early::failed(format!("user `{name}` is still there, though nobody complained"))),
    }
}
