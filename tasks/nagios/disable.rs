//! Switch notifications or checks of Nagios off.

use runsheet_task::{Config, Host, Outcome, TaskSpec};

use super::switch::{switch, switch_args};

use crate::early::Early;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("nagios.disable", "Has Nagios not notify of a host or a service, or not check it.").details(
        "Runs on the host of Nagios, most often as a link with `delegate`, by Nagios' command file (`DISABLE_HOST_NOTIFICATIONS` and \
         the like). The work is done when Nagios' status file tells of it. That they are off stays open until `nagios.enable` closes it, and \
         is told at the end of the run. A downtime ends by itself; this does not: `nagios.downtime` is most often the better one.",
    );
    switch_args(spec).idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    switch(config, host, false).await
}
