use std::collections::BTreeSet;
use std::time::Duration;

use runsheet_model::{format_duration, parse_duration, plural, shortened};
use runsheet_task::{Arg, ArgKind, Host, Outcome, TaskError, TaskSpec};

use super::names::Wanted;
use crate::early::Early;
use crate::on_host::{DETACHED, HostScript};
use crate::patience::Patience;

const SCRIPT: HostScript = HostScript::new("package", &[DETACHED, include_str!("manager.sh")]);

/// How many packages are named in a message.
const NAMED: usize = 20;

/// What all of its tasks say of the systems that they know.
pub(crate) const SYSTEMS: &str = "Works with apt where `apt-get` is installed, else with dnf, else with yum. Only apt was tested against the real \
                                  one; dnf and yum only against scripted answers.";

/// The packages of a host, by whichever program manages them.
pub(crate) struct Packages<'a> {
    host: &'a Host,
    wait: Duration,
    recommends: bool,
}

/// How a package is on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Its version, if it is wholly installed.
    pub(crate) version: Option<String>,
    /// Whether it is kept at its version.
    pub(crate) held: bool,
    /// The second letter of its status: `n` for nothing, `c` for its configuration files only, others for more.
    is: char,
    /// Whether rpm knows it, whose versions end in a release.
    rpm: bool,
}

/// What apt would do beside of what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Planned {
    Install { name: String, old: Option<String>, new: String },
    Remove { name: String },
}

/// When the lists of packages are fetched anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refresh {
    Always,
    Never,
    /// If they are older than this.
    Older(Duration),
}

impl Refresh {
    pub(crate) fn arg(default: &'static str) -> Arg {
        Arg::optional(
            "update",
            ArgKind::Text,
            "Whether the lists of packages are fetched first: `true`, `false`, or the age such as `1h` from which they are.",
        )
        .default(default)
    }

    pub(crate) fn read(text: &str) -> Result<Self, Early> {
        match text {
            "true" => Ok(Self::Always),
            "false" => Ok(Self::Never),
            age => parse_duration(age).map(Self::Older).map_err(|_| {
                Early::mistake(format!(
                    "`update` is `{}`, but has to be `true`, `false` or an age",
                    age.escape_default()
                ))
            }),
        }
    }
}

/// Adds the argument that bounds how long others may keep the packages locked.
pub(crate) fn with_wait(spec: TaskSpec) -> TaskSpec {
    spec.arg(
        Arg::optional("wait", ArgKind::Duration, "How long somebody else may be at work on the packages.")
            .default("2m"),
    )
}

impl<'a> Packages<'a> {
    pub(crate) fn on(host: &'a Host, wait: Duration) -> Self {
        Self { host, wait, recommends: true }
    }

    /// Whether packages are installed that others only recommend.
    pub(crate) fn recommends(mut self, recommends: bool) -> Self {
        self.recommends = recommends;
        self
    }

    /// How these packages are, in their order.
    pub(crate) async fn state(&self, names: impl IntoIterator<Item = &str>) -> Result<Vec<Package>, Early> {
        let names: Vec<_> = names.into_iter().collect();
        let mut words = vec!["state"];
        words.extend(&names);
        let said = Early::unless_ok(self.host.run(SCRIPT.with(words)).await?)?;
        let all = Package::read_all(&said);
        let found = names.iter().map(|name| {
            let of_it = || all.iter().filter(|package| package.name == **name);
            of_it().find(|package| package.version.is_some()).or_else(|| of_it().next()).cloned()
        });
        found.collect::<Option<_>>().ok_or_else(|| {
            Early::failed(format!("cannot tell which packages are installed: {}", shortened(&said, 200)))
        })
    }

    /// Whether apt manages them, which tells beforehand what it would do.
    pub(crate) async fn uses_apt(&self) -> Result<bool, Early> {
        let said = Early::unless_ok(self.host.run(SCRIPT.with(["state"])).await?)?;
        Ok(said.trim() == "apt")
    }

    /// All that is installed, for dnf and yum: `NAME VERSION` each.
    pub(crate) async fn versions(&self) -> Result<BTreeSet<String>, Early> {
        let said = Early::unless_ok(self.host.run(SCRIPT.with(["versions"])).await?)?;
        Ok(said.lines().map(str::to_owned).collect())
    }

    /// Whether the lists are due to be fetched.
    pub(crate) async fn is_due(&self, refresh: Refresh) -> Result<bool, Early> {
        let limit = match refresh {
            Refresh::Always => return Ok(true),
            Refresh::Never => return Ok(false),
            Refresh::Older(limit) => limit,
        };
        let said = Early::unless_ok(self.host.run(SCRIPT.with(["age"])).await?)?;
        // What cannot be told, or was changed in the future, counts as old: fetching it again does no harm.
        Ok(said.trim().parse().map_or(true, |age| Duration::from_secs(age) >= limit))
    }

    /// Fetches the lists of packages.
    pub(crate) async fn refresh(&self) -> Result<(), Early> {
        self.until_free().await?;
        let said = self.host.run(SCRIPT.with(["refresh"])).await?;
        if said.ok() {
            return Ok(());
        }
        let why = complaint(&said.complaint());
        Err(Early::Known(Outcome::failed(format!("failed to fetch the lists of packages: {why}"), said.code())))
    }

    /// What would be done, where that can be told: nothing with dnf and yum. That it cannot be done is an outcome.
    pub(crate) async fn plan(&self, action: &str, wanted: &[Wanted<'_>]) -> Result<Vec<Planned>, Early> {
        let words = ["plan", action, self.recommends_word()].into_iter().chain(wanted.iter().map(|wanted| wanted.text));
        let said = self.host.run(SCRIPT.with(words)).await?;
        if said.ok() {
            return Ok(said.stdout.lines().filter_map(Planned::read).collect());
        }
        Err(Early::Known(Outcome::failed(complaint(&said.complaint()), said.code())))
    }

    /// Does it, once nobody else is at work on the packages.
    pub(crate) async fn act(&self, action: &str, wanted: &[Wanted<'_>]) -> Result<(), Early> {
        let seconds = self.until_free().await?.as_secs().to_string();
        let words = ["do", action, self.recommends_word(), &seconds];
        let words = words.into_iter().chain(wanted.iter().map(|wanted| wanted.text));
        let done = self.host.log_run(SCRIPT.with(words)).await?;
        if done.is_ok() { Ok(()) } else { Err(Early::Known(Outcome::failed(complaint(&done.message), done.value))) }
    }

    /// Waits until nobody else is at work on the packages; returns what is left of the wait.
    async fn until_free(&self) -> Result<Duration, Early> {
        let mut patience = Patience::new(self.host, self.wait);
        let mut told = false;
        loop {
            let said = Early::unless_ok(self.host.run(SCRIPT.with(["busy"])).await?)?;
            let Some((process, command)) = said.lines().find_map(|line| line.split_once(' ')) else {
                return Ok(self.wait.saturating_sub(patience.waited()));
            };
            let holder = format!("process {process} (`{}`)", command.trim());
            if !told {
                self.host.note(format!("waiting for {holder}, which is at work on the packages"));
                told = true;
            }
            if !patience.pause().await {
                let waited = format_duration(patience.waited());
                return Err(Early::failed(format!("{holder} is still at work on the packages after {waited}")));
            }
        }
    }

    fn recommends_word(&self) -> &'static str {
        if self.recommends { "true" } else { "false" }
    }
}

impl Package {
    /// Reads `NAME|STATUS|VERSION` lines after one that says who answers.
    fn read_all(said: &str) -> Vec<Self> {
        let mut lines = said.lines();
        let rpm = lines.next() != Some("apt");
        lines.filter_map(|line| Self::read(line, rpm)).collect()
    }

    /// Its status has two letters at least: what is wished for, and how it is (dpkg-query(1), `db:Status-Abbrev`).
    fn read(line: &str, rpm: bool) -> Option<Self> {
        let mut cells = line.split('|');
        let (name, status, version) = (cells.next()?, cells.next()?, cells.next()?);
        let mut letters = status.chars();
        let (wish, is) = (letters.next()?, letters.next()?);
        let version = Some(version.to_owned()).filter(|version| is == 'i' && !version.is_empty());
        Some(Self { name: name.to_owned(), version, held: wish == 'h', is, rpm })
    }

    /// Whether it is installed, and in that version if one is wanted.
    pub(crate) fn fits(&self, wanted: &Wanted<'_>) -> bool {
        match (&self.version, wanted.version) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(version), Some(wanted)) => {
                version == wanted || self.rpm && version.rsplit_once('-').is_some_and(|(version, _)| version == wanted)
            }
        }
    }

    /// Whether there is anything to remove, or, with `purge`, any of its configuration files.
    pub(crate) fn is_there(&self, purge: bool) -> bool {
        self.is != 'n' && (purge || self.is != 'c')
    }

    /// It and its version, for people.
    pub(crate) fn told(&self) -> String {
        match &self.version {
            Some(version) => format!("`{}` {version}", self.name),
            None => format!("`{}`", self.name),
        }
    }
}

impl Planned {
    /// Reads `Inst NAME [OLD] (NEW ...` or `Remv NAME [OLD]` of a simulation (apt-get(8)).
    fn read(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace().peekable();
        let kind = words.next()?;
        let name = words.next()?.to_owned();
        match kind {
            "Inst" => {
                let old = words.next_if(|word| word.starts_with('['));
                let old = old.map(|word| word.trim_matches(['[', ']']).to_owned());
                let new = words.next()?.strip_prefix('(')?.trim_end_matches(')').to_owned();
                Some(Self::Install { name, old, new })
            }
            "Remv" | "Purg" => Some(Self::Remove { name }),
            _ => None,
        }
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Install { name, .. } | Self::Remove { name } => name,
        }
    }

    /// It, for people.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Install { name, old: Some(old), new } => format!("`{name}` {old} → {new}"),
            Self::Install { name, old: None, new } => format!("`{name}` {new}"),
            Self::Remove { name } => format!("`{name}`"),
        }
    }
}

/// A list for a message: not all of very many.
pub(crate) fn listed(told: impl IntoIterator<Item = String>) -> String {
    let mut told: Vec<_> = told.into_iter().collect();
    let more = told.len().saturating_sub(NAMED);
    if more > 0 {
        told.truncate(NAMED);
        told.push(plural(more, "more package"));
    }
    told.join(", ")
}

/// Names in backticks, for what would be done.
pub(crate) fn quoted(wanted: &[Wanted<'_>]) -> String {
    listed(wanted.iter().map(|wanted| format!("`{}`", wanted.text)))
}

/// Why a package manager failed: the lines that say so, where it marks them, else the last of what it said. What goes wrong in a
/// package's own scripts stands around the line in which dpkg says so.
fn complaint(said: &str) -> String {
    let lines: Vec<_> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if let Some(dpkg) = lines.iter().position(|line| line.starts_with("dpkg: error")) {
        return lines[dpkg.saturating_sub(1)..].iter().take(8).copied().collect::<Vec<_>>().join("\n");
    }
    let marked = |line: &&str| ["E: ", "Error"].iter().any(|mark| line.starts_with(mark));
    let errors: Vec<_> = lines.iter().copied().filter(marked).collect();
    let told = if errors.is_empty() { lines[lines.len().saturating_sub(5)..].to_vec() } else { errors };
    told.join("\n")
}

/// Packages that are not as they should be after the work.
pub(crate) fn not_done(what: &str, names: impl IntoIterator<Item = String>) -> Result<(), TaskError> {
    let left: Vec<_> = names.into_iter().collect();
    if left.is_empty() { Ok(()) } else { Err(TaskError::failed(format!("{what}: {}", listed(left)))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_and_versions_compared() {
        let said = "apt\na|ii |1.0-1\nb|hi |2\nc|rc |1\nd|un|\ne|iU |1\nnonsense\n";
        let all = Package::read_all(said);
        let version = |n: usize| all[n].version.as_deref();
        assert_eq!(
            (version(0), version(1), version(2), version(3), version(4)),
            (Some("1.0-1"), Some("2"), None, None, None)
        );
        assert_eq!(all.iter().map(|package| package.held).collect::<Vec<_>>(), [false, true, false, false, false]);
        assert_eq!(
            all.iter().map(|package| package.is_there(false)).collect::<Vec<_>>(),
            [true, true, false, false, true]
        );
        assert!(all[2].is_there(true) && !all[3].is_there(true));
        let wanted = |text| Wanted::read(text).expect("a name");
        assert!(all[0].fits(&wanted("a")) && all[0].fits(&wanted("a=1.0-1")) && !all[0].fits(&wanted("a=1.0")));
        let rpm = Package::read_all("dnf\na|ii|1.0-1.el9\n");
        assert!(rpm[0].fits(&wanted("a=1.0")) && rpm[0].fits(&wanted("a=1.0-1.el9")) && !rpm[0].fits(&wanted("a=1")));
    }

    #[test]
    fn what_apt_would_do_is_read() {
        let read = |line| Planned::read(line).map(|planned| planned.told());
        assert_eq!(read("Inst tiny (1.0 localhost [all])").as_deref(), Some("`tiny` 1.0"));
        assert_eq!(read("Inst tiny [1.0] (2.0 localhost [all]) []").as_deref(), Some("`tiny` 1.0 → 2.0"));
        assert_eq!(read("Remv tiny [1.0]").as_deref(), Some("`tiny`"));
        assert_eq!(read("Conf tiny (1.0 localhost [all])"), None);
        assert_eq!(read("Inst"), None);
    }

    #[test]
    fn a_complaint_is_what_says_why() {
        assert_eq!(complaint("Reading...\nE: Unable to locate package x\nDone\n"), "E: Unable to locate package x");
        assert_eq!(complaint("1\nit hurts\ndpkg: error\n why\nE: 2"), "it hurts\ndpkg: error\nwhy\nE: 2");
        assert_eq!(complaint("1\n2\n3\n\n4\n5\n6"), "2\n3\n4\n5\n6");
    }
}
