//! Where the timing of runs goes: what `runsheet.yaml` says, put together for a run, and what is told of it in the end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use runsheet_diagnostics::in_one_line;
use runsheet_events::{EventLog, Request};
use runsheet_journal::{JournalWriter, RunFolder};
use runsheet_model::{Mask, RunId, Secret, SecretName, SinkName, plural, visible};
use runsheet_sinks::{
    Crew, Mistake, NotifySettings, Report, Sink, SinkError, SinkSettings, StandingFile, Surroundings,
};
use runsheet_yaml::{Mark, Spanned, YamlError};

use crate::commands::sheet_of;
use crate::error::CliError;
use crate::printer::Printer;
use crate::project::Settings;
use crate::session::Session;
use crate::{secrets, version};

/// How long sinks may take to catch up after the end of a run.
const PATIENCE: Duration = Duration::from_secs(10);

/// A sink that is ready to be driven: its name, what it is, and it itself.
pub(crate) type Ready = (SinkName, &'static str, Box<dyn Sink>);

/// The sinks of a run, before it starts.
#[derive(Default)]
pub(crate) struct Sinks {
    ready: Vec<Ready>,
    /// Those that cannot be used, and why. A run does not fail by them.
    unusable: Vec<Report>,
    secrets: BTreeMap<SecretName, Secret<String>>,
}

/// The sinks of a run that is going on.
pub(crate) struct Delivering {
    crew: Option<Crew>,
    unusable: Vec<Report>,
}

impl Sinks {
    /// Puts together the sinks of the project, those of these names or all, and reads the secrets that they need.
    pub(crate) fn of(session: &Session, only: &[SinkName], may_ask: bool, request: Option<&Request>) -> Self {
        let sheet = request.and_then(|request| sheet_of(request, session));
        let mut sinks = Self::default();
        for configured in all(&session.project.settings) {
            let Ok(name) = configured.name() else { continue };
            if !only.is_empty() && !only.contains(&name) {
                continue;
            }
            match sinks.open(session, configured, may_ask, sheet.clone()) {
                Ok(Some(sink)) => sinks.ready.push((name, configured.kind(), sink)),
                Ok(None) => {}
                Err(why) => sinks.unusable.push(Report::behind(name, why)),
            }
        }
        sinks
    }

    fn open(
        &mut self,
        session: &Session,
        configured: Configured,
        may_ask: bool,
        sheet: Option<PathBuf>,
    ) -> Result<Option<Box<dyn Sink>>, String> {
        for name in configured.secrets() {
            self.read_secret(session, name, may_ask)?;
        }
        let surroundings = Surroundings {
            root: session.project.root.clone(),
            sheet,
            machine: session.environment.machine.clone(),
            zone: Some(TimeZone::system()),
            version: version::VERSION.to_owned(),
            people: session.project.settings.people.clone(),
            secrets: self.secrets.clone(),
        };
        configured.open(&surroundings).map_err(|error| in_one_line(&error))
    }

    fn read_secret(&mut self, session: &Session, name: &str, may_ask: bool) -> Result<(), String> {
        let name = SecretName::new(name).map_err(|error| error.to_string())?;
        if self.secrets.contains_key(&name) {
            return Ok(());
        }
        let read = secrets::read(std::slice::from_ref(&name), &session.project, &session.environment, may_ask);
        let read = read.map_err(|error| in_one_line(&error))?;
        // One that cannot be hidden must not be used.
        Mask::new(read.iter()).map_err(|error| error.to_string())?;
        self.secrets.extend(read.iter().map(|(name, value)| (name.clone(), value.clone())));
        Ok(())
    }

    /// The secrets that they use, for the mask.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = (&SecretName, &Secret<String>)> {
        self.secrets.iter()
    }

    /// Starts them for a run that begins to be recorded.
    pub(crate) fn start(self, run: RunId, journal: &JournalWriter) -> Delivering {
        let Self { ready, mut unusable, .. } = self;
        if ready.is_empty() {
            return Delivering { crew: None, unusable };
        }
        let crew = match journal.reader() {
            Ok(log) => {
                let log: Arc<dyn EventLog> = Arc::new(log);
                Some(Crew::start(run, journal.folder(), &log, ready))
            }
            Err(error) => {
                unusable.extend(ready.into_iter().map(|(name, ..)| Report::behind(name, error.to_string())));
                None
            }
        };
        Delivering { crew, unusable }
    }

    /// Takes them apart: those that are ready, and those that cannot be used.
    pub(crate) fn into_parts(self) -> (Vec<Ready>, Vec<Report>) {
        (self.ready, self.unusable)
    }
}

impl Delivering {
    /// Lets them catch up, now that the run is over and its record complete, and tells what is missing. Changes nothing of how the run ended.
    pub(crate) fn finish(self, run: RunId, printer: &Printer) {
        let mut reports = self.unusable;
        reports.extend(self.crew.map(|crew| crew.finish(PATIENCE)).unwrap_or_default());
        let mut behind = false;
        for report in &reports {
            tell(report, printer);
            behind |= report.behind.is_some();
        }
        if behind {
            printer.alarm(&format!("hint: what is missing is delivered by `runsheet sync {}`\n", run.short()));
        }
    }
}

/// Tells what people should know of a sink.
pub(crate) fn tell(report: &Report, printer: &Printer) {
    let sink = &report.sink;
    for remark in &report.remarks {
        printer.alarm(&format!("warning: sink `{sink}`: {}\n", visible(remark.as_bytes())));
    }
    if let Some(why) = &report.behind {
        printer.alarm(&format!("warning: sink `{sink}` is behind: {}\n", visible(why.as_bytes())));
    }
}

/// Which sinks have not taken everything of a run that is over and has so many events, in words; empty if there is none.
pub(crate) fn behind(folder: &RunFolder, events: u64) -> Result<String, CliError> {
    let mut text = String::new();
    for (name, standing) in StandingFile::all(folder.path())? {
        if !standing.is_done(events) {
            let why =
                standing.trouble.map_or_else(String::new, |trouble| format!(": {}", visible(trouble.why.as_bytes())));
            text.push_str(&format!(
                "sink `{name}` has {} of {}{why}\n",
                standing.seq,
                plural(saturated(events), "event")
            ));
        }
    }
    if !text.is_empty() {
        text.insert(0, '\n');
        text.push_str(&format!("what is missing is delivered by `runsheet sync {}`\n", folder.run().short()));
    }
    Ok(text)
}

fn saturated(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// A sink as it is configured: something that is told of runs, or somebody.
#[derive(Clone, Copy)]
enum Configured<'a> {
    Sink(&'a Spanned<SinkSettings>),
    Notify(&'a Spanned<NotifySettings>),
}

fn all(settings: &Settings) -> impl Iterator<Item = Configured<'_>> {
    settings.sinks.iter().map(Configured::Sink).chain(settings.notify.iter().map(Configured::Notify))
}

/// The names of all sinks of a project.
pub(crate) fn names(settings: &Settings) -> Vec<SinkName> {
    all(settings).filter_map(|configured| configured.name().ok()).collect()
}

/// Whether a sink is people: what happened before they were configured is no news for them.
pub(crate) fn tells_people(settings: &Settings, wanted: &SinkName) -> bool {
    settings.notify.iter().any(|notify| notify.value.name().is_ok_and(|name| name == *wanted))
}

impl<'a> Configured<'a> {
    fn mark(self) -> Mark {
        match self {
            Self::Sink(sink) => Mark::of(sink),
            Self::Notify(notify) => Mark::of(notify),
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Sink(sink) => sink.value.kind(),
            Self::Notify(notify) => notify.value.kind(),
        }
    }

    fn name(self) -> Result<SinkName, Mistake> {
        match self {
            Self::Sink(sink) => sink.value.name(),
            Self::Notify(notify) => notify.value.name(),
        }
    }

    fn check(self) -> Result<(), Mistake> {
        match self {
            Self::Sink(sink) => sink.value.check(),
            Self::Notify(notify) => notify.value.check(),
        }
    }

    fn secrets(self) -> Vec<&'a str> {
        match self {
            Self::Sink(sink) => sink.value.secrets(),
            Self::Notify(notify) => notify.value.secrets(),
        }
    }

    fn open(self, surroundings: &Surroundings) -> Result<Option<Box<dyn Sink>>, SinkError> {
        match self {
            Self::Sink(sink) => sink.value.open(surroundings),
            Self::Notify(notify) => notify.value.open(surroundings).map(Some),
        }
    }
}

/// Checks what the types of the settings do not.
pub(crate) fn check(settings: &Settings, file: &Path) -> Result<(), YamlError> {
    let mut names = Vec::new();
    for configured in all(settings) {
        let mark = configured.mark();
        let wrong = |mistake: Mistake| {
            let error = YamlError::at(file, mark, mistake.what);
            match mistake.hint {
                Some(hint) => error.with_hint(hint),
                None => error,
            }
        };
        configured.check().map_err(wrong)?;
        names.push((configured.name().map_err(wrong)?, mark));
        for secret in configured.secrets() {
            if !settings.secrets.contains_key(secret) {
                let secret = visible(secret.as_bytes());
                let what = format!("there is no secret `{secret}` for `{}`", configured.kind());
                let hint = format!("say where it comes from: `secrets: {{{secret}: {{env: VARIABLE}}}}`");
                return Err(YamlError::at(file, mark, what).with_hint(hint));
            }
        }
    }
    names.sort();
    match names.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(YamlError::at(file, pair[1].1, format!("two sinks have the name `{}`", pair[1].0))
            .with_hint("give one of them another one with `name`")),
        None => Ok(()),
    }
}
