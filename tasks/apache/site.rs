//! Enable or disable a site of apache on each server.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::part::{Part, part_args};

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("apache.site", "Enables or disables a site of apache.").details(
        "By a2ensite and a2dissite, which apache has on Debian and Ubuntu; elsewhere the task fails. The configuration is checked \
         afterwards, and if it is broken then, what was done is taken back. Nothing is enabled in a configuration that was broken \
         before; a site can be disabled in one.\n\n\
         With `reload`, an apache that runs is restarted gracefully if it has not read its configuration since a site was enabled \
         or disabled. One that does not run is not started. A site that the host does not have counts as disabled.",
    );
    part_args(spec.arg(Arg::required("name", ArgKind::Text, "Its name, as in `sites-available/NAME.conf`.")))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    match Part::on(host, "site", config.text("name")?) {
        Ok(part) => part.work(config).await,
        Err(wrong) => Ok(wrong),
    }
}
