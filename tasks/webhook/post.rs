//! Tell a web address of something.

use runsheet_model::{Secret, shortened, visible};
use runsheet_task::{Arg, ArgKind, Config, Host, HttpRequest, Outcome, TaskSpec};
use serde_json::Value;

use crate::delivery::Delivery;
use crate::early::Early;
use crate::web_address::is_web_address;

/// How much of an answer is shown, in characters.
const SHOWN: usize = 200;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("webhook.post", "Posts something to a web address, from the machine that runs runsheet.")
        .details(
            "One `POST` for each host of the step: have the step `once`, or for one host, where it is meant once. Redirects are not followed, \
             proxies are not asked, certificates are checked.\n\n\
             It is tried again where it is certain that nothing was taken: nobody was reached, or the answer was 429 or 503. After another \
             failure it may have arrived; with `idempotent` it is tried again then too, which is for those who do not mind to hear \
             things twice. The address can be a secret, and so can the value of the header `Authorization`; neither is ever part of a message, and \
             where there is one, what was answered is not shown either.",
        )
        .arg(Arg::required("url", ArgKind::TextOrSecret, "The address, `http://…` or `https://…`."))
        .arg(Arg::optional("json", ArgKind::Text, "What is sent: JSON, as text."))
        .arg(Arg::optional("text", ArgKind::Text, "In its place, plain text."))
        .arg(Arg::optional("headers", ArgKind::TextList, "Headers, each as `Name: value`.").default(Vec::<String>::new()))
        .arg(Arg::optional("authorization", ArgKind::TextOrSecret, "The value of the header `Authorization`, such as `Bearer …`."))
        .arg(Arg::optional("expect", ArgKind::TextList, "The statuses that are success, such as `201` or `2xx`.").default(vec!["2xx"]))
        .arg(Arg::optional("idempotent", ArgKind::Boolean, "Whether it may arrive twice.").default(false));
    Delivery::args(spec)
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let request = request(config)?;
    let expected = config.list("expect")?;
    if let Some(wrong) = expected.iter().find(|status| !is_status(status)) {
        return Ok(Outcome::failed(format!("`{}` is no status such as `201` or `2xx`", wrong.escape_default()), 2));
    }
    let hidden = config.args.secret("url").is_some() || config.args.secret("authorization").is_some();
    let called = request.called.clone();
    host.would(format!("post to {called}"))?;
    let delivery = Delivery::new(config, host, request, config.boolean("idempotent")?)?;
    Ok(match delivery.deliver().await {
        Ok(answer) if expected.iter().any(|status| fits(answer.status, status)) => {
            Outcome::changed(format!("{called} answered {}", answer.status))
        }
        Ok(answer) => {
            let said = match answer.body.trim() {
                "" => String::new(),
                _ if hidden => String::new(),
                body => format!(": {}", shortened(&visible(body.as_bytes()), SHOWN)),
            };
            Outcome::failed(format!("{called} answered {}, not {}{said}", answer.status, expected.join(" or ")), 1)
        }
        Err(why) => Outcome::failed(why, 1),
    })
}

/// Puts the request together, or says what is wrong with the arguments.
fn request(config: &Config) -> Result<HttpRequest, Early> {
    let (url, called) = address(config)?;
    let (body, kind) = match (config.opt_text("json"), config.opt_text("text")) {
        (Some(json), None) => match serde_json::from_str::<Value>(json) {
            Ok(_) => (json, "application/json"),
            Err(error) => return Err(Early::mistake(format!("`json` is no JSON: {error}"))),
        },
        (None, Some(text)) => (text, "text/plain; charset=utf-8"),
        _ => return Err(Early::mistake("one of `json` and `text` has to be given, and only one")),
    };
    let mut headers = Vec::new();
    for line in config.list("headers")? {
        match header(line) {
            Some(header) => headers.push(header),
            None => {
                return Err(Early::mistake(format!("`{}` is no header such as `Name: value`", line.escape_default())));
            }
        }
    }
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        headers.push(("Content-Type".to_owned(), Secret::new(kind.to_owned())));
    }
    if let Some(value) = config.secret_or_text("authorization")? {
        if value.expose().is_empty() || value.expose().contains(char::is_control) {
            return Err(Early::mistake("`authorization` is empty or holds a control character"));
        }
        headers.push(("Authorization".to_owned(), value));
    }
    let body = Some(Secret::new(body.as_bytes().to_vec()));
    Ok(HttpRequest { method: "POST", url, called, headers, body })
}

/// The address of the argument `url`, and what it is called.
pub(crate) fn address(config: &Config) -> Result<(Secret<String>, String), Early> {
    let url = config.secret_or_text("url")?.unwrap_or_else(|| Secret::new(String::new()));
    let called = match config.args.secret("url") {
        Some(name) => format!("the address in the secret `{name}`"),
        None => url.expose().escape_default().to_string(),
    };
    if !is_web_address(url.expose()) {
        return Err(Early::mistake(format!("{called} is no `http://` or `https://` address")));
    }
    Ok((url, called))
}

/// Reads `Name: value` (RFC 9110, §5.1 and §5.5).
fn header(line: &str) -> Option<(String, Secret<String>)> {
    let (name, value) = line.split_once(':')?;
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let good = !name.is_empty() && name.chars().all(token) && !value.contains(char::is_control);
    good.then(|| (name.to_owned(), Secret::new(value.trim().to_owned())))
}

fn is_status(text: &str) -> bool {
    let digits = text.strip_suffix("xx").unwrap_or(text);
    let wanted = if text.ends_with("xx") { 1 } else { 3 };
    digits.len() == wanted
        && digits.starts_with(['1', '2', '3', '4', '5'])
        && digits.bytes().all(|c| c.is_ascii_digit())
}

fn fits(status: u16, expected: &str) -> bool {
    match expected.strip_suffix("xx") {
        Some(class) => (status / 100).to_string() == class,
        None => status.to_string() == expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_numbers_or_classes() {
        for (text, good) in
            [("200", true), ("2xx", true), ("5xx", true), ("", false), ("xx", false), ("20", false), ("600", false)]
        {
            assert_eq!(is_status(text), good, "{text}");
        }
        assert!(fits(204, "2xx") && fits(204, "204") && !fits(204, "20xx") && !fits(302, "2xx"));
    }

    #[test]
    fn a_line_that_would_be_two_headers_is_none() {
        for (line, good) in [
            ("X-A: b c", true),
            ("X-A:", true),
            ("X-A: b\r\nX-B: c", false),
            ("no header", false),
            ("X A: b", false),
            (": b", false),
        ] {
            assert_eq!(header(line).is_some(), good, "{line:?}");
        }
    }
}
