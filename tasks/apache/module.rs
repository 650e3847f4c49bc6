//! Enable or disable a module of apache on each server.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::part::{Part, part_args};

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("apache.module", "Enables or disables a module of apache.").details(
        "By a2enmod and a2dismod, which apache has on Debian and Ubuntu; elsewhere the task fails. Modules that this one needs are \
         enabled with it; one that others need, and one that Debian calls essential, is not disabled, with the tool's words as the \
         reason. The configuration is checked afterwards, and if it is broken then, what was done is taken back, also for those \
         other modules. Nothing is enabled in a configuration that was broken before; a module can be disabled in one.\n\n\
         With `reload`, an apache that runs is restarted gracefully if it has not read its configuration since a module was enabled \
         or disabled. One that does not run is not started. A module that the host does not have counts as disabled.",
    );
    part_args(spec.arg(Arg::required("name", ArgKind::Text, "Its name, as in `mods-available/NAME.load`.")))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    match Part::on(host, "module", config.text("name")?) {
        Ok(part) => part.work(config).await,
        Err(wrong) => Ok(wrong),
    }
}
