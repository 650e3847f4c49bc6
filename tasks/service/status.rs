//! Tell whether a service runs on each host.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use crate::on_host::{Service, ServiceState};

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("service.status", "Tells whether a service runs.")
        .details(
            "Works with systemd where it runs the host, else with `service`, else with `/etc/init.d/NAME`.\n\n\
             Running is success; anything else, also that there is no such service, is a failure with the value 3.",
        )
        .arg(Arg::required("name", ArgKind::Text, "The name of the service."))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let service = Service::on(host, config.text("name")?)?;
    let report = service.report().await?;
    let name = service.name();
    Ok(match report.state {
        ServiceState::Running => Outcome::unchanged(format!("service `{name}` is running")),
        ServiceState::Missing => Outcome::failed(format!("there is no service `{name}`"), 3),
        _ => Outcome::failed(format!("service `{name}` is not running: {}", report.words), 3),
    })
}
