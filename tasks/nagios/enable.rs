//! Switch notifications or checks of Nagios on.

use runsheet_task::{Config, Host, Outcome, TaskSpec};

use super::switch::{switch, switch_args};

use crate::early::Early;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("nagios.enable", "Has Nagios notify of a host or a service, or check it, again.").details(
        "Runs on the host of Nagios, most often as a link with `delegate`, by Nagios' command file (`ENABLE_HOST_NOTIFICATIONS` and \
         the like). The work is done when Nagios' status file tells of it. Closes what `nagios.disable` has opened.",
    );
    switch_args(spec).idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    switch(config, host, true).await
}
