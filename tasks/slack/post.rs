//! Tell a channel of Slack.

use runsheet_model::Secret;
use runsheet_task::{Arg, ArgKind, Config, Host, HttpRequest, Outcome, TaskError, TaskSpec};
use serde_json::json;

use crate::delivery::Delivery;
use crate::web_address::is_web_address;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("slack.post", "Posts a message to Slack, from the machine that runs runsheet.")
        .details(
            "By an incoming webhook of Slack. One message for each host of the step: have the step `once`, or for one host, where it is meant \
             once. The work is done when Slack answers `ok`; what it answers otherwise is told in words.\n\n\
             The address lets everybody in who knows it: it is best a secret, and never part of a message then. It is tried again where it is \
             certain that Slack has not taken it: nobody was reached, or the answer was 429 or 503.\n\n\
             Tested with a stand-in that answers as Slack's documentation says.",
        )
        .arg(Arg::required("url", ArgKind::TextOrSecret, "The webhook's address, `https://hooks.slack.com/services/…`."))
        .arg(Arg::required("text", ArgKind::Text, "The message, with Slack's own marks such as `*bold*`."))
        .arg(Arg::optional("channel", ArgKind::Text, "Another channel than the webhook's own, where that allows it."));
    Delivery::args(spec)
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let url = config.secret_or_text("url")?.unwrap_or_else(|| Secret::new(String::new()));
    if !is_web_address(url.expose()) {
        return Ok(Outcome::failed("`url` is no `http://` or `https://` address", 2));
    }
    let text = config.text("text")?;
    if text.trim().is_empty() {
        return Ok(Outcome::failed("`text` is empty: Slack takes no message without one", 2));
    }
    let mut message = json!({"text": text});
    if let Some(channel) = config.opt_text("channel") {
        message["channel"] = channel.into();
    }
    let place = config.opt_text("channel").map_or_else(|| "Slack".to_owned(), |name| format!("`{name}` of Slack"));
    host.would(format!("post a message to {place}"))?;
    let request = HttpRequest {
        method: "POST",
        url,
        // Also where it is no secret of ours: whoever knows it may post.
        called: "Slack".to_owned(),
        headers: vec![("Content-Type".to_owned(), Secret::new("application/json".to_owned()))],
        body: Some(Secret::new(message.to_string().into_bytes())),
    };
    Ok(match Delivery::new(config, host, request, false)?.deliver().await {
        Ok(answer) if answer.status == 200 && answer.body.trim() == "ok" => {
            Outcome::changed(format!("the message was posted to {place}"))
        }
        Ok(answer) => Outcome::failed(complaint(answer.status, answer.body.trim()), 1),
        Err(why) => Outcome::failed(why, 1),
    })
}

/// What Slack does not like, in words (Slack's documentation: "Sending messages using incoming webhooks", "Handling errors").
fn complaint(status: u16, body: &str) -> String {
    let meaning = match body {
        "action_prohibited" => "an administrator of the workspace forbids it",
        "channel_is_archived" => "the channel is archived",
        "channel_not_found" => "there is no such channel, or the webhook may not post there",
        "invalid_payload" => "it cannot read the message",
        "invalid_token" => "the address is no longer good",
        "missing_text_or_fallback_or_attachments" | "no_text" => "the message has no text",
        "no_active_hooks" | "no_service" | "no_service_id" => "there is no such webhook, or it was switched off",
        "no_team" | "team_disabled" => "there is no such workspace, or it was switched off",
        "posting_to_general_channel_denied" => "the webhook may not post to the general channel",
        "rollup_error" | "rate_limited" => "it gets too many messages at once",
        "user_not_found" => "there is no such user",
        _ if status == 429 => "it gets too many messages at once",
        _ => "it does not say `ok`",
    };
    // Anything but one of Slack's words is from somebody on the way, who may say the address again.
    if is_word(body) {
        format!("Slack answered {status} `{body}`: {meaning}")
    } else {
        format!("Slack answered {status}: {meaning}")
    }
}

fn is_word(body: &str) -> bool {
    (1..60).contains(&body.len()) && body.bytes().all(|c| c.is_ascii_lowercase() || c == b'_')
}
