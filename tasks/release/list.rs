//! List the releases on each host.

use runsheet_task::{Config, Host, Outcome, TaskSpec};

use super::place::{Current, Place, Release, place_args};

use crate::early::Early;

pub(crate) fn spec() -> TaskSpec {
    place_args(TaskSpec::new("release.list", "Lists the releases on each host, and says which one is current."))
        .details(
            "A line a release, the one that was made current last at the top: its name, when it was unpacked (in UTC), and the SHA-256 \
             of its archive; the current one has a `*`. A host without a release is a failure with the value 3.",
        )
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let place = Place::on(host, config)?;
    let releases = place.list().await?;
    if releases.is_empty() {
        return Ok(Outcome::failed(format!("there is no release in `{}`", place.root), 3));
    }
    let mut lines: Vec<_> = releases.iter().rev().map(line).collect();
    if !releases.iter().any(|release| release.is_current) {
        lines.push(match place.look(None).await?.current {
            Current::Nothing => "none is current".to_owned(),
            Current::Elsewhere | Current::NoLink | Current::Release(..) => {
                "none is current: `current` leads elsewhere".to_owned()
            }
        });
    }
    Ok(Outcome::unchanged(lines.join("\n")))
}

fn line(release: &Release) -> String {
    let Release { name, sha256, time, is_current } = release;
    let mark = if *is_current { '*' } else { ' ' };
    format!("{mark} {name}  {time}  {sha256}")
}
