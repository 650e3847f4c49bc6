//! Let a key log in as a user of each host, or no more.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use super::account::checked;
use crate::early::Early;
use crate::on_host::{AS_USER, HostScript};

const SCRIPT: HostScript = HostScript::new("key", &[include_str!("key.sh")]);

/// The types of keys that OpenSSH takes (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
const TYPES: [&str; 7] = [
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("user.key", "Lets a key log in as a user, or no more.")
        .details(
            "The key is a line of `~/.ssh/authorized_keys`, of which there is one for each key: one with other options or another comment is \
             replaced. The folder gets mode 0700 and the file 0600; both are made if they are missing. Other lines stay as they are.\n\n\
             The file is changed with no more than the rights of that user, also by root, so that no link of the user's leads elsewhere; a \
             link in its place is refused. An sshd that is told to look for keys in other files (`AuthorizedKeysFile`) does not \
             see this one.",
        )
        .arg(Arg::required("user", ArgKind::Text, "The user."))
        .arg(Arg::required("key", ArgKind::Text, "The line: options if there are any, type, key, comment."))
        .arg(
            Arg::optional("state", ArgKind::choice(["present", "absent"]), "Whether it is to be there.").default("present"),
        )
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let user = checked("user", config.text("user")?)?;
    let state = config.text("state")?;
    let line = config.text("key")?.trim();
    let Some((kind, key)) = key_of(line) else {
        return Err(Early::mistake("`key` is no line of authorized_keys(5) with a public key"));
    };
    let script = SCRIPT.text();
    let ask = async |what| {
        let words = [user, &script, "key", what, state, line, kind, key];
        Early::unless_ok(host.run(AS_USER.with(words)).await?)
    };
    let present = state == "present";
    // Enough of the key to tell it from others.
    let told = format!("key `{kind} …{}`", &key[key.len().saturating_sub(12)..]);
    match ask("look").await?.trim() {
        "same" if present => return Ok(Outcome::unchanged(format!("{told} may log in as `{user}` already"))),
        "same" => return Ok(Outcome::unchanged(format!("{told} may not log in as `{user}`"))),
        "change" if present => host.would(format!("let {told} log in as `{user}`"))?,
        "change" => host.would(format!("let {told} no more log in as `{user}`"))?,
        "rights" => host.would(format!("keep others out of `~/.ssh` of `{user}`"))?,
        _ => return Err(Early::failed(format!("cannot tell which keys may log in as `{user}`"))),
    }
    ask("edit").await?;
    match ask("look").await?.trim() {
        "same" if present => Ok(Outcome::changed(format!("{told} may log in as `{user}`"))),
        "same" => Ok(Outcome::changed(format!("{told} may no more log in as `{user}`"))),
        _ => Err(Early::failed(format!("the keys of `{user}` are not as they should be, though nobody complained"))),
    }
}

/// Type and key of a line; nothing if it is not one line with one public key.
fn key_of(line: &str) -> Option<(&str, &str)> {
    if line.contains(|c: char| c.is_control() && c != '\t') || line.starts_with(['#', '-']) {
        return None;
    }
    let words: Vec<_> = line.split_ascii_whitespace().collect();
    let at = words.iter().position(|word| TYPES.contains(word))?;
    let key = *words.get(at + 1)?;
    let base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    // The length of the type's name comes first, in four bytes of which three are zero.
    (key.starts_with("AAAA") && key.len() >= 60 && key.chars().all(base64)).then_some((words[at], key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_public_key_on_one_line() {
        let key = format!("AAAA{}", "C3Nz".repeat(16));
        for line in [format!("ssh-ed25519 {key}"), format!("from=\"10.0.0.*\",no-pty ssh-rsa {key} me at home")] {
            assert_eq!(key_of(&line).map(|(_, key)| key), Some(key.as_str()), "{line}");
        }
        for line in [
            String::new(),
            key.clone(),
            format!("ssh-dss {key}"),
            format!("# ssh-ed25519 {key}"),
            format!("ssh-ed25519 {key}\nssh-ed25519 {key}"),
            "ssh-ed25519 AAAA".to_owned(),
            format!("ssh-ed25519 {key}$(id)"),
            "-----BEGIN OPENSSH PRIVATE KEY-----".to_owned(),
        ] {
            assert_eq!(key_of(&line), None, "{line}");
        }
    }
}
