//! Add a user to each host.

use runsheet_model::Secret;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use super::account::{Account, Entry, checked};
use crate::early::Early;
use crate::on_host::host_path;

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("user.add", "Adds a user, or sees that one is as described.")
        .details(
            "A user that is there already gets the shell, the groups and the password that are named, and keeps all other groups. \
             Another number or another home than wanted is a failure: what belongs to the user would have to move with it, \
             which is not this task's part. Groups have to exist, and so has the shell.\n\n\
             The home is made, except for a `system` user. The password is a hash as `openssl passwd -6` or `mkpasswd` write it; it goes \
             to `chpasswd` by standard input. Without one, nobody can log in by password.\n\n\
             Calls `useradd` and `usermod`, which BusyBox does not have.",
        )
        .arg(Arg::required("name", ArgKind::Text, "The name of the user."))
        .arg(Arg::optional("uid", ArgKind::Integer { min: 1, max: 4_294_967_294 }, "The number; the host chooses one."))
        .arg(
            Arg::optional("groups", ArgKind::TextList, "Groups that it belongs to, beside its own.")
                .default(Vec::<String>::new()),
        )
        .arg(Arg::optional("shell", ArgKind::Text, "The login shell; the host chooses one."))
        .arg(Arg::optional("home", ArgKind::Text, "The home folder; the host chooses one."))
        .arg(Arg::optional("system", ArgKind::Boolean, "Whether it is a user for a service, not for people.").default(false))
        .arg(Arg::optional("password", ArgKind::TextOrSecret, "The hash of the password."))
        .idempotent()
}

/// What the arguments say.
struct Wish<'a> {
    name: &'a str,
    uid: Option<u32>,
    groups: Vec<&'a str>,
    shell: Option<&'a str>,
    home: Option<&'a str>,
    system: bool,
    password: Option<Secret<String>>,
}

impl<'a> Wish<'a> {
    fn of(config: &'a Config) -> Result<Self, Early> {
        let uid = config.args.integer("uid").and_then(|uid| uid.try_into().ok());
        let groups: Result<_, _> = config.list("groups")?.into_iter().map(|name| checked("group", name)).collect();
        let path = |name| config.opt_text(name).map(|text| host_path(name, text)).transpose();
        let (shell, home) = (path("shell")?, path("home")?);
        if [shell, home].into_iter().flatten().any(|path| path.contains(':')) {
            return Err(Early::mistake("a `:` can be in no shell and no home: it ends them in passwd(5)"));
        }
        let password = config.secret_or_text("password")?;
        if password.as_ref().is_some_and(|hash| !is_hash(hash.expose())) {
            return Err(Early::mistake("`password` is no hash as crypt(5) describes them, such as `$6$…`"));
        }
        let (name, system) = (config.text("name")?, config.boolean("system")?);
        Ok(Self { name, uid, groups: groups?, shell, home, system, password })
    }

    /// What is not as wished, and cannot be changed.
    fn conflict(&self, entry: &Entry) -> Option<String> {
        let name = self.name;
        if let Some(uid) = self.uid.filter(|uid| *uid != entry.uid) {
            return Some(format!("user `{name}` has the number {}, not {uid}", entry.uid));
        }
        let home = self.home.filter(|home| *home != entry.home)?;
        Some(format!("user `{name}` has the home `{}`, not `{home}`", entry.home))
    }

    fn other_shell(&self, entry: &Entry) -> Option<&'a str> {
        self.shell.filter(|shell| *shell != entry.shell)
    }

    fn missing_groups(&self, entry: &Entry) -> Vec<&'a str> {
        self.groups.iter().copied().filter(|group| !entry.groups.iter().any(|has| has == group)).collect()
    }
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let wish = Wish::of(config)?;
    let name = wish.name;
    let account = Account::on(host, name)?;
    let before = account.look().await?;
    if let Some(conflict) = before.as_ref().and_then(|entry| wish.conflict(entry)) {
        return Err(Early::failed(conflict));
    }
    let lacking = account.lacking(wish.shell, &wish.groups).await?;
    if !lacking.is_empty() {
        return Err(Early::failed(format!("the host lacks {}", lacking.join(", "))));
    }
    let mut done = Vec::new();
    match &before {
        None => {
            host.would(format!("add user `{name}`"))?;
            add(&account, &wish).await?;
        }
        Some(entry) => {
            if let Some(shell) = wish.other_shell(entry) {
                host.would(format!("give user `{name}` the shell `{shell}`"))?;
                account.act("change", &["-s", shell]).await?;
                done.push(format!("shell `{shell}`"));
            }
            let missing = wish.missing_groups(entry);
            if !missing.is_empty() {
                let groups = missing.join(",");
                host.would(format!("add user `{name}` to {groups}"))?;
                account.act("change", &["-a", "-G", &groups]).await?;
                done.push(format!("groups {groups}"));
            }
        }
    }
    if let Some(hash) = &wish.password
        && !account.has_password(hash).await?
    {
        host.would(format!("give user `{name}` another password"))?;
        account.give_password(hash).await?;
        done.push("password".to_owned());
    }
    let Some(entry) = account.look().await? else {
        return Err(Early::failed(format!("there is no user `{name}` in the end, though nobody complained")));
    };
    let as_wished =
        wish.conflict(&entry).is_none() && wish.other_shell(&entry).is_none() && wish.missing_groups(&entry).is_empty();
    if !as_wished {
        return Err(Early::failed(format!("user `{name}` is not as wished in the end, though nobody complained")));
    }
    Ok(if before.is_none() {
        Outcome::changed(format!("user `{name}` added with the number {}", entry.uid))
    } else if done.is_empty() {
        Outcome::unchanged(format!("user `{name}` is already as it should be"))
    } else {
        Outcome::changed(format!("user `{name}` has got: {}", done.join(", ")))
    })
}

async fn add(account: &Account<'_>, wish: &Wish<'_>) -> Result<(), Early> {
    let uid = wish.uid.map(|uid| uid.to_string());
    let groups = wish.groups.join(",");
    let mut words = vec![if wish.system { "-M" } else { "-m" }];
    if wish.system {
        words.push("-r");
    }
    for (option, value) in [("-u", uid.as_deref()), ("-s", wish.shell), ("-d", wish.home)] {
        if let Some(value) = value {
            words.extend([option, value]);
        }
    }
    if !groups.is_empty() {
        words.extend(["-G", &groups]);
    }
    account.act("add", &words).await
}

/// Whether it is a hash of crypt(5), locked or not, and no password in plain words; it has to be one cell of shadow(5).
fn is_hash(text: &str) -> bool {
    let hash = text.trim_start_matches('!');
    let plain = |c: char| c.is_ascii_graphic() && c != ':';
    text.chars().all(plain)
        && (hash.is_empty() && !text.is_empty() || hash == "*" || hash.starts_with('$') && hash.len() > 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_plain_words_is_no_hash() {
        for text in ["$6$salt$hashhashhash", "!$y$j9T$salt$hash", "!", "*"] {
            assert!(is_hash(text), "{text}");
        }
        for text in ["", "hunter2", "$6$salt$hash:0", "$6$salt$hash hash", "$6$salt$hashhash\n", "$money$"] {
            assert!(!is_hash(text), "{text:?}");
        }
    }
}
