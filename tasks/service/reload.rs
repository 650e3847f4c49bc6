//! Let a service read its configuration again on each host.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use crate::on_host::Service;

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("service.reload", "Lets a service read its configuration again.")
        .details(
            "Works with systemd where it runs the host, else with `service`, else with `/etc/init.d/NAME`.\n\n\
             A service that does not run cannot be reloaded: the task fails.",
        )
        .arg(Arg::required("name", ArgKind::Text, "The name of the service."))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let service = Service::on(host, config.text("name")?)?;
    let report = service.existing().await?;
    if report.is_down() {
        let message = format!("service `{}` does not run, so it cannot be reloaded: {}", service.name(), report.words);
        return Ok(Outcome::failed(message, 1));
    }
    let reloaded = service.ask("reload").await?;
    if !reloaded.is_ok() {
        return Ok(reloaded);
    }
    Ok(Outcome::changed(format!("service `{}` was reloaded", service.name())))
}
