use std::time::Duration;

use runsheet_model::{format_duration, shortened};
use runsheet_task::{Arg, ArgKind, Command, CommandResult, Config, Host, Outcome, TaskError, TaskSpec};

use crate::early::Early;
use crate::on_host::{DETACHED, HostScript, SHA256, sha256};
use crate::patience::Patience;

const PLACE: &str = include_str!("place.sh");
const CHANGE: &str = include_str!("change.sh");

const LOOK: HostScript = HostScript::new("look", &[PLACE, include_str!("look.sh")]);
const LIST: HostScript = HostScript::new("list", &[PLACE, include_str!("list.sh")]);
const ROLLBACK: HostScript = HostScript::new("rollback", &[SHA256, PLACE, CHANGE, include_str!("rollback.sh")]);
const PRUNE: HostScript = HostScript::new("prune", &[SHA256, PLACE, CHANGE, include_str!("prune.sh")]);
const DEPLOY: HostScript = HostScript::new(
    "deploy",
    &[SHA256, DETACHED, PLACE, CHANGE, include_str!("archive.sh"), include_str!("deploy.sh")],
);

/// What a script ends with while somebody else has the lock.
const BUSY: i32 = 75;

/// More releases than anybody keeps. A host that tells of more tells no truth.
const MOST: usize = 10_000;

/// A project's folder on a host: `releases`, `shared`, `current`, `revisions.log`.
pub(crate) struct Place<'a> {
    host: &'a Host,
    pub(crate) root: &'a str,
    /// Names this attempt on the host, and nothing else there.
    pub(crate) key: String,
    /// Run and step, for the log of the host.
    id: String,
}

/// What `current` leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Current {
    /// There is no `current` yet.
    Nothing,
    /// It leads to something that is no release.
    Elsewhere,
    /// It is a file or a folder.
    NoLink,
    /// A release, and what that was made of.
    Release(String, Made),
}

/// What a release was made of, as its marker tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// An archive with this SHA-256.
    Of(String),
    /// There is no such release.
    Absent,
    /// Something else has its name.
    Strange,
}

/// How it is before something is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) current: Current,
    /// The release that is wanted, if there is one.
    pub(crate) wanted: Option<(String, Made)>,
    /// What this step of this run has done already, as the log tells: `deployed` or `rolled-back`, and the release.
    pub(crate) last: Option<(String, String)>,
    /// Whether somebody is at work, or was broken off.
    pub(crate) left: bool,
}

/// A whole release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Release {
    pub(crate) name: String,
    pub(crate) sha256: String,
    /// When it was unpacked, by the clock of the host, in UTC.
    pub(crate) time: String,
    pub(crate) is_current: bool,
}

/// Adds the argument that all tasks for releases take.
pub(crate) fn place_args(spec: TaskSpec) -> TaskSpec {
    spec.arg(Arg::required(
        "root",
        ArgKind::Text,
        "The project's folder on the host, in which `releases` and `current` stand.",
    ))
}

/// The argument `wait`.
pub(crate) fn wait_arg() -> Arg {
    Arg::optional("wait", ArgKind::Duration, "How long to wait for somebody else who deploys to the same folder.")
        .default("30s")
}

impl<'a> Place<'a> {
    pub(crate) fn on(host: &'a Host, config: &'a Config) -> Result<Self, Early> {
        let root = config.text("root")?.trim_end_matches('/');
        let climbs = root.split('/').any(|part| part == "..");
        if !root.starts_with('/') || climbs || root.contains(char::is_control) {
            let message = "`root` is the whole path of a folder, such as `/srv/app`";
            return Err(Early::mistake(message));
        }
        let id = format!("{}.{}", config.run, config.step);
        Ok(Self { host, root, key: format!("{id}.{}", config.attempt), id })
    }

    /// Looks what is current, and how it is with a release; without a name, with the one that was current before.
    pub(crate) async fn look(&self, wanted: Option<&str>) -> Result<Look, TaskError> {
        let said = self.host.run(self.script(&LOOK, &[wanted.unwrap_or_default()])).await?;
        let look = if said.ok() { Look::read(&said.stdout) } else { None };
        let look = look.ok_or_else(|| self.cannot_tell(&said))?;
        if look.current == Current::NoLink {
            let message = format!("`{}/current` is no link: nothing can be switched there", self.root);
            return Err(TaskError::failed(message));
        }
        Ok(look)
    }

    /// All whole releases, the one that was made current last at the end.
    pub(crate) async fn list(&self) -> Result<Vec<Release>, TaskError> {
        let said = self.host.run(self.script(&LIST, &[])).await?;
        let list = if said.ok() { Release::read_all(&said.stdout) } else { None };
        list.ok_or_else(|| self.cannot_tell(&said))
    }

    /// The releases that are to go when so many are kept.
    pub(crate) async fn surplus(&self, keep: &str) -> Result<Vec<String>, TaskError> {
        let said = self.host.run(self.script(&PRUNE, &["look", keep])).await?;
        let names = said.stdout.lines().map(|line| release_name(line.strip_prefix("surplus ")?).map(str::to_owned));
        let names = if said.ok() { names.collect::<Option<Vec<_>>>() } else { None };
        names.ok_or_else(|| self.cannot_tell(&said))
    }

    /// Removes the releases that are to go when so many are kept.
    pub(crate) async fn prune(&self, keep: &str, wait: Duration) -> Result<CommandResult, Early> {
        self.change(self.words(&PRUNE, &["do", keep]), wait).await
    }

    /// Makes a release the current one, if `current` is still as it was seen.
    pub(crate) async fn roll_back(
        &self,
        (name, sha256): (&str, &str),
        current: &Current,
        wait: Duration,
    ) -> Result<CommandResult, Early> {
        self.change(self.words(&ROLLBACK, &[name, sha256, current.word()]), wait).await
    }

    /// Makes the folders, and the one for this attempt alone.
    pub(crate) async fn prepare(&self) -> Result<CommandResult, TaskError> {
        self.host.run(self.script(&DEPLOY, &["prepare", ""])).await
    }

    /// Removes what was sent.
    pub(crate) async fn discard(&self, archive: &str) -> Result<CommandResult, TaskError> {
        self.host.run(self.script(&DEPLOY, &["discard", archive])).await
    }

    /// Makes a release of the archive, and makes it the current one.
    pub(crate) async fn deploy(&self, words: &[&str], wait: Duration) -> Result<CommandResult, Early> {
        let words: Vec<_> = ["do"].iter().chain(words).copied().collect();
        self.change(self.words(&DEPLOY, &words), wait).await
    }

    /// Runs a script that changes something, as soon as nobody else does. The failure names who did until the end.
    async fn change(&self, script: impl Fn() -> Command, wait: Duration) -> Result<CommandResult, Early> {
        let mut patience = Patience::new(self.host, wait);
        loop {
            let said = self.host.run(script()).await?;
            let owner = said.stdout.trim().strip_prefix("busy ");
            let Some(owner) = owner.filter(|_| said.code() == BUSY) else {
                return Ok(said);
            };
            if !patience.pause().await {
                let waited = format_duration(patience.waited());
                let owner = owner_in_words(owner);
                let message = format!("somebody else works on `{}`, still after {waited}: {owner}", self.root);
                return Err(Outcome::failed(message, BUSY).into());
            }
        }
    }

    fn words<'w>(&'w self, script: &'w HostScript, words: &[&str]) -> impl Fn() -> Command + use<'w, 'a> {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        move || self.script(script, &words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn script(&self, script: &HostScript, words: &[&str]) -> Command {
        script.with([self.root, &self.key, &self.id].into_iter().chain(words.iter().copied()))
    }

    fn cannot_tell(&self, said: &CommandResult) -> TaskError {
        TaskError::failed(format!("cannot tell what is in `{}`: {}", self.root, shortened(&said.complaint(), 300)))
    }
}

/// A release's name: letters, digits, `.`, `_`, `+` and `-`, of which it begins with one of the first two; at most 100 bytes.
pub(crate) fn release_name(name: &str) -> Option<&str> {
    let good = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    (begins && name.len() <= 100 && name.chars().all(good)).then_some(name)
}

/// Reads `PROCESS MACHINE TIME USER RUN`.
fn owner_in_words(owner: &str) -> String {
    match owner.split(' ').collect::<Vec<_>>()[..] {
        [process, machine, time, user, run] => {
            shortened(&format!("process {process} on {machine}, begun by {user} at {time}, run and step {run}"), 300)
        }
        _ => shortened(owner, 300),
    }
}

impl Current {
    /// As the host's scripts write it.
    fn word(&self) -> &str {
        match self {
            Self::Nothing => "-",
            Self::Elsewhere => "?",
            Self::NoLink => "!",
            Self::Release(name, _) => name,
        }
    }

    /// For people, after "was".
    pub(crate) fn was(word: &str) -> String {
        match word {
            "-" => "nothing was current before".to_owned(),
            "?" => "`current` led elsewhere before".to_owned(),
            name => format!("`{name}` was current before"),
        }
    }

    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Release(name, _) => Some(name),
            Self::Nothing | Self::Elsewhere | Self::NoLink => None,
        }
    }
}

impl Made {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "absent" => Self::Absent,
            "strange" => Self::Strange,
            sum => Self::Of(sha256(sum)?),
        })
    }
}

impl Look {
    /// Reads what the host says; nothing if it makes no sense.
    fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        let current = match lines.next()?[..] {
            ["current", "-", "-"] => Current::Nothing,
            ["current", "?", "-"] => Current::Elsewhere,
            ["current", "!", "-"] => Current::NoLink,
            ["current", name, made] => Current::Release(release_name(name)?.to_owned(), Made::read(made)?),
            _ => return None,
        };
        let wanted = match lines.next()?[..] {
            ["wanted", "-", "-"] => None,
            ["wanted", name, made] => Some((release_name(name)?.to_owned(), Made::read(made)?)),
            _ => return None,
        };
        let mut look = Self { current, wanted, last: None, left: false };
        for words in lines {
            match words[..] {
                ["last", action, name] if look.last.is_none() => {
                    look.last = Some((action.to_owned(), release_name(name)?.to_owned()));
                }
                ["left"] if !look.left => look.left = true,
                _ => return None,
            }
        }
        Some(look)
    }
}

impl Release {
    /// Reads `*|- NAME SHA256 TIME` lines.
    fn read_all(text: &str) -> Option<Vec<Self>> {
        if text.lines().count() > MOST {
            return None;
        }
        text.lines()
            .map(|line| match line.split(' ').collect::<Vec<_>>()[..] {
                [mark @ ("*" | "-"), name, sum, time] if time.len() <= 20 => Some(Self {
                    name: release_name(name)?.to_owned(),
                    sha256: sha256(sum)?,
                    time: time.to_owned(),
                    is_current: mark == "*",
                }),
                _ => None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: &str = "9b0f1b10aff55228716a1fbbc59bda8fe735ed14ccd5e2c5226a9ab72a48d47e";

    #[test]
    fn what_a_host_says_is_read_or_refused() {
        let read = Look::read(&format!("current v1 {SUM}\nwanted v2 absent\nlast deployed v1\nleft\n"));
        let expected = Look {
            current: Current::Release("v1".to_owned(), Made::Of(SUM.to_owned())),
            wanted: Some(("v2".to_owned(), Made::Absent)),
            last: Some(("deployed".to_owned(), "v1".to_owned())),
            left: true,
        };
        assert_eq!(read, Some(expected));
        let first = Look { current: Current::Nothing, wanted: None, last: None, left: false };
        assert_eq!(Look::read("current - -\nwanted - -\n"), Some(first));
        let no_link = Look::read("current ! -\nwanted - -\n").map(|look| look.current);
        assert_eq!(no_link, Some(Current::NoLink));
        for text in [
            "",
            "current",
            "current v1 strange",
            "current ../x strange\nwanted - -",
            "current v1 abc\nwanted - -",
            "current - -\nwanted v2",
            "current - -\nwanted - -\nlast x",
            "current - -\nwanted - -\nlast deployed v1\nmore",
        ] {
            assert_eq!(Look::read(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_list_is_read_or_refused() {
        let list = Release::read_all(&format!("- v1 {SUM} 2026-11-26T08:00:00Z\n* v2 {SUM} 2026-11-26T09:00:00Z\n"));
        let list = list.expect("a list");
        assert_eq!(list.iter().map(|release| release.is_current).collect::<Vec<_>>(), [false, true]);
        for text in ["x", "* v1 abc now", &format!("+ v1 {SUM} now"), &format!("* -v1 {SUM} now")] {
            assert_eq!(Release::read_all(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_name_is_one_word_that_climbs_nowhere() {
        for name in ["v1", "20261126", "1.2.3-rc.1+build_5"] {
            assert_eq!(release_name(name), Some(name));
        }
        for name in ["", ".", "..", ".x", "-x", "a/b", "a b", "a\n", "ä", &"x".repeat(101)] {
            assert_eq!(release_name(name), None, "{name:?}");
        }
    }
}
