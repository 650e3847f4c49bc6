//! The OpenSSH client on this machine, asked how it reads a ssh_config (`ssh -G`), and how that compares with what we say.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, OnceLock};

use runsheet_inventory::{Inventory, MatchExec, Reach, SshConfig};
use runsheet_model::hex;
use sha1::{Digest, Sha1};

use crate::support::{Folder, host};

/// What `ssh -G` says, or we do, by keyword.
pub(crate) type Settings = BTreeMap<String, Vec<String>>;

/// The environment that both read.
const ENVIRONMENT: [(&str, &str); 5] =
    [("PATH", "/usr/bin:/bin"), ("KEYS", "/keys"), ("KIND", "id"), ("LANG", "C"), ("SSH_AUTH_SOCK", "/agent")];

/// The agent of the environment.
const AGENT: &str = "/agent";

#[derive(Debug)]
struct Shell;

impl MatchExec for Shell {
    fn holds(&self, command: &str) -> Result<bool, String> {
        let ended = Command::new("/bin/sh").arg("-c").arg(command).env_clear().envs(ENVIRONMENT).status();
        ended.map(|status| status.success()).map_err(|error| error.to_string())
    }
}

pub(crate) struct OpenSsh {
    /// What it says where no file says anything.
    defaults: Settings,
    reach: Reach,
}

impl OpenSsh {
    /// Asks it once what is true of everybody.
    pub(crate) fn get() -> &'static Self {
        static OPEN_SSH: OnceLock<OpenSsh> = OnceLock::new();
        OPEN_SSH.get_or_init(|| {
            let folder = Folder::new();
            let empty = folder.file("empty", "");
            let defaults = settings(&run(&empty, "web1")).expect("an empty config");
            let known_hosts = &defaults["userknownhostsfile"][0];
            let home = known_hosts.split_once("/.ssh/").expect("a home folder").0;
            let reach = Reach {
                agent: Some(AGENT.into()),
                environment: ENVIRONMENT.into_iter().collect(),
                machine: fs::read_to_string("/proc/sys/kernel/hostname").expect("a name").trim().to_owned(),
                user_id: fs::metadata(empty).expect("our own file").uid(),
                match_exec: Some(Arc::new(Shell)),
                ..Reach::new(home, &defaults["user"][0])
            };
            Self { defaults, reach }
        })
    }

    /// Compares everything that both know; tells the difference. That both refuse a config is one as well: nothing was compared.
    pub(crate) fn differs(&self, config: &Path, name: &str) -> Option<String> {
        let text = || fs::read_to_string(config).expect("a config");
        let (theirs, ours) = (settings(&run(config, name)), self.ours(config, name));
        let (theirs, ours) = match (theirs, ours) {
            (Err(theirs), Err(_)) => return Some(format!("{name}: both refuse it: {theirs}\n{}", text())),
            (Ok(_), Err(ours)) => return Some(format!("{name}: we refuse it: {ours}\n{}", text())),
            (Err(theirs), Ok(_)) => return Some(format!("{name}: ssh refuses it: {theirs}\n{}", text())),
            (Ok(theirs), Ok(ours)) => (self.mapped(&theirs, name), ours),
        };
        let (keyword, expected) = theirs.iter().find(|(keyword, value)| ours.get(*keyword) != Some(value))?;
        Some(format!(
            "`{keyword}` of {name} is {expected:?} to ssh and {:?} to us in\n{}",
            ours.get(keyword).unwrap_or(&Vec::new()),
            text()
        ))
    }

    /// What we say, by the keywords that are compared.
    pub(crate) fn ours(&self, config: &Path, name: &str) -> Result<Settings, String> {
        let mut said = self.all_of_ours(config, name)?;
        said.retain(|keyword, _| compared().any(|known| known == keyword));
        for keyword in compared() {
            said.entry(keyword.to_owned()).or_default();
        }
        Ok(said)
    }

    /// All that we say.
    pub(crate) fn all_of_ours(&self, config: &Path, name: &str) -> Result<Settings, String> {
        let loaded = SshConfig::load(&[config.to_owned()], &self.reach.home).map_err(|error| error.to_string())?;
        let reach = Reach { ssh_config: loaded.into(), ..self.reach.clone() };
        let inventory = Inventory::empty();
        let explained = inventory.explain(&host(name), &reach).map_err(|error| error.to_string())?;
        let mut said = Settings::new();
        for setting in explained.target.settings {
            said.entry(setting.keyword.to_ascii_lowercase()).or_default().push(setting.value);
        }
        Ok(said)
    }

    /// What runsheet makes of what ssh says: paths and commands filled in, and where the guide says that the two differ, our way.
    fn mapped(&self, theirs: &Settings, name: &str) -> Settings {
        let values = |keyword: &str| theirs.get(keyword).cloned().unwrap_or_default();
        let one = |keyword: &str| values(keyword).pop();
        let fill = |text: &String| self.filled(text, theirs, name);
        let filled =
            |keyword: &str| values(keyword).iter().filter(|text| *text != "none").map(fill).collect::<Vec<_>>();
        let mut mapped = Settings::new();
        for keyword in compared() {
            let value = match keyword {
                // Types that we cannot use stand in OpenSSH's list as well.
                "identityfile" if theirs.get(keyword) == self.defaults.get(keyword) => {
                    self.reach.identities.iter().map(|file| file.display().to_string()).collect()
                }
                "identityfile" | "certificatefile" | "proxycommand" | "proxyjump" => filled(keyword),
                "identityagent" => match one(keyword) {
                    Some(path) if path != "SSH_AUTH_SOCK" => vec![path],
                    _ => vec![AGENT.to_owned()],
                },
                "stricthostkeychecking" => match one(keyword).as_deref() {
                    Some("accept-new") => vec!["accept-new".to_owned()],
                    _ => vec!["yes".to_owned()],
                },
                "userknownhostsfile" | "globalknownhostsfile" => {
                    let home = self.reach.home.to_string_lossy();
                    let text = one(keyword).unwrap_or_default().replace("~/", &format!("{home}/"));
                    vec![if text.is_empty() { "none".to_owned() } else { text }]
                }
                "connecttimeout" | "serveraliveinterval" | "serveralivecountmax" => {
                    let ours = BTreeMap::from([("connecttimeout", "30"), ("serveraliveinterval", "15")]);
                    match one(keyword).as_deref() {
                        Some("none" | "0") | None => vec![(*ours.get(keyword).unwrap_or(&"3")).to_owned()],
                        Some(other) => vec![other.to_owned()],
                    }
                }
                // It has them twice when it has read the files twice.
                "sendenv" => values(keyword).into_iter().fold(Vec::new(), |mut kept, value| {
                    if !kept.contains(&value) {
                        kept.push(value);
                    }
                    kept
                }),
                // Read and refused.
                "forwardagent" => vec!["no".to_owned()],
                _ => values(keyword),
            };
            mapped.insert(keyword.to_owned(), value);
        }
        mapped
    }

    /// Fills in what `ssh -G` prints unfilled.
    fn filled(&self, text: &str, theirs: &Settings, name: &str) -> String {
        let one = |keyword: &str| theirs.get(keyword).map_or("", |values| values[0].as_str());
        let (address, port, user) = (one("hostname"), one("port"), one("user"));
        let home = self.reach.home.to_string_lossy();
        let machine = &self.reach.machine;
        let alias = Some(one("hostkeyalias")).filter(|alias| !alias.is_empty()).unwrap_or(name);
        let hash = hex(&Sha1::digest(format!("{machine}{address}{port}{user}")));
        let text = text.strip_prefix("~/").map_or(text.to_owned(), |rest| format!("{home}/{rest}"));
        let text = text.replace("${KEYS}", "/keys").replace("${KIND}", "id");
        let mut filled = String::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match (c, if c == '%' { rest.next() } else { None }) {
                (_, Some('h')) => filled.push_str(address),
                (_, Some('n')) => filled.push_str(name),
                (_, Some('k')) => filled.push_str(alias),
                (_, Some('p')) => filled.push_str(port),
                (_, Some('r')) => filled.push_str(user),
                (_, Some('u')) => filled.push_str(&self.reach.local_user),
                (_, Some('d')) => filled.push_str(&home),
                (_, Some('i')) => filled.push_str(&self.reach.user_id.to_string()),
                (_, Some('l')) => filled.push_str(machine),
                (_, Some('L')) => filled.push_str(machine.split('.').next().unwrap_or("")),
                (_, Some('C')) => filled.push_str(&hash),
                (_, Some(other)) => filled.push(other),
                (c, None) => filled.push(c),
            }
        }
        filled
    }
}

fn compared() -> impl Iterator<Item = &'static str> {
    [
        "hostname",
        "port",
        "user",
        "identityfile",
        "certificatefile",
        "identitiesonly",
        "identityagent",
        "proxyjump",
        "proxycommand",
        "userknownhostsfile",
        "globalknownhostsfile",
        "stricthostkeychecking",
        "hostkeyalias",
        "connecttimeout",
        "connectionattempts",
        "serveraliveinterval",
        "serveralivecountmax",
        "addressfamily",
        "bindaddress",
        "setenv",
        "sendenv",
        "forwardagent",
        "passwordauthentication",
        "kbdinteractiveauthentication",
    ]
    .into_iter()
}

pub(crate) fn run(config: &Path, name: &str) -> Output {
    let mut ssh = Command::new("ssh");
    ssh.arg("-F").arg(config).args(["-G", name]).env_clear().envs(ENVIRONMENT);
    ssh.output().expect("the OpenSSH client")
}

pub(crate) fn settings(output: &Output) -> Result<Settings, String> {
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let mut said = Settings::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let (keyword, value) = line.split_once(' ').unwrap_or((line, ""));
        said.entry(keyword.to_owned()).or_default().push(value.to_owned());
    }
    Ok(said)
}
