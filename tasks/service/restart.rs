//! Restart a service on each host.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use crate::on_host::Service;

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("service.restart", "Restarts a service.")
        .details(
            "Works with systemd where it runs the host, else with `service`, else with `/etc/init.d/NAME`.\n\n\
             A service that does not run is started. The work is done when its manager says that it runs, for which it has 10 s \
             after the restart; that it then does what it is for is for `http.check` or `wait.port` to tell.",
        )
        .arg(Arg::required("name", ArgKind::Text, "The name of the service."))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let service = Service::on(host, config.text("name")?)?;
    service.existing().await?;
    Ok(match service.bring_up("restart").await? {
        Ok(message) => Outcome::changed(message),
        Err(failed) => failed,
    })
}
