use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use runsheet_diagnostics::in_one_line;
use runsheet_events::EventLog;
use runsheet_model::{RunId, SinkName, format_chosen_duration};

use crate::pulse::Pulse;
use crate::{Drive, DriveError, Sink, StandingFile};

/// How often the record is looked at for something new.
const LOOK: Duration = Duration::from_millis(200);

/// How often a sink may watch the time.
const TICK: Duration = Duration::from_secs(1);

/// How long is waited after a failure, and after many.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// How long is waited after a failure once the run is over and people wait.
const LAST_PAUSE: Duration = Duration::from_millis(500);

/// The sinks of a run that is going on, each in a thread of its own.
///
/// The run never waits for them. A sink that fails is tried again, after a pause that grows from a second to a minute; one that
/// refuses for good, or breaks, is left alone.
pub struct Crew {
    run_folder: PathBuf,
    members: Vec<SinkName>,
    pulse: Arc<Pulse>,
    reports: mpsc::Receiver<Report>,
    early: Vec<Report>,
}

/// How it went with a sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which.
    pub sink: SinkName,
    /// Why something is missing there; absent if everything was delivered.
    pub behind: Option<String>,
    /// What people should know besides.
    pub remarks: Vec<String>,
}

impl Report {
    /// A sink that got nowhere.
    pub fn behind(sink: SinkName, why: impl Into<String>) -> Self {
        Self { sink, behind: Some(why.into()), remarks: Vec::new() }
    }
}

impl Crew {
    /// Starts the sinks of a run: their names, what they are, and they themselves. One that cannot be started is reported in the end.
    pub fn start(
        run: RunId,
        run_folder: &Path,
        log: &Arc<dyn EventLog>,
        sinks: Vec<(SinkName, &'static str, Box<dyn Sink>)>,
    ) -> Self {
        let pulse = Arc::new(Pulse::default());
        let (send, reports) = mpsc::channel();
        let run_folder = run_folder.to_owned();
        let mut crew = Self { run_folder, members: Vec::new(), pulse, reports, early: Vec::new() };
        for (name, kind, sink) in sinks {
            let file = match StandingFile::open(&crew.run_folder, &name, kind) {
                Ok(file) => file,
                Err(error) => {
                    crew.early.push(Report::behind(name, in_one_line(&error)));
                    continue;
                }
            };
            let drive = Drive::new(log.clone(), run, sink, file);
            let member = Member { name: name.clone(), drive, pulse: crew.pulse.clone() };
            let send = send.clone();
            let thread = thread::Builder::new().name(format!("sink {name}"));
            // Whoever started the run may be gone by the end: then nobody wants the report.
            match thread.spawn(move || _ = send.send(member.work())) {
                Ok(_) => crew.members.push(name),
                Err(error) => crew.early.push(Report::behind(name, format!("its thread cannot be started: {error}"))),
            }
        }
        crew
    }

    /// Says that the run is over and its record complete, and gives the sinks some time to catch up. Tells how it went with each.
    ///
    /// A sink that takes longer is left behind; what it is doing is not waited for.
    pub fn finish(self, patience: Duration) -> Vec<Report> {
        let deadline = Instant::now() + patience;
        self.pulse.end();
        let mut reports = self.early;
        let mut missing = self.members;
        while !missing.is_empty() {
            let Ok(report) = self.reports.recv_timeout(deadline.saturating_duration_since(Instant::now())) else {
                break;
            };
            missing.retain(|name| *name != report.sink);
            reports.push(report);
        }
        let mut troubles: BTreeMap<_, _> = StandingFile::all(&self.run_folder)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(name, standing)| Some((name, standing.trouble?.why)))
            .collect();
        let slow = format!("it takes longer than {} after the end of the run", format_chosen_duration(patience));
        reports.extend(missing.into_iter().map(|name| {
            let why = troubles.remove(&name).unwrap_or_else(|| slow.clone());
            Report::behind(name, why)
        }));
        reports.sort_by(|a, b| a.sink.cmp(&b.sink));
        reports
    }
}

/// One sink of a run that is going on.
struct Member {
    name: SinkName,
    drive: Drive,
    pulse: Arc<Pulse>,
}

impl Member {
    /// Delivers until the run is over and everything is delivered, or nothing more can be.
    fn work(mut self) -> Report {
        let mut remarks = Vec::new();
        let mut pause = FIRST_PAUSE;
        let mut ticked = Instant::now();
        let behind = loop {
            // Asked before the record is read: what comes in between is read the next time.
            let over = self.pulse.is_over();
            let result = self.drive.catch_up(over).and_then(|_| {
                if !over && ticked.elapsed() >= TICK {
                    ticked = Instant::now();
                    self.drive.tick()?;
                }
                Ok(())
            });
            remarks.extend(self.drive.remarks());
            match result {
                Ok(()) if over => break None,
                Ok(()) => {
                    pause = FIRST_PAUSE;
                    self.pulse.wait(LOOK);
                }
                Err(error) if !error.is_passing() => break Some(in_one_line(&error)),
                Err(error) => self.rest(&mut pause, over, &error),
            }
        };
        Report { sink: self.name, behind, remarks }
    }

    fn rest(&self, pause: &mut Duration, over: bool, error: &DriveError) {
        tracing::debug!(sink = %self.name, "not delivered: {}", in_one_line(error));
        if over {
            thread::sleep(LAST_PAUSE);
        } else {
            self.pulse.wait(*pause);
            *pause = (*pause * 2).min(LONGEST_PAUSE);
        }
    }
}
