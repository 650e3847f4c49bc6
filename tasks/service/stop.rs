//! Stop a service on each host.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use crate::on_host::{Service, ServiceState};

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("service.stop", "Stops a service.")
        .details(
            "Works with systemd where it runs the host, else with `service`, else with `/etc/init.d/NAME`.\n\n\
             A service that does not run is left alone. A service that still runs after its manager has said that it was stopped is \
             a failure.",
        )
        .arg(Arg::required("name", ArgKind::Text, "The name of the service."))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let service = Service::on(host, config.text("name")?)?;
    if service.existing().await?.is_down() {
        return Ok(Outcome::unchanged(format!("service `{}` was not running", service.name())));
    }
    let stopped = service.ask("stop").await?;
    if !stopped.is_ok() {
        return Ok(stopped);
    }
    let report = service.report().await?;
    Ok(match report.state {
        ServiceState::Running | ServiceState::Starting => {
            Outcome::failed(format!("service `{}` still runs after its stop: {}", service.name(), report.words), 1)
        }
        _ => Outcome::changed(format!("service `{}` has stopped", service.name())),
    })
}
