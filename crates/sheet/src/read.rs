use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use runsheet_diagnostics::{Place, Placed};
use runsheet_model::{NameError, StepId, Switch, TaskName, slug};
use runsheet_yaml::Spanned;

use crate::dependencies::check;
use crate::one_or_many::{Files, Ids, Kind, OneOrMany};
use crate::raw::{RawLink, RawSheet, RawStep};
use crate::reader::Reader;
use crate::undo::check_undo;
use crate::{After, AsUser, Chain, DEFAULT_TIMEOUT, Link, Sheet, SheetError, Step, Work};

/// The most steps of a sheet.
const MOST_STEPS: usize = 10_000;

/// The most hosts that are worked on at once.
const MOST_FORKS: usize = 10_000;

/// Reads and checks a sheet.
pub(crate) fn read(text: &str, file: &Path) -> Result<Sheet, SheetError> {
    let reader = Reader { text, place: Place::file(file) };
    let raw: RawSheet = runsheet_yaml::parse(text, file)?;
    let place = reader.at(&raw.steps);
    let count = raw.steps.value.len();
    if count == 0 {
        return Err(SheetError::NoSteps { place });
    }
    if count > MOST_STEPS {
        return Err(SheetError::TooManySteps { count, most: MOST_STEPS, place });
    }
    let steps = raw.steps.value.into_iter().map(|step| reader.step(step)).collect::<Result<Vec<_>, _>>()?;
    let stem = || file.file_stem().map_or_else(|| "sheet".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let sheet = Sheet {
        name: raw.name.map_or_else(|| Ok(stem()), |name| reader.text("name", name).map(|name| name.value))?,
        vars: reader.vars(raw.vars)?,
        lock: raw.lock.map(|lock| reader.lock(lock)).transpose()?,
        steps: steps.iter().map(|(step, _)| step.clone()).collect(),
        file: None,
        warnings: Vec::new(),
    };
    unique(&steps)?;
    check(&sheet.steps)?;
    check_undo(&sheet.steps)?;
    Ok(sheet)
}

/// Checks a number of forks.
pub(crate) fn forks_in_range(forks: u64, place: &Place) -> Result<usize, SheetError> {
    usize::try_from(forks).ok().filter(|forks| (1..=MOST_FORKS).contains(forks)).ok_or_else(|| SheetError::Forks {
        forks,
        most: MOST_FORKS,
        place: place.clone(),
    })
}

/// How the id of a step came about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Id {
    Written,
    Derived,
}

fn unique(steps: &[(Step, Id)]) -> Result<(), SheetError> {
    let mut seen: BTreeMap<&StepId, &(Step, Id)> = BTreeMap::new();
    for row in steps {
        let (step, how) = row;
        let Some((first, first_how)) = seen.insert(&step.id, row) else {
            continue;
        };
        return Err(SheetError::DuplicateId {
            id: step.id.to_string(),
            first: first.place.as_ref().map_or(0, |place| place.line),
            derived: *how == Id::Derived || *first_how == Id::Derived,
            place: step.place.clone().unwrap_or_else(|| Place::file("sheet")),
        });
    }
    Ok(())
}

impl Reader<'_> {
    fn step(&self, raw: Spanned<RawStep>) -> Result<(Step, Id), SheetError> {
        let place = self.at(&raw);
        let mut raw = raw.value;
        refuse_clashes(&raw, &place)?;
        let policy = self.policy(&mut raw, &place)?;
        let rollout = self.rollout(&mut raw, &place)?;
        let name = self.text("name", raw.name)?;
        let (id, how) = self.id(raw.id, &name)?;
        let optional = |word, text: Option<Spanned<String>>| text.map(|text| self.text(word, text)).transpose();
        let hosts = optional("hosts", raw.hosts)?;
        let local = self.is_local(raw.on.as_ref())?;
        let work = match (raw.task, raw.chain, raw.manual) {
            (Some(task), None, None) => {
                if raw.always.is_some() {
                    return Err(SheetError::Alone { word: "always", needs: "a `do`", place });
                }
                let link = RawLink {
                    task,
                    args: raw.args,
                    timeout: None,
                    sudo: None,
                    doas: None,
                    su: None,
                    idempotent: None,
                    receipt: raw.receipt,
                    reboots: raw.reboots,
                    delegate: None,
                    retries: None,
                    even_if_lost: None,
                };
                Work::Chain(Chain { links: vec![self.link(link)?], always: Vec::new() })
            }
            (None, Some(chain), None) => {
                let always = raw.always.map(|always| self.links("always", always)).transpose()?;
                Work::Chain(Chain { links: self.chain(chain)?, always: always.unwrap_or_default() })
            }
            (None, None, Some(manual)) => Work::Manual(self.text("manual", manual)?),
            (task, chain, manual) => {
                let words = [("`task`", task.is_some()), ("`do`", chain.is_some()), ("`manual`", manual.is_some())];
                let found: Vec<&str> = words.iter().filter(|(_, is)| *is).map(|(word, _)| *word).collect();
                let found = if found.is_empty() { "nothing to do".to_owned() } else { found.join(" and ") };
                return Err(SheetError::Work { step: name.value, found, place });
            }
        };
        if hosts.is_none() && !local && matches!(work, Work::Chain(_)) {
            return Err(SheetError::NoHosts { step: name.value, place });
        }
        if local {
            refuse_hosts_words(&work)?;
        }
        let forks = raw.forks.map(|forks| forks_in_range(forks.value, &self.at(&forks))).transpose()?;
        let step = Step {
            id,
            name: name.value,
            place: Some(place),
            work,
            hosts,
            local,
            after: self.after(raw.after)?,
            enabled: raw.enabled.unwrap_or(true),
            when: optional("when", raw.when)?,
            owner: raw.owner,
            expect: raw.expect.map(|expect| self.duration(&expect)).transpose()?,
            notes: raw.notes,
            forks,
            timeout: self.timeout(raw.timeout)?.unwrap_or(DEFAULT_TIMEOUT),
            as_user: self.as_user([(Switch::Sudo, raw.sudo), (Switch::Doas, raw.doas), (Switch::Su, raw.su)])?,
            env: self.env(raw.env)?,
            dir: optional("dir", raw.dir)?,
            pty: raw.pty.unwrap_or(false),
            idempotent: raw.idempotent,
            rollout,
            policy,
            retries: self.retries(raw.retries.as_ref())?.unwrap_or(0),
            delegate: optional("delegate", raw.delegate)?,
            makes: self.makes(raw.makes)?,
        };
        Ok((step, how))
    }

    /// Whether the work is done on the machine that runs runsheet.
    fn is_local(&self, on: Option<&Spanned<String>>) -> Result<bool, SheetError> {
        match on {
            None => Ok(false),
            Some(on) if on.value == "local" => Ok(true),
            Some(on) => Err(SheetError::On { found: on.value.clone(), place: self.at(on) }),
        }
    }

    fn id(&self, written: Option<Spanned<String>>, name: &Placed<String>) -> Result<(StepId, Id), SheetError> {
        let (text, place, how) = match written {
            Some(id) => (id.value.clone(), self.at(&id), Id::Written),
            None => (slug(&name.value), name.place.clone(), Id::Derived),
        };
        let what =
            if how == Id::Written { "this id" } else { "a name without letters and digits and without an `id:`" };
        let id = StepId::new(text).map_err(|source| SheetError::Name { what, place, source })?;
        Ok((id, how))
    }

    /// The tasks of a chain, none of which is one for every case.
    fn chain(&self, chain: Spanned<Vec<RawLink>>) -> Result<Vec<Link>, SheetError> {
        let place = self.at(&chain);
        if chain.value.is_empty() {
            return Err(SheetError::EmptyChain { place });
        }
        if chain.value.iter().any(|link| link.even_if_lost.is_some()) {
            return Err(SheetError::Alone { word: "even_if_lost", needs: "to stand in `always`", place });
        }
        chain.value.into_iter().map(|link| self.link(link)).collect()
    }

    fn links(&self, word: &'static str, links: Spanned<Vec<RawLink>>) -> Result<Vec<Link>, SheetError> {
        if links.value.is_empty() {
            return Err(SheetError::Empty { word, place: self.at(&links) });
        }
        links.value.into_iter().map(|link| self.link(link)).collect()
    }

    pub(crate) fn link(&self, raw: RawLink) -> Result<Link, SheetError> {
        let task = self.placed(raw.task);
        let name = TaskName::new(task.value).map_err(|source| SheetError::Name {
            what: "this task name",
            place: task.place.clone(),
            source,
        })?;
        let mut args = BTreeMap::new();
        for (key, value) in raw.args.unwrap_or_default() {
            args.insert(key.value, self.placed(self.same_number(value)?));
        }
        Ok(Link {
            task: Placed { value: name, place: task.place },
            args,
            timeout: self.timeout(raw.timeout)?,
            as_user: self.as_user([(Switch::Sudo, raw.sudo), (Switch::Doas, raw.doas), (Switch::Su, raw.su)])?,
            idempotent: raw.idempotent,
            delegate: raw.delegate.map(|delegate| self.text("delegate", delegate)).transpose()?,
            retries: self.retries(raw.retries.as_ref())?,
            receipt: raw.receipt.unwrap_or(false),
            reboots: raw.reboots.unwrap_or(false),
            even_if_lost: raw.even_if_lost.unwrap_or(false),
        })
    }

    fn makes(&self, raw: Option<Spanned<OneOrMany<Files>>>) -> Result<Vec<Placed<String>>, SheetError> {
        let Some(raw) = raw else { return Ok(Vec::new()) };
        let place = self.at(&raw);
        let files = self.each(raw);
        match files.iter().find(|file| file.value.trim().is_empty()) {
            Some(file) => Err(SheetError::Empty { word: "makes", place: file.place.clone() }),
            None if files.is_empty() => Err(SheetError::Empty { word: "makes", place }),
            None => Ok(files),
        }
    }

    /// The texts, one by one.
    fn each<K: Kind>(&self, raw: Spanned<OneOrMany<K>>) -> Vec<Placed<String>> {
        let place = self.at(&raw);
        match raw.value {
            OneOrMany::One(text) => vec![Placed { value: text, place }],
            OneOrMany::Many(texts, _) => texts.into_iter().map(|text| self.placed(text)).collect(),
        }
    }

    fn after(&self, raw: Option<Spanned<OneOrMany<Ids>>>) -> Result<After, SheetError> {
        let Some(raw) = raw else { return Ok(After::RowAbove) };
        let ids = self.each(raw);
        let mut seen = BTreeSet::new();
        let mut steps = Vec::new();
        for Placed { value, place } in ids {
            let name = |source: NameError| SheetError::Name { what: "this id", place: place.clone(), source };
            let value = StepId::new(value).map_err(name)?;
            if seen.insert(value.clone()) {
                steps.push(Placed { value, place });
            }
        }
        Ok(After::Steps(steps))
    }
}

/// Refuses words that make no sense beside others.
/// Refuses words of links that are about hosts, in a step that has none.
fn refuse_hosts_words(work: &Work) -> Result<(), SheetError> {
    let Work::Chain(Chain { links, always }) = work else { return Ok(()) };
    for link in links.iter().chain(always) {
        let by = match &link.as_user {
            Some(AsUser::User { by, .. }) => Some(*by),
            Some(AsUser::Login) | None => None,
        };
        let words = [
            ("sudo", by == Some(Switch::Sudo)),
            ("doas", by == Some(Switch::Doas)),
            ("su", by == Some(Switch::Su)),
            ("delegate", link.delegate.is_some()),
            ("receipt", link.receipt),
            ("reboots", link.reboots),
        ];
        if let Some((word, _)) = words.into_iter().find(|(_, is)| *is) {
            return Err(SheetError::Clash { word, with: "on: local", place: link.task.place.clone() });
        }
    }
    Ok(())
}

fn refuse_clashes(raw: &RawStep, place: &Place) -> Result<(), SheetError> {
    let clash = |word, with| Err(SheetError::Clash { word, with, place: place.clone() });
    if raw.chain.is_some() && raw.task.is_none() && raw.args.is_some() {
        return clash("args", "do");
    }
    if raw.chain.is_some() && raw.task.is_none() && raw.reboots.is_some() {
        return clash("reboots", "do");
    }
    if raw.chain.is_some() && raw.task.is_none() && raw.receipt.is_some() {
        return clash("receipt", "do");
    }
    if raw.on.is_some() {
        let words = [
            ("hosts", raw.hosts.is_some()),
            ("when", raw.when.is_some()),
            ("sudo", raw.sudo.is_some()),
            ("doas", raw.doas.is_some()),
            ("su", raw.su.is_some()),
            ("pty", raw.pty.is_some()),
            ("receipt", raw.receipt.is_some()),
            ("reboots", raw.reboots.is_some()),
            ("delegate", raw.delegate.is_some()),
            ("rollback", raw.rollback.is_some()),
        ];
        if let Some((word, _)) = words.into_iter().find(|(_, is)| *is) {
            return clash(word, "on: local");
        }
    }
    if raw.manual.is_none() || raw.task.is_some() || raw.chain.is_some() {
        return Ok(());
    }
    let words = [
        ("hosts", raw.hosts.is_some()),
        ("on", raw.on.is_some()),
        ("args", raw.args.is_some()),
        ("when", raw.when.is_some()),
        ("forks", raw.forks.is_some()),
        ("timeout", raw.timeout.is_some()),
        ("sudo", raw.sudo.is_some()),
        ("doas", raw.doas.is_some()),
        ("su", raw.su.is_some()),
        ("env", raw.env.is_some()),
        ("dir", raw.dir.is_some()),
        ("pty", raw.pty.is_some()),
        ("idempotent", raw.idempotent.is_some()),
        ("receipt", raw.receipt.is_some()),
        ("reboots", raw.reboots.is_some()),
        ("batch", raw.batch.is_some()),
        ("waves", raw.waves.is_some()),
        ("pause", raw.pause.is_some()),
        ("window", raw.window.is_some()),
        ("floor", raw.floor.is_some()),
        ("order", raw.order.is_some()),
        ("once", raw.once.is_some()),
        ("max_fail", raw.max_fail.is_some()),
        ("unreachable", raw.unreachable.is_some()),
        ("of", raw.of.is_some()),
        ("on_failure", raw.on_failure.is_some()),
        ("rollback", raw.rollback.is_some()),
        ("retries", raw.retries.is_some()),
        ("straggler", raw.straggler.is_some()),
        ("always", raw.always.is_some()),
        ("delegate", raw.delegate.is_some()),
    ];
    match words.iter().find(|(_, is)| *is) {
        Some((word, _)) => clash(word, "manual"),
        None => Ok(()),
    }
}
