use std::sync::Arc;

use runsheet_plan::{PerHost, Plan, Work};
use runsheet_task::Args;
use serde_json::json;

/// The argument by which the task that plays another knows which link of the chain it is.
pub(crate) const LINK: &str = "link";

/// The same steps on the same hosts with nothing in them that could be done: no locks on hosts, no arguments, nobody to become, no files
/// that are made, no receipts, no hosts that are started anew, and this machine a host like others. Its hash stays that of the plan
/// that would be run.
pub(crate) fn cast(mut plan: Plan) -> Plan {
    plan.host_locks = None;
    for host in &mut plan.hosts {
        host.local = false;
    }
    for step in &mut plan.steps {
        step.makes = Vec::new();
        let Work::Hosts(work) = &mut step.work else { continue };
        for (number, link) in work.links.iter_mut().chain(&mut work.always).enumerate() {
            link.reboots = false;
            link.receipt = false;
            link.sudo = false;
            link.shell = PerHost::Same(Arc::default());
            link.args = PerHost::Same(Arc::new(number_of(number)));
        }
    }
    plan
}

fn number_of(link: usize) -> Args {
    serde_json::from_value(json!({ LINK: link })).expect("a number by a name makes arguments")
}
