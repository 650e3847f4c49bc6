use std::collections::BTreeMap;
use std::time::Duration;

use clap::ValueEnum;
use runsheet_forecast::{Alarm, Usual, among_peers};
use runsheet_journal::{History, PastSeries, PastTimes};
use runsheet_model::HostName;

use crate::error::CliError;
use crate::session::Session;

/// Of what a trend is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// Each step of the sheet
    Step,
    /// Each task, as it is on a host
    Task,
    /// Each host group, as half of its hosts are
    Group,
    /// Each host, all steps together
    Host,
}

impl By {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Task => "task",
            Self::Group => "group",
            Self::Host => "host",
        }
    }
}

/// How long something took in past runs.
#[derive(Debug)]
pub(crate) struct PastTrend {
    pub(crate) name: String,
    /// Newest first; never empty.
    pub(crate) took: Vec<Duration>,
    /// Where it is significantly slower than others that do the same.
    pub(crate) slower: Option<Slower>,
}

/// A host is slower than its peers.
#[derive(Clone, Debug)]
pub(crate) struct Slower {
    /// The id of the step at which it shows most.
    pub(crate) step: String,
    /// How long the host usually takes, and how long its peers do.
    pub(crate) alarm: Alarm,
}

/// Asks the history for the last runs of a sheet, at most `last` of them.
///
/// # Errors
///
/// By task there is no trend on one host: the history does not know what a task took on each.
pub(crate) fn past_trends(
    history: &mut History,
    sheet: &str,
    last: usize,
    by: By,
    host: Option<&str>,
    session: &Session,
) -> Result<Vec<PastTrend>, CliError> {
    let is_asked_for = |name: &str| host.is_none_or(|host| host == name);
    let plain = |PastSeries { name, took, .. }| PastTrend { name, took, slower: None };
    Ok(match by {
        By::Task if host.is_some() => {
            let message = "the history does not know what a task took on each host".to_owned();
            return Err(CliError::usage(message, "`--by step --host HOST` tells what each step took there"));
        }
        By::Task => history.task_series(sheet, last)?.into_iter().map(plain).collect(),
        By::Step if host.is_some() => {
            let times = history.times(sheet, last)?.into_iter().filter(|past| is_asked_for(&past.host));
            times.map(|past| PastTrend { name: past.step, took: past.took, slower: None }).collect()
        }
        By::Step => {
            let steps = history.steps(sheet, last)?.into_iter();
            steps.map(|step| PastTrend { name: step.name, took: step.took, slower: None }).collect()
        }
        By::Host => {
            let mut slower = slower_hosts(&history.times(sheet, last)?);
            let hosts = history.host_series(sheet, last)?.into_iter().filter(|host| is_asked_for(&host.name));
            hosts.map(|host| PastTrend { slower: slower.remove(&host.name), ..plain(host) }).collect()
        }
        By::Group => {
            let hosts = history.host_series(sheet, last)?.into_iter().filter(|host| is_asked_for(&host.name));
            of_groups(hosts, session)
        }
    })
}

/// The hosts that take significantly longer than their peers at a step, and where that shows most.
fn slower_hosts(times: &[PastTimes]) -> BTreeMap<String, Slower> {
    let mut steps: BTreeMap<&str, Vec<(&str, Duration)>> = BTreeMap::new();
    for PastTimes { step, host, took } in times {
        steps.entry(step).or_default().extend(Usual::of(took).map(|usual| (host.as_str(), usual.median)));
    }
    let mut slower: BTreeMap<String, Slower> = BTreeMap::new();
    for (step, hosts) in steps {
        let Some(limit) = among_peers(&hosts.iter().map(|(_, median)| *median).collect::<Vec<_>>()) else { continue };
        for (host, median) in hosts {
            let Some(alarm) = limit.look(median) else { continue };
            if slower.get(host).is_none_or(|known| known.alarm.percent() < alarm.percent()) {
                slower.insert(host.to_owned(), Slower { step: step.to_owned(), alarm });
            }
        }
    }
    slower
}

/// Of each group that the project knows today, what half of its hosts stayed below, one run after the other. Hosts in no group are
/// left out.
fn of_groups(hosts: impl Iterator<Item = PastSeries>, session: &Session) -> Vec<PastTrend> {
    // Of each group, by the age of the run.
    let mut groups: BTreeMap<String, BTreeMap<usize, Vec<Duration>>> = BTreeMap::new();
    for PastSeries { name, took, ages } in hosts {
        let Ok(name) = HostName::new(&name) else { continue };
        for group in session.inventory.groups_of(&name) {
            let runs = groups.entry(group.to_owned()).or_default();
            for (&age, &took) in ages.iter().zip(&took) {
                runs.entry(age).or_default().push(took);
            }
        }
    }
    let trend = |(name, runs): (String, BTreeMap<usize, Vec<Duration>>)| {
        let took = runs.values().filter_map(|hosts| Usual::of(hosts)).map(|usual| usual.median).collect();
        PastTrend { name, took, slower: None }
    };
    groups.into_iter().map(trend).collect()
}
