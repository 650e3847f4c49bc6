//! Make an earlier release the current one again on each host.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use super::place::{Current, Made, Place, place_args, release_name, wait_arg};

use crate::early::Early;

pub(crate) fn spec() -> TaskSpec {
    place_args(TaskSpec::new("release.rollback", "Makes an earlier release the current one again on each host."))
        .details(
            "Without a name that is the one that was current before the current one was deployed, as `revisions.log` on the host tells; if \
             that is gone, the one before it. It has to be there whole, with the marker of its deploy. `current` is switched at once, and \
             nothing is removed.\n\n\
             An attempt whose end was not seen goes back no further when it is repeated: the log tells that this step of this run has done \
             its work. To restart what serves it is for the next link of the chain.",
        )
        .arg(Arg::optional("release", ArgKind::Text, "The release; without one the one before. What looks like a number, such as `\"1.10\"`, stands in quotes."))
        .arg(wait_arg())
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let named = config.opt_text("release");
    let place = Place::on(host, config)?;
    if let Some(bad) = named.filter(|name| release_name(name).is_none()) {
        return Ok(Outcome::failed(format!("`{}` is no name of a release", bad.escape_default()), 2));
    }
    let look = place.look(named).await?;
    let now = look.current.name();
    // This very step of this run has done it, in an attempt whose end was not seen. Once more would be one too many.
    if let Some((_, name)) = look.last.as_ref().filter(|(action, _)| named.is_none() && action == "rolled-back") {
        return Ok(if now == Some(name) {
            Outcome::unchanged(format!("`{name}` is the current release: an earlier attempt went back to it"))
        } else {
            let now = now.unwrap_or("something else");
            let message =
                format!("an earlier attempt went back to `{name}`, and since then somebody has made `{now}` current");
            Outcome::failed(message, 1)
        });
    }
    let Some((name, made)) = &look.wanted else {
        return Ok(Outcome::failed(
            match now {
                Some(now) => format!(
                    "`{}/revisions.log` tells of no release before `{now}` that is still there: name one",
                    place.root
                ),
                None => format!("no release is current in `{}`: name one", place.root),
            },
            1,
        ));
    };
    if now == Some(name) {
        return Ok(Outcome::unchanged(format!("`{name}` is the current release already")));
    }
    let sha256 = match made {
        Made::Of(sha256) => sha256,
        Made::Absent => return Ok(Outcome::failed(format!("there is no release `{name}` in `{}`", place.root), 1)),
        Made::Strange => {
            let message =
                format!("`{}/releases/{name}` has no marker of a deploy: nobody knows whether it is whole", place.root);
            return Ok(Outcome::failed(message, 1));
        }
    };
    host.would(format!("make release `{name}` the current one again in `{}`", place.root))?;
    let said = place.roll_back((name, sha256), &look.current, config.duration("wait")?).await?;
    if !said.ok() {
        return Ok(Outcome::failed(said.complaint(), said.code()));
    }
    let before = Current::was(now.unwrap_or(if look.current == Current::Nothing { "-" } else { "?" }));
    Ok(Outcome::changed(format!("`{name}` is the current release again; {before}")))
}
