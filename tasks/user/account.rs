use runsheet_model::Secret;
use runsheet_task::Host;

use crate::early::Early;
use crate::on_host::HostScript;

const SCRIPT: HostScript = HostScript::new("user", &[include_str!("account.sh")]);

/// The longest name of a user (useradd(8)).
const LONGEST: usize = 32;

/// A user of a host, who may not be there yet.
pub(crate) struct Account<'a> {
    host: &'a Host,
    name: &'a str,
}

/// What the host knows of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) uid: u32,
    pub(crate) home: String,
    pub(crate) shell: String,
    pub(crate) groups: Vec<String>,
}

impl<'a> Account<'a> {
    /// By the name. What a host could take for an option or for a number is no name.
    pub(crate) fn on(host: &'a Host, name: &'a str) -> Result<Self, Early> {
        Ok(Self { host, name: checked("user", name)? })
    }

    /// What the host knows of it; nothing if there is no such user.
    pub(crate) async fn look(&self) -> Result<Option<Entry>, Early> {
        let said = self.ask("look", &[self.name]).await?;
        if said.trim() == "none" {
            return Ok(None);
        }
        let entry = Entry::read(self.name, &said);
        entry.map(Some).ok_or_else(|| Early::failed(format!("cannot tell whether there is a user `{}`", self.name)))
    }

    /// What the host lacks of a shell and groups, in words.
    pub(crate) async fn lacking(&self, shell: Option<&str>, groups: &[&str]) -> Result<Vec<String>, Early> {
        let mut words = vec![shell.unwrap_or("-")];
        words.extend(groups);
        Ok(self.ask("lacking", &words).await?.lines().map(str::to_owned).collect())
    }

    /// Whether the hash of the password is this one.
    pub(crate) async fn has_password(&self, hash: &Secret<String>) -> Result<bool, Early> {
        Ok(self.with_hash("password", hash).await?.trim() == "same")
    }

    /// Makes this the hash of the password.
    pub(crate) async fn give_password(&self, hash: &Secret<String>) -> Result<(), Early> {
        self.with_hash("give-password", hash).await.map(|_| ())
    }

    /// Calls useradd, usermod or userdel, for `add`, `change` and `remove`.
    pub(crate) async fn act(&self, what: &str, words: &[&str]) -> Result<(), Early> {
        let mut words = words.to_vec();
        words.extend(["--", self.name]);
        self.ask(what, &words).await.map(|_| ())
    }

    /// Whether it is the one who works here, or has become the one who does.
    pub(crate) async fn is_us(&self) -> Result<bool, Early> {
        Ok(self.ask("myself", &[]).await?.lines().any(|line| line == self.name))
    }

    async fn ask(&self, what: &str, words: &[&str]) -> Result<String, Early> {
        let words = [what].into_iter().chain(words.iter().copied());
        Early::unless_ok(self.host.run(SCRIPT.with(words)).await?)
    }

    async fn with_hash(&self, what: &str, hash: &Secret<String>) -> Result<String, Early> {
        let bytes = hash.expose().len().to_string();
        let command = SCRIPT.with([what, self.name, &bytes]).stdin(Secret::new(hash.expose().clone().into_bytes()));
        Early::unless_ok(self.host.run(command).await?)
    }
}

/// The name of a user or a group, as those who make one take it.
pub(crate) fn checked<'a>(what: &str, name: &'a str) -> Result<&'a str, Early> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_';
    if name.len() <= LONGEST && name.starts_with(begins) && name.chars().all(plain) {
        return Ok(name);
    }
    Err(Early::mistake(format!("`{}` cannot be the name of a {what}", name.escape_default())))
}

impl Entry {
    /// Reads a line of passwd(5), `NAME:PASSWORD:UID:GID:COMMENT:HOME:SHELL`, and one of groups.
    fn read(name: &str, said: &str) -> Option<Self> {
        let (line, groups) = said.split_once('\n')?;
        let cells: Vec<_> = line.split(':').collect();
        let [found, _, uid, _, _, home, shell] = cells[..] else { return None };
        Some(Self {
            uid: uid.parse().ok().filter(|_| found == name)?,
            home: home.to_owned(),
            shell: shell.to_owned(),
            groups: groups.split_ascii_whitespace().map(str::to_owned).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_whole_or_not_at_all() {
        let read = |said| Entry::read("app", said);
        let entry = read("app:x:1001:1001:The App,,:/srv/app:/bin/sh\napp www-data\n").expect("an entry");
        assert_eq!((entry.uid, entry.home.as_str(), entry.groups.len()), (1001, "/srv/app", 2));
        for said in ["", "app:x:1:1:c:/h:/s", "other:x:1:1:c:/h:/s\n", "app:x:many:1:c:/h:/s\n", "app:x:1:1:/h:/s\n"] {
            assert_eq!(read(said), None, "{said:?}");
        }
    }

    #[test]
    fn a_name_is_no_option_and_no_number() {
        for name in ["app", "_apt", "www-data", "a.b"] {
            assert!(checked("user", name).is_ok(), "{name}");
        }
        for name in ["", "-x", "1000", "a b", "a:b", "a,b", "a\n", &"a".repeat(33)] {
            assert!(checked("user", name).is_err(), "{name:?}");
        }
    }
}
