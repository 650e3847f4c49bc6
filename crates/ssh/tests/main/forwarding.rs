//! Commands may use the agent where that is allowed, and nowhere else; a key that is meant for one host stays with it.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use runsheet_model::{AgentForwarding, Hop, SshOptions};

use crate::keys::{Agent, Keys, attempt, with_identities};
use crate::rig::stdout;
use crate::sshd::Sshd;

/// What a command says of the agent that it has.
const LOOK: &str = "test -z \"$SSH_AUTH_SOCK\" && echo none || ssh-add -l || true";

fn target(sshd: &Sshd, agent: &Agent, forward_agent: AgentForwarding) -> Hop {
    let options = Arc::new(SshOptions { forward_agent, ..SshOptions::default() });
    Hop { agent: Some(agent.socket()), options, ..with_identities(sshd, &[&sshd.identity()]) }
}

#[tokio::test]
async fn commands_see_the_agent_only_where_it_is_allowed() {
    let sshd = Sshd::start("");
    let keys = Keys::new();
    let key = keys.plain("mine", "ed25519");
    let agent = Agent::start(&[&key]).await;

    for forbidden in [AgentForwarding::No, AgentForwarding::Refused] {
        let connected = attempt(target(&sshd, &agent, forbidden)).await.expect("let in");
        assert_eq!(stdout(&*connected.remote, LOOK).await, "none\n");
    }
    let connected = attempt(target(&sshd, &agent, AgentForwarding::Allowed)).await.expect("let in");
    for _ in 0..20 {
        let seen = stdout(&*connected.remote, LOOK).await;
        assert!(seen.contains("mine (ED25519)"), "{seen}");
    }
    // A host may refuse it, which harms nobody.
    let sshd = Sshd::start("AllowAgentForwarding no");
    let connected = attempt(target(&sshd, &agent, AgentForwarding::Allowed)).await.expect("let in");
    assert_eq!(stdout(&*connected.remote, LOOK).await, "none\n");
}

#[tokio::test]
async fn a_forwarded_agent_really_signs_and_many_connections_to_it_harm_nothing() {
    let (sshd, inner) = (Sshd::start(""), Sshd::start(""));
    let agent = Agent::start(&[&inner.identity()]).await;
    let connected = attempt(target(&sshd, &agent, AgentForwarding::Allowed)).await.expect("let in");

    let onward = format!(
        "ssh -F none -o BatchMode=yes -o UserKnownHostsFile={} -p {} {}@127.0.0.1 echo onward",
        inner.known_hosts().display(),
        inner.port(),
        inner.user()
    );
    assert_eq!(stdout(&*connected.remote, &onward).await, "onward\n");
    // More at once than there are places: some are refused.
    let many = "for n in $(seq 30); do ssh-add -l >/dev/null 2>&1 & done; wait; ssh-add -l";
    assert!(stdout(&*connected.remote, many).await.contains("ED25519"));
}

#[tokio::test]
async fn a_key_that_is_meant_for_one_host_is_of_no_use_beyond_it() {
    let (sshd, keys) = (Sshd::start(""), Keys::new());
    let agent = Agent::start(&[]).await;
    let (free, bound) = (keys.plain("free", "ed25519"), keys.plain("bound", "ed25519"));
    let add = |key: &Path, args: &[&str]| {
        let mut add = Command::new("ssh-add");
        let added = add.arg("-q").args(args).arg(key).env("SSH_AUTH_SOCK", agent.socket()).status();
        assert!(added.expect("ssh-add starts").success());
    };
    add(&free, &[]);
    let known_hosts = sshd.known_hosts();
    let to = format!("[127.0.0.1]:{}", sshd.port());
    add(&bound, &["-H", known_hosts.to_str().expect("text"), "-h", &to]);

    let connected = attempt(target(&sshd, &agent, AgentForwarding::Allowed)).await.expect("let in");
    let seen = stdout(&*connected.remote, LOOK).await;

    assert!(seen.contains("free") && !seen.contains("bound"), "{seen}");
}
