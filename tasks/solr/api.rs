use std::time::Duration;

use runsheet_model::{shortened, visible};
use runsheet_task::{Arg, ArgKind, Config, Host, TaskError, TaskSpec};
use serde_json::Value;

use super::server::base_url;
use crate::early::Early;
use crate::on_host::{Heard, http_get_large};
use crate::patience::Patience;

/// Said on the page of each task that asks Solr something.
pub(crate) const ASKED: &str = "Solr is asked by its HTTP API from the host itself, with curl, else with wget; tested with a \
                                server that plays Solr by its reference guide.";

/// Solr's HTTP API, as a host reaches it.
pub(crate) struct SolrApi<'a> {
    host: &'a Host,
    base: String,
    /// How long one answer may take.
    timeout: Duration,
}

impl<'a> SolrApi<'a> {
    /// Adds the arguments `address`, `port` and `timeout`.
    pub(crate) fn args(spec: TaskSpec, timeout: &'static str) -> TaskSpec {
        spec.arg(
            Arg::optional("address", ArgKind::Text, "The address at which the host itself reaches it.")
                .default("127.0.0.1"),
        )
        .arg(Arg::optional("port", ArgKind::port(), "Its port.").default(8983))
        .arg(Arg::optional("timeout", ArgKind::Duration, "How long one answer may take.").default(timeout))
    }

    pub(crate) fn on(config: &Config, host: &'a Host) -> Result<Self, TaskError> {
        let base = format!("{}/solr", base_url(config)?);
        Ok(Self { host, base, timeout: config.duration("timeout")? })
    }

    /// The address of something of it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }

    /// Asks it; what it does not like is an error.
    pub(crate) async fn ask(&self, path: &str) -> Result<Value, TaskError> {
        self.try_url(&self.url(path)).await?.map_err(TaskError::failed)
    }

    /// Asks it, or another Solr at this address, once; tells why there is no good answer.
    pub(crate) async fn try_url(&self, url: &str) -> Result<Result<Value, String>, TaskError> {
        let limit = Patience::new(self.host, self.timeout).limit(self.timeout);
        let url = format!("{url}{}wt=json", if url.contains('?') { '&' } else { '?' });
        Ok(match http_get_large(self.host, &url, limit).await? {
            Heard::Answer(answer, _) => read(answer.status, &answer.body).map_err(|why| format!("{url} {why}")),
            Heard::Nothing(why) => Err(format!("{url}: {why}")),
            Heard::Impossible(why) => return Err(TaskError::failed(format!("cannot ask {url}: {why}"))),
        })
    }
}

/// A name that is one word of an address: what Solr itself takes for the name of a core or a collection.
pub(crate) fn named<'a>(what: &str, name: &'a str) -> Result<&'a str, Early> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let dots = name.chars().all(|c| c == '.');
    if !name.is_empty() && name.chars().all(plain) && !dots && !name.starts_with('-') {
        return Ok(name);
    }
    Err(Early::mistake(format!("`{}` cannot be the name of a {what}", name.escape_default())))
}

/// Reads an answer: JSON, whose header has a status of 0, and which has no status of its own that says otherwise.
fn read(status: u16, body: &str) -> Result<Value, String> {
    let answer = serde_json::from_str::<Value>(body).unwrap_or_default();
    let said = answer.pointer("/error/msg").or_else(|| answer.get("message")).and_then(Value::as_str);
    let said = said.map_or_else(String::new, |said| format!(": {}", shortened(&visible(said.as_bytes()), 300)));
    if status != 200 {
        return Err(format!("answered {status}{said}"));
    }
    let good = answer.pointer("/responseHeader/status").and_then(Value::as_i64) == Some(0);
    // Where it is no text it is something else: the states of cores.
    let own = answer.get("status").and_then(Value::as_str).is_none_or(|own| own.eq_ignore_ascii_case("ok"));
    match answer {
        answer if good && own => Ok(answer),
        Value::Object(_) => Err(format!("does not answer that all is well{said}")),
        _ => Err("does not answer as Solr does".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_that_says_so_is_good() {
        let good = r#"{"responseHeader":{"status":0,"QTime":1}}"#;
        assert!(read(200, good).is_ok());
        assert!(read(200, r#"{"responseHeader":{"status":0},"status":"OK"}"#).is_ok());
        assert!(read(200, r#"{"responseHeader":{"status":0},"status":{"listings":{}}}"#).is_ok());
        for (status, body, part) in [
            (500, good, "answered 500"),
            (404, "<html>", "answered 404"),
            (503, r#"{"error":{"msg":"not up","code":503}}"#, "answered 503: not up"),
            (200, r#"{"responseHeader":{"status":400}}"#, "all is well"),
            (
                200,
                r#"{"responseHeader":{"status":0},"status":"ERROR","message":"No follower configured"}"#,
                "No follower",
            ),
            (200, "{}", "all is well"),
            (200, "", "as Solr does"),
            (200, r#"{"responseHeader":{"stat"#, "as Solr does"),
        ] {
            let said = read(status, body).expect_err("it is not good");
            assert!(said.contains(part), "{said}");
        }
    }

    #[test]
    fn a_name_that_would_be_another_address_is_refused() {
        assert!(named("core", "listings_1.shard-2").is_ok());
        for name in ["", "-x", "a/b", "..", "a b", "a&b=c", "a?x", "é", "a\n"] {
            assert!(named("core", name).is_err(), "{name}");
        }
    }
}
