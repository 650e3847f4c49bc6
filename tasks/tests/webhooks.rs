//! `webhook.post` and `slack.post` against a web server of the test that keeps what arrived. It also plays Slack, by Slack's documentation.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use runsheet_task::TaskError;
use serde_json::{Value, json};

use crate::played_server::PlayedServer;
use crate::shell_remote::ShellRemote;
use crate::stage::{self, Stage};

type Tested = Result<(), Box<dyn Error>>;

fn stage() -> Stage {
    stage::on(Arc::new(ShellRemote::new()))
}

/// One that knows these secrets.
fn stage_with(secrets: &[(&str, &str)]) -> Stage {
    let secrets = secrets.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Stage { secrets: secrets.collect::<BTreeMap<_, _>>(), ..stage() }
}

#[tokio::test]
async fn what_is_posted_arrives_as_it_is() -> Tested {
    let server = PlayedServer::answering(&[(201, "made")]);
    let text = "it's \"2\" $(id); \u{e9}\n-x";
    let url = server.url("/hook?a=1&b=%20");
    let outcome =
        stage().run("webhook.post", json!({"url": url, "text": text, "headers": ["X-Release: 1; a b"]})).await?;
    assert!(outcome.is_ok() && outcome.changed, "{outcome:?}");
    let json = r#"{"text": "it's \"2\" \u00e9"}"#;
    let args = json!({"url": url, "json": json, "headers": ["content-type: application/problem+json"], "expect": ["200", "201"]});
    let outcome = stage().run("webhook.post", args).await?;
    assert!(outcome.is_ok(), "{outcome:?}");
    let [first, second] = &server.arrived()[..] else { panic!("{:?}", server.arrived()) };
    assert_eq!((first.method.as_str(), first.target.as_str(), first.body.as_str()), ("POST", "/hook?a=1&b=%20", text));
    assert_eq!(first.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(first.header("x-release"), Some("1; a b"));
    assert_eq!((second.body.as_str(), second.header("content-type")), (json, Some("application/problem+json")));
    Ok(())
}

#[tokio::test]
async fn it_is_tried_again_only_where_that_does_no_harm() -> Tested {
    for (answers, idempotent, arrived, good) in [
        (&[(503, ""), (429, ""), (200, "")][..], false, 3, true),
        (&[(503, "")], false, 3, false),
        (&[(500, ""), (200, "")], false, 1, false),
        (&[(0, ""), (200, "")], false, 1, false),
        (&[(500, ""), (0, ""), (200, "")], true, 3, true),
        (&[(404, ""), (200, "")], true, 1, false),
        (&[(302, ""), (200, "")], true, 1, false),
    ] {
        let server = PlayedServer::answering(answers);
        let args = json!({"url": server.url("/"), "text": "x", "idempotent": idempotent});
        let outcome = stage().run("webhook.post", args).await?;
        assert_eq!(outcome.is_ok(), good, "{answers:?}: {outcome:?}");
        assert_eq!(server.arrived().len(), arrived, "{answers:?} {idempotent}");
        if answers[0].0 == 0 && !idempotent {
            assert!(outcome.message.contains("it may have arrived all the same"), "{outcome:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_is_tried_again() -> Tested {
    let closed = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let started = Instant::now();
    let args = json!({"url": format!("http://{closed}/"), "text": "x", "retries": 1});
    let outcome = stage().run("webhook.post", args).await?;
    assert!(outcome.message.contains("was not reached after 2 tries"), "{outcome:?}");
    assert!(started.elapsed() >= Duration::from_secs(1));
    Ok(())
}

#[tokio::test]
async fn a_silent_server_costs_no_more_than_the_timeout() -> Tested {
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let started = Instant::now();
    let args = json!({"url": format!("http://{}/", silent.local_addr()?), "text": "x", "timeout": "1s"});
    let outcome = stage().run("webhook.post", args).await?;
    assert!(outcome.message.contains("no answer within 1.0s; it may have arrived all the same"), "{outcome:?}");
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    Ok(())
}

#[tokio::test]
async fn secrets_are_sent_and_never_told() -> Tested {
    let echo = PlayedServer::playing(|request| {
        (500, vec![], format!("{} {}", request.target, request.header("authorization").unwrap_or_default()))
    });
    let closed = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let silent = TcpListener::bind("127.0.0.1:0")?;
    for url in [
        echo.url("/T000/s3cret?x=s3cret"),
        format!("http://{closed}/s3cret"),
        format!("http://{}/s3cret", silent.local_addr()?),
        // What is no address is one of the ways in which an address could get into a message.
        "http://s3cret host/".to_owned(),
        "s3cret".to_owned(),
        "http://s3cret@:x/".to_owned(),
        "http://[s3cret/".to_owned(),
        "http://s3cret.invalid/".to_owned(),
        "https://127.0.0.1:1/s3cret".to_owned(),
    ] {
        for (task, args) in [
            ("webhook.post", json!({"text": "x", "authorization": {"secret": "token"}})),
            ("slack.post", json!({"text": "x"})),
        ] {
            let mut args = args;
            args["url"] = json!({"secret": "hook"});
            args["retries"] = json!(0);
            args["timeout"] = json!("1s");
            let stage = stage_with(&[("hook", &url), ("token", "Bearer s3cret")]);
            let outcome = stage.run(task, args).await?;
            assert!(!outcome.is_ok() && !outcome.changed, "{url}: {outcome:?}");
            assert!(!format!("{outcome:?}").contains("s3cret"), "{url}: {outcome:?}");
        }
    }
    assert_eq!(echo.arrived().len(), 2);
    assert_eq!(echo.arrived()[0].header("authorization"), Some("Bearer s3cret"));
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_anything_is() -> Tested {
    let server = PlayedServer::answering(&[(200, "ok")]);
    let url = server.url("/");
    for (task, args) in [
        ("webhook.post", json!({"url": url})),
        ("webhook.post", json!({"url": url, "text": "x", "json": "{}"})),
        ("webhook.post", json!({"url": url, "json": "{"})),
        ("webhook.post", json!({"url": url, "text": "x", "headers": ["X-A: b\r\nX-B: c"]})),
        ("webhook.post", json!({"url": url, "text": "x", "headers": ["nothing"]})),
        ("webhook.post", json!({"url": url, "text": "x", "authorization": "a\nb"})),
        ("webhook.post", json!({"url": url, "text": "x", "expect": ["good"]})),
        ("webhook.post", json!({"url": "file:///etc/passwd", "text": "x"})),
        ("slack.post", json!({"url": "-x", "text": "x"})),
        ("slack.post", json!({"url": url, "text": " "})),
    ] {
        let outcome = stage().run(task, args.clone()).await?;
        assert_eq!((outcome.value, outcome.changed), (2, false), "{task} {args}: {outcome:?}");
    }
    for task in ["webhook.post", "slack.post"] {
        let dry = Stage { dry_run: true, ..stage() };
        let would = dry.run(task, json!({"url": url, "text": "x"})).await;
        assert!(matches!(would, Err(TaskError::Would { .. })), "{would:?}");
    }
    assert!(server.arrived().is_empty());
    Ok(())
}

#[tokio::test]
async fn slack_says_ok_or_why_not() -> Tested {
    let slack = PlayedServer::playing(|request| {
        let message: Value = match serde_json::from_str(&request.body) {
            Ok(message) if request.header("content-type") == Some("application/json") => message,
            _ => return (400, vec![], "invalid_payload".to_owned()),
        };
        match message["channel"].as_str() {
            Some("#gone") => (404, vec![], "channel_not_found".to_owned()),
            Some("#old") => (410, vec![], "channel_is_archived".to_owned()),
            Some("#odd") => (200, vec![], "<html>\u{1b}[2J a login page of a proxy".to_owned()),
            _ => (200, vec![], "ok".to_owned()),
        }
    });
    let text = "release *7* is out: it's \"2\" <https://example.com|here>\n\u{e9}";
    for (channel, part) in [
        ("#releases", "the message was posted to `#releases` of Slack"),
        ("#gone", "Slack answered 404 `channel_not_found`: there is no such channel"),
        ("#old", "Slack answered 410 `channel_is_archived`: the channel is archived"),
        ("#odd", "it does not say `ok`"),
    ] {
        let outcome =
            stage().run("slack.post", json!({"url": slack.url("/x"), "text": text, "channel": channel})).await?;
        assert!(outcome.message.contains(part), "{outcome:?}");
        assert_eq!(outcome.is_ok(), channel == "#releases", "{outcome:?}");
        assert!(!outcome.message.contains('\u{1b}'), "{outcome:?}");
    }
    let sent: Value = serde_json::from_str(&slack.arrived()[0].body)?;
    assert_eq!(sent, json!({"text": text, "channel": "#releases"}));
    Ok(())
}
