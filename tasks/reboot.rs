//! Start each host anew.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use crate::early::Early;
use crate::on_host::HostScript;

const SCRIPT: HostScript = HostScript::new("reboot", &[include_str!("reboot.sh")]);

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("reboot", "Starts a host anew, and is done when it is back.")
        .details(
            "The host tells another boot id then, and lets us in again; how long that may take is the step's `timeout`. Hosts without boot \
             ids, which are all but those with Linux, cannot be waited for. The reboot is asked for 2 s after the task's command has ended, \
             so that its end is seen: with `systemctl` where systemd runs, else with `reboot` or `shutdown`.\n\n\
             With `only_if_needed` a host is left alone that does not ask for it: on Debian and Ubuntu by `/run/reboot-required`, on those with \
             dnf or yum by `needs-restarting -r`. One that has neither way to tell is a failure.",
        )
        .arg(
            Arg::optional("only_if_needed", ArgKind::Boolean, "Whether only a host is started anew that asks for it.")
                .default(false),
        )
        .reboots()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let ask = async |what| Early::unless_ok(host.run(SCRIPT.with([what])).await?);
    if config.boolean("only_if_needed")? {
        match ask("needed").await?.trim() {
            "yes" => {}
            "no" => return Ok(Outcome::unchanged("the host does not ask to be started anew")),
            _ => return Err(Early::failed("cannot tell whether the host asks to be started anew")),
        }
    }
    ask("able").await?;
    host.would("start the host anew")?;
    ask("reboot").await?;
    Ok(Outcome::changed("the host is about to be started anew"))
}
