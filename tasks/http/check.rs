//! Check what a web server answers.

use std::time::Duration;

use runsheet_model::format_duration;
use runsheet_task::{Arg, ArgKind, Config, Host, HttpAnswer, Outcome, TaskError, TaskSpec};
use tokio::time::Instant;

use crate::on_host::{Heard, http_get};
use crate::patience::Patience;
use crate::viewpoint::{Viewpoint, reason};
use crate::web_address::is_web_address;

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("http.check", "Checks what a web server answers.")
        .details(
            "One `GET`. Redirects are not followed, proxies are not asked, certificates are checked. From the host it is made \
             with curl, else with wget. `text` is looked for in the first 64 KiB.\n\n\
             With `wait` it is tried again until the answer is the expected one; a try that has begun may end up to `timeout` \
             after `wait`.\n\n\
             With `within` an answer that takes longer is none that is expected. It is measured where the page is looked at from, from \
             the start of the program that fetches it to the end of the page; a host that is not Linux does not tell, and then the \
             way to it counts too.",
        )
        .arg(Arg::required("url", ArgKind::Text, "The page, `http://…` or `https://…`."))
        .arg(
            Arg::optional("expect", ArgKind::Integer { min: 100, max: 599 }, "The status that is expected.").default(200),
        )
        .arg(Arg::optional("text", ArgKind::Text, "A text that the page has to hold."))
        .arg(Arg::optional("within", ArgKind::Duration, "How long the answer may take; if absent, as long as `timeout`."))
        .arg(Arg::optional("wait", ArgKind::Duration, "How long to try again; `0s` is one try.").default("0s"))
        .arg(Arg::optional("timeout", ArgKind::Duration, "How long one try may take.").default("10s"))
        .arg(Viewpoint::arg())
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let url = config.text("url")?;
    if !is_web_address(url) {
        return Ok(Outcome::failed(format!("`{}` is no `http://` or `https://` address", url.escape_default()), 2));
    }
    let expected = config.integer("expect")?;
    let text = config.args.text("text");
    let within = config.args.duration("within");
    let timeout = config.duration("timeout")?;
    let from = Viewpoint::of(config)?;
    let mut patience = Patience::new(host, config.duration("wait")?);
    let mut tries = 0;
    loop {
        tries += 1;
        let limit = patience.limit(timeout);
        let heard = match from {
            Viewpoint::Host => http_get(host, url, limit).await?,
            Viewpoint::Here => {
                let asked = Instant::now();
                match host.local().http_get(url, limit).await {
                    Ok(answer) => Heard::Answer(answer, asked.elapsed()),
                    Err(error) => Heard::Nothing(reason(error)),
                }
            }
        };
        let last = match heard {
            Heard::Answer(answer, took) => {
                match complaint(&answer, expected, text).or_else(|| too_late(took, within)) {
                    None => return Ok(Outcome::unchanged(format!("{url} answered {expected}"))),
                    Some(complaint) => complaint,
                }
            }
            Heard::Nothing(why) => why,
            Heard::Impossible(why) => return Ok(Outcome::failed(format!("cannot ask {url}: {why}"), 1)),
        };
        if !patience.pause().await {
            let message = match tries {
                1 => format!("{url}: {last}"),
                _ => format!("{url} after {} and {tries} tries; last: {last}", format_duration(patience.waited())),
            };
            return Ok(Outcome::failed(message, 1));
        }
    }
}

/// What is wrong with an answer; nothing if it is as expected.
fn complaint(answer: &HttpAnswer, expected: i64, text: Option<&str>) -> Option<String> {
    if i64::from(answer.status) != expected {
        return Some(format!("status {} instead of {expected}", answer.status));
    }
    match text {
        Some(text) if !answer.body.contains(text) => {
            Some(format!("status {expected}, but the page does not hold `{text}`"))
        }
        _ => None,
    }
}

/// That an answer took too long; nothing if it did not.
fn too_late(took: Duration, within: Option<Duration>) -> Option<String> {
    let within = within.filter(|within| took > *within)?;
    Some(format!("the answer took {}, not at most {}", format_duration(took), format_duration(within)))
}
