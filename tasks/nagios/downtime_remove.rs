//! Tell Nagios that a host is no longer expected to be down.

use runsheet_model::plural;
use runsheet_task::{Config, Host, Outcome, TaskSpec};

use super::downtime::delete;
use super::monitor::Nagios;
use super::signature::Signature;
use super::target::Target;

use crate::early::Early;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("nagios.downtime.remove", "Ends a downtime in Nagios that `nagios.downtime` has scheduled.").details(
        "Runs on the host of Nagios, most often as a link with `delegate`. Ours are downtimes with the same `author` and the same `comment`; \
         those of others are not touched. They are deleted by their numbers (`DEL_HOST_DOWNTIME`, `DEL_SVC_DOWNTIME`), and the work is \
         done when Nagios' status file tells of none any more.",
    );
    let spec = Target::args_with_hostgroup(spec);
    Nagios::args(Signature::args(spec)).arg(Nagios::objects_arg()).idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let target = Target::of(config).map_err(Early::mistake)?;
    let ours = Signature::of(config).map_err(Early::mistake)?;
    let nagios = Nagios::on(config, host, target)?;
    let target = nagios.target();
    let debt = format!("downtime {target}");
    let before = nagios.look().await?;
    let old: Vec<_> = before.downtimes.iter().filter(|downtime| ours.is_on(downtime)).collect();
    if old.is_empty() {
        return Ok(Outcome::unchanged(format!("{target} is in no downtime of ours")).closes(debt));
    }
    let count = plural(old.len(), "downtime");
    host.would(format!("end {count} of {target}"))?;
    Ok(match delete(&nagios, before.now, &old).await? {
        Ok(()) => Outcome::changed(format!("{count} of {target} ended")).closes(debt),
        Err(why) => Outcome::failed(why, 1),
    })
}
