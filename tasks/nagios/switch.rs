use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use super::monitor::Nagios;
use super::target::Target;
use super::view::{Name, Object, View};

use crate::early::Early;

const NOTIFICATIONS: &str = "notifications";
const CHECKS: &str = "checks";

/// Adds the arguments of `nagios.enable` and `nagios.disable`.
pub(crate) fn switch_args(spec: TaskSpec) -> TaskSpec {
    let what = Arg::optional("what", ArgKind::choice([NOTIFICATIONS, CHECKS]), "Which of both.").default(NOTIFICATIONS);
    Nagios::args(Target::args(spec).arg(what))
}

/// Switches notifications or checks of a target on or off, where they are not so already.
pub(crate) async fn switch(config: &Config, host: &Host, on: bool) -> Result<Outcome, Early> {
    let target = Target::of(config).map_err(Early::mistake)?;
    let what = config.text("what")?;
    let nagios = Nagios::on(config, host, target)?;
    let target = nagios.target();
    let debt = format!("disabled {what} of {target}");
    let with_debt = |outcome: Outcome| if on { outcome.closes(&debt) } else { outcome.opens(&debt) };
    let is_so = |object: &Object| on == if what == CHECKS { object.checks } else { object.notifications };
    let done = if on { "enabled" } else { "disabled" };

    let before = nagios.look().await?;
    let others: Vec<&Name> = before.objects.iter().filter(|object| !is_so(object)).map(|object| &object.name).collect();
    if others.is_empty() {
        return Ok(with_debt(Outcome::unchanged(format!("{what} of {target} are {done} already"))));
    }
    let names = others.iter().map(|name| name.words()).collect::<Vec<_>>().join(", ");
    let verb = if on { "enable" } else { "disable" };
    host.would(format!("{verb} {what} of {names}"))?;
    let commands: Vec<_> = others
        .iter()
        .map(|name| {
            let thing = match what {
                CHECKS => name.choose("HOST_CHECK", "SVC_CHECK"),
                _ => name.choose("HOST_NOTIFICATIONS", "SVC_NOTIFICATIONS"),
            };
            format!("{}_{thing};{}", verb.to_ascii_uppercase(), name.words())
        })
        .collect();
    nagios.tell(before.now, &commands).await?;
    let all = |view: &View| view.objects.iter().all(is_so);
    Ok(match nagios.wait_until(&format!("not all {what} are {done}"), all).await? {
        Ok(_) => with_debt(Outcome::changed(format!("{what} of {names} are {done}"))),
        // They may be off all the same.
        Err(why) if !on => with_debt(Outcome::failed(why, 1)),
        Err(why) => Outcome::failed(why, 1),
    })
}
