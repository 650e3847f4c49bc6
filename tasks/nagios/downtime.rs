//! Tell Nagios that a host is expected to be down.

use std::time::Duration;

use runsheet_model::format_duration;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::monitor::Nagios;
use super::signature::Signature;
use super::target::Target;
use super::view::{Downtime, View};

use crate::early::Early;

/// How much earlier a downtime may end than it should and still count as long enough, at most: an attempt that is repeated soon
/// does not schedule another.
const SLACK_S: u64 = 60;

/// The longest downtime: a year.
const LONGEST: Duration = Duration::from_hours(24 * 366);

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("nagios.downtime", "Schedules a downtime in Nagios, which begins at once.").details(
        "Runs on the host of Nagios, most often as a link with `delegate`, by Nagios' command file (`SCHEDULE_HOST_DOWNTIME` and the \
         like). The work is done when Nagios' status file tells of the downtime. What is in a downtime by the same `author` with the same \
         `comment` is left alone if that lasts long enough, give or take a minute; otherwise a longer one takes its place, without a gap. \
         Downtimes of others are not touched. That there is one stays open until `nagios.downtime.remove` closes it, and is told \
         at the end of the run.\n\n\
         A run that takes longer than was thought does not outlast it: when three quarters of the time are over (or all but ten minutes \
         of it) and nothing has removed the downtime, it is scheduled anew for as long again, however often that is needed. So `for` is \
         how soon Nagios speaks up again if runsheet itself dies, and need not be guessed generously. \
         A downtime that a task in Starlark opens is not extended.\n\n\
         Nagios keeps quiet about services of a host in a downtime; with `services` they have downtimes of their own. \
         A Nagios that does not run is a failure, and nothing waits for it. No value may hold a `;` or an end of line, which would be \
         another command.\n\n\
         ```yaml\n\
         - name: Restart apache\n  \
           hosts: web\n  \
           window: 2\n  \
           do:\n    \
             - task: nagios.downtime\n      \
               delegate: monitor\n      \
               args: {of: \"{{ host.name }}\", for: 15m, comment: \"release 7\"}\n    \
             - task: apache.restart\n  \
           always:\n    \
             - task: nagios.downtime.remove\n      \
               delegate: monitor\n      \
               args: {of: \"{{ host.name }}\", comment: \"release 7\"}\n\
         ```",
    );
    let spec = Target::args_with_hostgroup(spec).arg(Arg::required("for", ArgKind::Duration, "How long, from now."));
    Nagios::args(Signature::args(spec)).arg(Nagios::objects_arg()).idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let length = config.duration("for")?;
    let target = Target::of(config).map_err(Early::mistake)?;
    let ours = Signature::of(config).map_err(Early::mistake)?;
    if length < Duration::from_secs(1) || length > LONGEST {
        return Ok(Outcome::failed("`for` is a second at least and a year at most", 2));
    }
    let nagios = Nagios::on(config, host, target)?;
    let target = nagios.target();
    let debt = format!("downtime {target}");
    let before = nagios.look().await?;
    let end = before.now + length.as_secs();
    if let Some(left) = time_left(&before, &ours, before.now)
        && left + SLACK_S.min(length.as_secs() / 10) >= length.as_secs()
    {
        let left = Duration::from_secs(left);
        let message = format!("{target} is in downtime already, for {} more", format_duration(left));
        return Ok(Outcome::unchanged(message).opens(debt).lasts(left));
    }
    host.would(format!("schedule a downtime of {} for {target}", format_duration(length)))?;
    nagios.tell(before.now, &commands(target, before.now, end, &ours)).await?;
    let covered = |view: &View| time_left(view, &ours, before.now).is_some_and(|left| before.now + left >= end);
    if let Err(why) = nagios.wait_until("not all of the downtime is there", covered).await? {
        return Ok(Outcome::failed(why, 1).opens(debt));
    }
    let old: Vec<_> = before.downtimes.iter().filter(|downtime| ours.is_on(downtime) && downtime.end < end).collect();
    if let Err(why) = delete(&nagios, before.now, &old).await? {
        return Ok(Outcome::failed(why, 1).opens(debt));
    }
    let told = format_duration(length);
    let message = match old.len() {
        0 => format!("{target} is in downtime for {told}"),
        _ => format!("{target} is in downtime for {told}, which takes the place of a shorter one"),
    };
    Ok(Outcome::changed(message).opens(debt).lasts(length))
}

/// Deletes downtimes by their numbers, and waits until they are gone.
pub(crate) async fn delete(
    nagios: &Nagios<'_>,
    now: u64,
    downtimes: &[&Downtime],
) -> Result<Result<(), String>, TaskError> {
    if downtimes.is_empty() {
        return Ok(Ok(()));
    }
    let commands: Vec<_> = downtimes
        .iter()
        .map(|downtime| format!("{};{}", downtime.of.choose("DEL_HOST_DOWNTIME", "DEL_SVC_DOWNTIME"), downtime.id))
        .collect();
    nagios.tell(now, &commands).await?;
    let gone = |view: &View| !view.downtimes.iter().any(|now| downtimes.iter().any(|old| old.is(now)));
    Ok(nagios.wait_until("a downtime that was deleted is still there", gone).await?.map(|_| ()))
}

/// For how many seconds from `now` all of what is looked at is in a downtime of ours; nothing if some of it is in none.
fn time_left(view: &View, ours: &Signature<'_>, now: u64) -> Option<u64> {
    let ends = view.objects.iter().map(|object| {
        let own = view.downtimes.iter().filter(|downtime| downtime.of == object.name && ours.is_on(downtime));
        own.filter(|downtime| downtime.start <= view.now).map(|downtime| downtime.end).max()
    });
    let first = ends.collect::<Option<Vec<_>>>()?.into_iter().min()?;
    first.checked_sub(now).filter(|left| *left > 0)
}

/// The external commands, as Nagios documents them: a fixed downtime that nothing else triggers.
fn commands(target: &Target, start: u64, end: u64, ours: &Signature<'_>) -> Vec<String> {
    let names = match target {
        Target::Host { with_services: false, .. } => &["SCHEDULE_HOST_DOWNTIME"][..],
        Target::Host { .. } => &["SCHEDULE_HOST_DOWNTIME", "SCHEDULE_HOST_SVC_DOWNTIME"],
        Target::Service { .. } => &["SCHEDULE_SVC_DOWNTIME"],
        Target::Hostgroup { with_services: false, .. } => &["SCHEDULE_HOSTGROUP_HOST_DOWNTIME"],
        Target::Hostgroup { .. } => &["SCHEDULE_HOSTGROUP_HOST_DOWNTIME", "SCHEDULE_HOSTGROUP_SVC_DOWNTIME"],
    };
    let of = match target {
        Target::Host { host, .. } => host.clone(),
        Target::Service { host, service } => format!("{host};{service}"),
        Target::Hostgroup { group, .. } => group.clone(),
    };
    let (length, Signature { author, comment }) = (end - start, ours);
    names.iter().map(|name| format!("{name};{of};{start};{end};1;0;{length};{author};{comment}")).collect()
}
