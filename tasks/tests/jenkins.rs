//! The tasks for Jenkins' agents, with a real curl. **Stand-in:** Debian has no Jenkins; a web server of the test plays one, with the state of
//! an agent, and with the requests and answers of Jenkins' documentation: a login by API token, and a crumb that belongs to a session.

use std::error::Error;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use runsheet_model::Outcome;
use runsheet_task::TaskError;
use serde_json::{Value, json};

use crate::played_server::{Answer, PlayedServer, Request};
use crate::shell_remote::ShellRemote;
use crate::stage::{self, Stage};

type Tested = Result<(), Box<dyn Error>>;

/// What stands in the way of careless quoting.
const TOKEN: &str = r#"s3cret"\ #'$(id)"#;

#[derive(Debug, Default)]
struct Agent {
    /// Why it was taken out.
    out: Option<String>,
    disconnected: bool,
    /// How many times it is looked at until its builds have ended, and until it is connected again.
    builds_end_in: u32,
    connects_in: u32,
    /// Whether the controller starts it.
    launched: bool,
    launches: u32,
    sessions: u32,
    /// What the controller refuses, whoever asks.
    forbids: bool,
}

struct PlayedJenkins {
    server: PlayedServer,
    agent: Arc<Mutex<Agent>>,
}

impl PlayedJenkins {
    fn new() -> Self {
        let agent = Arc::new(Mutex::new(Agent { launched: true, ..Agent::default() }));
        let played = Arc::clone(&agent);
        let server = PlayedServer::playing(move |request| {
            play(&mut played.lock().unwrap_or_else(PoisonError::into_inner), request)
        });
        Self { server, agent }
    }

    fn agent(&self) -> MutexGuard<'_, Agent> {
        self.agent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(&self, task: &str, more: Value) -> Result<Outcome, TaskError> {
        self.run_on(&stage(), task, more).await
    }

    async fn run_on(&self, stage: &Stage, task: &str, more: Value) -> Result<Outcome, TaskError> {
        let mut args =
            json!({"url": self.server.url("/ci/"), "agent": "linux 1", "user": "dana", "token": {"secret": "token"}});
        for (name, value) in more.as_object().expect("arguments") {
            args[name] = value.clone();
        }
        stage.run(task, args).await
    }
}

fn stage() -> Stage {
    stage_on(ShellRemote::new())
}

fn stage_on(remote: ShellRemote) -> Stage {
    Stage { secrets: [("token".to_owned(), TOKEN.to_owned())].into(), ..stage::on(Arc::new(remote)) }
}

fn page(status: u16, body: &str) -> Answer {
    (status, vec!["X-Jenkins: 2.516".to_owned()], body.to_owned())
}

fn play(agent: &mut Agent, request: &Request) -> Answer {
    let login = request.header("authorization").and_then(|value| value.strip_prefix("Basic "));
    let known = login.is_some_and(|login| decoded(login) == format!("dana:{TOKEN}"));
    if !known {
        return page(401, "<title>Error 401 Unauthorized</title>");
    }
    let path = request.target.split('?').next().unwrap_or_default();
    if path == "/ci/crumbIssuer/api/json" {
        agent.sessions += 1;
        let session = agent.sessions;
        let cookie = format!("Set-Cookie: JSESSIONID.x={session}; Path=/ci; HttpOnly");
        let crumb = json!({"_class": "hudson.security.csrf.DefaultCrumbIssuer", "crumb": format!("c{session}"), "crumbRequestField": "Jenkins-Crumb"});
        return (200, vec![cookie, "Set-Cookie: other=1".to_owned()], crumb.to_string());
    }
    let Some(action) = path.strip_prefix("/ci/computer/linux%201/") else {
        return page(404, "<title>Error 404</title>");
    };
    if action == "api/json" {
        return page(200, &state(agent).to_string());
    }
    let cookies = request.header("cookie").unwrap_or_default();
    let session = cookies.split("; ").find_map(|cookie| cookie.strip_prefix("JSESSIONID.x="));
    if request.method != "POST" {
        return page(405, "<title>Error 405</title>");
    }
    if session.is_none() || request.header("jenkins-crumb") != session.map(|session| format!("c{session}")).as_deref() {
        return page(403, "<title>Error 403 No valid crumb was included in the request</title>");
    }
    if agent.forbids {
        return page(403, "<title>Error 403 dana is missing the Agent/Disconnect permission</title>");
    }
    let message = request.body.strip_prefix("offlineMessage=").unwrap_or_default().to_owned();
    match action {
        "toggleOffline" => agent.out = if agent.out.is_some() { None } else { Some(plain(&message)) },
        "doDisconnect" => agent.disconnected = true,
        "launchSlaveAgent" if agent.disconnected => {
            agent.launches += 1;
            agent.connects_in = 2;
        }
        "launchSlaveAgent" => {}
        _ => return page(404, ""),
    }
    (302, vec!["Location: .".to_owned()], String::new())
}

fn state(agent: &mut Agent) -> Value {
    let busy = agent.builds_end_in > 0;
    agent.builds_end_in = agent.builds_end_in.saturating_sub(1);
    if agent.connects_in > 0 {
        agent.connects_in -= 1;
        agent.disconnected = agent.connects_in > 0;
    }
    json!({
        "_class": "hudson.slaves.SlaveComputer",
        "displayName": "linux 1",
        "idle": !busy,
        "offline": agent.out.is_some() || agent.disconnected,
        "temporarilyOffline": agent.out.is_some(),
        // It tells only what comes after the last of these.
        "offlineCauseReason": agent.out.as_deref().unwrap_or_default().rsplit(" : ").next(),
        "launchSupported": agent.launched,
        "absoluteRemotePath": (!agent.disconnected).then_some("/srv/ci"),
        "executors": [{"idle": !busy}, {"idle": true}],
        "oneOffExecutors": [],
    })
}

/// What a form says (application/x-www-form-urlencoded).
fn plain(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits: String = rest.by_ref().take(2).map(char::from).collect();
                u8::from_str_radix(&digits, 16).expect("two digits")
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).expect("text")
}

/// Base64 (RFC 4648), as much of it as a login needs.
fn decoded(text: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = text.bytes().filter_map(|byte| LETTERS.iter().position(|letter| *letter == byte));
    let (mut bytes, mut held, mut count) = (Vec::new(), 0_usize, 0);
    for six in bits {
        held = (held << 6 | six) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(held >> count & 0xff).expect("a byte"));
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn an_agent_is_taken_out_and_put_back_once() -> Tested {
    let jenkins = PlayedJenkins::new();
    let reason = json!({"reason": "it's \"7\" & more : $(id) \u{e9}"});
    let out = jenkins.run("jenkins.agent.offline", reason.clone()).await?;
    assert!(out.is_ok() && out.changed, "{out:?}");
    assert_eq!(out.opens[0].0, "offline linux 1");
    assert_eq!(jenkins.agent().out.as_deref(), reason["reason"].as_str());
    // Doing it twice would put it back.
    let again = jenkins.run("jenkins.agent.offline", reason.clone()).await?;
    assert!(again.is_ok() && !again.changed && jenkins.agent().out.is_some(), "{again:?}");
    assert_eq!(again.opens, out.opens);

    let other = json!({"reason": "another"});
    for task in ["jenkins.agent.offline", "jenkins.agent.online"] {
        let refused = jenkins.run(task, other.clone()).await?;
        assert!(refused.message.starts_with("somebody else has taken `linux 1` out"), "{refused:?}");
        assert!(refused.opens.is_empty() && refused.closes.is_empty() && jenkins.agent().out.is_some());
    }

    let back = jenkins.run("jenkins.agent.online", reason).await?;
    assert!(back.is_ok() && back.changed && jenkins.agent().out.is_none(), "{back:?}");
    assert_eq!(back.closes, out.opens);
    let again = jenkins.run("jenkins.agent.online", json!({})).await?;
    assert!(again.is_ok() && !again.changed && jenkins.agent().out.is_none(), "{again:?}");
    Ok(())
}

#[tokio::test]
async fn builds_are_waited_for() -> Tested {
    let jenkins = PlayedJenkins::new();
    jenkins.agent().builds_end_in = 3;
    let idle = jenkins.run("jenkins.agent.wait_idle", json!({})).await?;
    assert!(idle.is_ok() && !idle.changed, "{idle:?}");
    assert_eq!(jenkins.agent().builds_end_in, 0, "the wait was over too early");
    jenkins.agent().builds_end_in = 1000;
    let busy = jenkins.run("jenkins.agent.wait_idle", json!({"wait": "300ms"})).await?;
    assert!(busy.message.starts_with("1 build on `linux 1` did not end within"), "{busy:?}");
    let refused = jenkins.run("jenkins.agent.restart", json!({})).await?;
    assert!(!refused.is_ok() && !jenkins.agent().disconnected, "{refused:?}");
    Ok(())
}

#[tokio::test]
async fn an_agent_is_connected_anew_and_stays_out_if_it_was() -> Tested {
    let jenkins = PlayedJenkins::new();
    for out in [None, Some("why".to_owned())] {
        jenkins.agent().out = out.clone();
        let restarted = jenkins.run("jenkins.agent.restart", json!({})).await?;
        assert!(restarted.is_ok() && restarted.changed, "{restarted:?}");
        let mut agent = jenkins.agent();
        assert!(!agent.disconnected && agent.launches == 1 && agent.out == out, "{agent:?}");
        agent.launches = 0;
    }
    // One that connects by itself, and does not come.
    jenkins.agent().launched = false;
    let gone = jenkins.run("jenkins.agent.restart", json!({"wait": "300ms"})).await?;
    assert!(gone.message.contains("was ended, and is not connected again after"), "{gone:?}");
    let back = jenkins.run("jenkins.agent.online", json!({"wait": "300ms"})).await?;
    assert!(back.message.contains("gets builds again, but is not connected after"), "{back:?}");
    // It comes after all.
    jenkins.agent().connects_in = 2;
    let restarted = jenkins.run("jenkins.agent.restart", json!({})).await?;
    assert!(restarted.is_ok() && jenkins.agent().launches == 0, "{restarted:?}");
    Ok(())
}

#[tokio::test]
async fn what_jenkins_refuses_is_told_in_words() -> Tested {
    let jenkins = PlayedJenkins::new();
    for (more, part) in [
        (json!({"agent": "nope"}), "has no agent `nope` (404)"),
        (json!({"token": "wrong"}), "does not know the user or the token (401)"),
        (json!({"url": "http://127.0.0.1:1"}), "cannot ask http://127.0.0.1:1: curl: (7)"),
    ] {
        let error = jenkins.run("jenkins.agent.wait_idle", more).await.expect_err("refused").to_string();
        assert!(error.contains(part), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
    jenkins.agent().forbids = true;
    let error = jenkins.run("jenkins.agent.offline", json!({"reason": "x"})).await.expect_err("refused").to_string();
    assert!(error.ends_with("does not let the user do this (403)"), "{error}");
    assert!(jenkins.agent().out.is_none());
    for more in [
        json!({"url": "file:///etc/passwd"}),
        json!({"url": "http://u:p@x/"}),
        json!({"agent": "a/../../b"}),
        json!({"agent": ".."}),
        json!({"agent": "a\nb"}),
        json!({"user": "a:b"}),
        json!({"user": "a\nurl = \"http://x\""}),
        json!({"token": "a\nurl = \"http://x\""}),
    ] {
        let refused = jenkins.run("jenkins.agent.wait_idle", more.clone()).await?;
        assert_eq!((refused.value, refused.changed), (2, false), "{more}: {refused:?}");
    }
    let dry = Stage { dry_run: true, ..stage() };
    let would = jenkins.run_on(&dry, "jenkins.agent.offline", json!({"reason": "x"})).await;
    assert!(matches!(&would, Err(TaskError::Would { what }) if what == "take the agent `linux 1` out"), "{would:?}");
    assert!(jenkins.agent().out.is_none());
    Ok(())
}

#[tokio::test]
async fn the_token_is_in_no_argument_and_no_environment() -> Tested {
    let jenkins = PlayedJenkins::new();
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("log");
    let curl = folder.path().join("curl");
    fs::write(
        &curl,
        format!(
            "#!/bin/sh\n{{ tr '\\0' '\\n' </proc/$PPID/cmdline; echo \"$@\"; env; }} >>{}\nexec /usr/bin/curl \"$@\"\n",
            log.display()
        ),
    )?;
    fs::set_permissions(&curl, Permissions::from_mode(0o755))?;
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let stage = stage_on(ShellRemote::new().env("PATH", &path));
    let out = jenkins.run_on(&stage, "jenkins.agent.offline", json!({"reason": "x"})).await?;
    assert!(out.is_ok() && out.changed, "{out:?}");
    let seen = fs::read_to_string(log)?;
    assert_eq!(seen.matches("--config - --include").count(), 4, "{seen}");
    for secret in ["s3cret", "Jenkins-Crumb", "JSESSIONID"] {
        // The script itself speaks of the headers, but not of their values.
        assert!(!seen.lines().any(|line| line.contains(secret) && !line.contains("sed -n")), "{secret}: {seen}");
    }
    assert!(!seen.contains("s3cret"), "{seen}");
    Ok(())
}
