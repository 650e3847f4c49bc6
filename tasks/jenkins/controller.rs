use std::time::Duration;

use runsheet_model::{Secret, shortened, visible};
use runsheet_task::{Arg, ArgKind, Config, Host, TaskError, TaskSpec};
use serde_json::Value;

use crate::early::Early;
use crate::on_host::HostScript;
use crate::patience::Patience;
use crate::web_address::is_web_address;

const SCRIPT: HostScript = HostScript::new("jenkins", &[include_str!("controller.sh")]);

/// What of an agent is asked for.
const TREE: &str = "api/json?tree=displayName,idle,offline,temporarilyOffline,offlineCauseReason,launchSupported,\
                    absoluteRemotePath,executors[idle],oneOffExecutors[idle]";

/// Said on the page of each task that asks Jenkins something.
pub(crate) const ASKED: &str = "Jenkins is asked by its HTTP API from the host, with curl; any host from which the controller can be \
                                reached will do, also the agent itself. User and API token go to curl by its standard input. Tested with a \
                                server that plays Jenkins by its documentation.";

/// An agent, by way of its controller.
pub(crate) struct Jenkins<'a> {
    host: &'a Host,
    base: &'a str,
    agent: &'a str,
    /// A line of a configuration of curl.
    login: Secret<String>,
    timeout: Duration,
}

/// How an agent is, in its controller's view.
#[expect(clippy::struct_excessive_bools, reason = "each is a word of Jenkins' own")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AgentState {
    /// Whether no build runs on it.
    pub(crate) idle: bool,
    /// How many do.
    pub(crate) busy: usize,
    /// Whether it gets no builds, for whatever reason.
    pub(crate) offline: bool,
    /// Whether somebody has taken it out.
    pub(crate) taken_out: bool,
    /// Why, in their words; empty if Jenkins does not tell, or no longer.
    pub(crate) reason: String,
    /// Whether the controller is connected with it.
    pub(crate) connected: bool,
    /// Whether it is the controller that starts it.
    pub(crate) launched: bool,
}

impl<'a> Jenkins<'a> {
    /// Adds the arguments that all of its tasks take.
    pub(crate) fn args(spec: TaskSpec) -> TaskSpec {
        spec.arg(Arg::required("url", ArgKind::Text, "The controller, such as `https://ci.example.com`."))
            .arg(Arg::required("agent", ArgKind::Text, "The agent, as Jenkins names it."))
            .arg(Arg::required("user", ArgKind::Text, "Whom to log in as."))
            .arg(Arg::required("token", ArgKind::TextOrSecret, "The user's API token."))
            .arg(Arg::optional("timeout", ArgKind::Duration, "How long one answer may take.").default("20s"))
    }

    /// Reads them, or says what is wrong with them.
    pub(crate) fn on(config: &'a Config, host: &'a Host) -> Result<Self, Early> {
        let base = config.text("url")?.trim_end_matches('/');
        if !is_web_address(base) || base.contains(['?', '#', '@']) {
            return Err(Early::mistake(format!("`{}` is not the address of a controller", base.escape_default())));
        }
        let agent = config.text("agent")?;
        if agent.trim().is_empty()
            || agent.contains(|c: char| c.is_control() || c == '/')
            || agent == "."
            || agent == ".."
        {
            return Err(Early::mistake(format!("`{}` cannot be the name of an agent", agent.escape_default())));
        }
        let user = config.text("user")?;
        let token = config.secret_or_text("token")?.unwrap_or_else(|| Secret::new(String::new()));
        if user.is_empty() || user.contains(|c: char| c.is_control() || c == ':') {
            return Err(Early::mistake("`user` is empty, or holds a `:` or a control character"));
        }
        if token.expose().is_empty() || token.expose().contains(char::is_control) {
            return Err(Early::mistake("`token` is empty or holds a control character"));
        }
        // As curl(1) has it: within quotes, these two are written with a backslash.
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let login = Secret::new(format!("user = \"{}:{}\"", quoted(user), quoted(token.expose())));
        Ok(Self { host, base, agent, login, timeout: config.duration("timeout")? })
    }

    pub(crate) fn agent(&self) -> &str {
        self.agent
    }

    /// Asks how the agent is.
    pub(crate) async fn look(&self) -> Result<AgentState, TaskError> {
        let (status, body) = self.ask("get", TREE, "").await?;
        if status != 200 {
            return Err(self.refused(status, &body));
        }
        let read = serde_json::from_str::<Value>(&body).ok().and_then(|answer| AgentState::read(&answer));
        read.ok_or_else(|| TaskError::failed(format!("{} does not answer as Jenkins does", self.base)))
    }

    /// Has something done with the agent. That Jenkins has taken it says not that it is done.
    pub(crate) async fn tell(&self, action: &str, message: &str) -> Result<(), TaskError> {
        let (status, body) = self.ask("post", action, &format!("offlineMessage={message}")).await?;
        // It redirects to the agent's page.
        if matches!(status, 200..400) { Ok(()) } else { Err(self.refused(status, &body)) }
    }

    async fn ask(&self, method: &str, path: &str, data: &str) -> Result<(u16, String), TaskError> {
        let path = format!("/computer/{}/{path}", encoded(self.agent));
        let limit = Patience::new(self.host, self.timeout).limit(self.timeout);
        let seconds = limit.as_millis().div_ceil(1000).max(1).to_string();
        let login = Secret::new(self.login.expose().clone().into_bytes());
        let command = SCRIPT.with([method, self.base, &path, &seconds, data]).stdin(login);
        let said = self.host.run(command).await?;
        let (status, body) = said.stdout.split_once('\n').unwrap_or_default();
        match status.parse() {
            Ok(status) if said.ok() => Ok((status, body.to_owned())),
            _ => Err(TaskError::failed(format!("cannot ask {}: {}", self.base, said.complaint()))),
        }
    }

    fn refused(&self, status: u16, body: &str) -> TaskError {
        let base = self.base;
        TaskError::failed(match status {
            401 => format!("{base} does not know the user or the token (401)"),
            403 if body.contains("crumb") => format!("{base} does not take the crumb that it has issued (403)"),
            403 => format!("{base} does not let the user do this (403)"),
            404 => format!("{base} has no agent `{}` (404)", self.agent),
            status => format!("{base} answered {status}"),
        })
    }
}

impl AgentState {
    fn read(answer: &Value) -> Option<Self> {
        let flag = |name: &str| answer[name].as_bool();
        let busy = |name: &str| {
            let executors = answer[name].as_array().map(Vec::as_slice).unwrap_or_default();
            executors.iter().filter(|executor| executor["idle"] == false).count()
        };
        let offline = flag("offline")?;
        let reason = answer["offlineCauseReason"].as_str().unwrap_or_default();
        Some(Self {
            idle: flag("idle")?,
            busy: busy("executors") + busy("oneOffExecutors"),
            offline,
            taken_out: flag("temporarilyOffline")?,
            reason: shortened(&visible(reason.as_bytes()), 200),
            // One that was taken out may be connected all the same; then Jenkins knows its folder.
            connected: !offline || answer["absoluteRemotePath"].is_string(),
            launched: flag("launchSupported").unwrap_or_default(),
        })
    }

    /// Whether it was taken out for another reason than ours. Jenkins tells only what comes after the last ` : ` of one, and forgets
    /// it when the agent is connected anew.
    pub(crate) fn is_taken_out_otherwise(&self, reason: &str) -> bool {
        let told = reason.rsplit(" : ").next().unwrap_or_default().trim();
        self.taken_out && !self.reason.is_empty() && self.reason != told
    }
}

/// A reason that is one line, and words.
pub(crate) fn reason(text: &str) -> Result<&str, Early> {
    let text = text.trim();
    if text.is_empty() || text.len() > 200 || text.contains(char::is_control) {
        return Err(Early::mistake("`reason` is empty, longer than 200 bytes, or holds a control character"));
    }
    Ok(text)
}

/// A name as a part of a path (RFC 3986, §3.3).
fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~()".contains(&byte);
    name.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect::<Vec<_>>()
        .concat()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_agent_that_was_taken_out_can_be_connected() {
        let out = json!({"idle": false, "offline": true, "temporarilyOffline": true, "offlineCauseReason": "why",
            "absoluteRemotePath": "/srv/ci", "executors": [{"idle": false}, {"idle": true}], "oneOffExecutors": [{"idle": false}]});
        let state = AgentState::read(&out).expect("a state");
        assert!(state.connected && state.taken_out && state.busy == 2 && !state.launched);
        assert!(state.is_taken_out_otherwise("another") && !state.is_taken_out_otherwise("dana : why"));
        let gone = json!({"idle": true, "offline": true, "temporarilyOffline": true, "absoluteRemotePath": null});
        let state = AgentState::read(&gone).expect("a state");
        assert!(!state.connected && !state.is_taken_out_otherwise("another"));
        assert_eq!(AgentState::read(&json!({"idle": true})), None);
    }

    #[test]
    fn a_name_is_one_part_of_a_path() {
        assert_eq!(encoded("linux-1"), "linux-1");
        assert_eq!(encoded("(built-in)"), "(built-in)");
        assert_eq!(encoded("a b?c#é%"), "a%20b%3Fc%23%C3%A9%25");
    }
}
