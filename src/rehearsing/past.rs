use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use runsheet_events::EventKind;
use runsheet_journal::{History, JournalError, StateFolder};
use runsheet_model::{HostName, RunId, StepId};
use runsheet_plan::Plan;
use runsheet_rehearsal::Past;

use crate::session::Session;

/// How many of the sheet's last runs times are drawn from.
const RUNS: usize = 20;
/// How many of them are read for how long connecting took, which only their journals know.
const JOURNALS: usize = 3;

/// What past runs of the sheet say. What cannot be read is told, and left out.
pub(super) fn past(session: &Session, plan: &Plan) -> Past {
    // A rehearsal leaves nothing behind: it makes no state folder.
    if !session.environment.state.join("runs").is_dir() {
        return Past::default();
    }
    match session.state().map_err(Into::into).and_then(|state| Ok(read(&state, plan)?)) {
        Ok(past) => past,
        Err(error) => {
            let error: Box<dyn std::error::Error> = error;
            session.printer.note(&format!("warning: past runs are left out: {error}\n"));
            Past::default()
        }
    }
}

fn read(state: &StateFolder, plan: &Plan) -> Result<Past, JournalError> {
    let mut history = History::open(state)?;
    let name = |name: String| HostName::new(name).ok();
    let id = |step: String| StepId::new(step).ok();
    let work = history.times(&plan.sheet, RUNS)?.into_iter();
    let people = history.steps(&plan.sheet, RUNS)?.into_iter();
    let runs = history.runs(JOURNALS, Some(&plan.sheet))?;
    Ok(Past {
        work: work.filter_map(|past| Some((id(past.step)?, name(past.host)?, past.took))).collect(),
        people: people.filter_map(|past| Some((id(past.step)?, past.waited))).collect(),
        connecting: connecting(state, runs.iter().filter_map(|past| RunId::from_str(&past.run).ok())),
    })
}

/// How long connecting took in some runs. One that was cleaned away, or cannot be read, says nothing.
fn connecting(state: &StateFolder, runs: impl Iterator<Item = RunId>) -> Vec<(HostName, Vec<Duration>)> {
    let mut times: BTreeMap<HostName, Vec<Duration>> = BTreeMap::new();
    for run in runs {
        let Ok(reader) = state.open_run(run).and_then(|folder| folder.reader()) else { continue };
        let Ok(events) = reader.events() else { continue };
        for event in events.map_while(Result::ok) {
            if let EventKind::HostConnected { host, took, .. } = event.kind {
                times.entry(host).or_default().push(took);
            }
        }
    }
    times.into_iter().collect()
}
