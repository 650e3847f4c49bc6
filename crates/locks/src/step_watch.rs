use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;

use runsheet_events::{EventKind, ObserveError, Observer, RunEvent};
use runsheet_model::StepId;

use crate::file;

/// Keeps written in a lock which steps run. It looks only at the beginnings and ends of steps; a thread of its own writes.
#[derive(Debug)]
pub struct StepWatch {
    /// The steps of the run with their titles.
    titles: Vec<(StepId, String)>,
    running: Vec<StepId>,
    writer: Sender<Vec<String>>,
}

impl StepWatch {
    pub(crate) fn start(lock: File) -> io::Result<Self> {
        let (writer, changes) = mpsc::channel::<Vec<String>>();
        thread::Builder::new().name("lock-steps".to_owned()).spawn(move || {
            while let Ok(mut steps) = changes.recv() {
                // Only the newest counts.
                while let Ok(newer) = changes.try_recv() {
                    steps = newer;
                }
                // Who holds the lock stands there all the same.
                _ = file::write_steps(&lock, &steps);
            }
        })?;
        Ok(Self { titles: Vec::new(), running: Vec::new(), writer })
    }

    fn tell(&self) {
        let title = |step: &StepId| {
            let known = self.titles.iter().find(|(id, _)| id == step);
            known.map_or_else(|| step.to_string(), |(_, title)| title.clone())
        };
        // The thread ends only with this.
        _ = self.writer.send(self.running.iter().map(title).collect());
    }
}

impl Observer for StepWatch {
    fn observe(&mut self, event: &Arc<RunEvent>) -> Result<(), ObserveError> {
        match &event.kind {
            EventKind::RunStarted(header) => {
                self.titles = header.steps.iter().map(|step| (step.step.clone(), step.name.clone())).collect();
            }
            EventKind::StepStarted { step, .. } => {
                self.running.push(step.clone());
                self.tell();
            }
            EventKind::StepFinished { step, .. } => {
                self.running.retain(|running| running != step);
                self.tell();
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), ObserveError> {
        Ok(())
    }
}
