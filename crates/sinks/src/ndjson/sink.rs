use runsheet_events::RunEvent;

use super::lines::lines;
use super::log_file::LogFile;
use super::pipe::Pipe;
use super::settings::NdjsonSettings;
use crate::{Sink, SinkError, Surroundings, View};

/// Writes events as lines of JSON.
pub(crate) enum Ndjson {
    File(LogFile),
    Pipe(Pipe),
}

impl Ndjson {
    pub(crate) fn new(settings: &NdjsonSettings, surroundings: &Surroundings) -> Self {
        let path = |path: &str| surroundings.root.join(path);
        match &settings.pipe {
            Some(pipe) => Self::Pipe(Pipe::new(path(pipe))),
            None => Self::File(LogFile::new(path(settings.path.as_deref().unwrap_or_default()))),
        }
    }
}

impl Sink for Ndjson {
    fn deliver(&mut self, view: &View<'_>, events: &[RunEvent]) -> Result<(), SinkError> {
        match self {
            _ if events.is_empty() => Ok(()),
            Self::File(file) => file.append(view.run, events),
            Self::Pipe(pipe) => pipe.write(&lines(view.run, events)?),
        }
    }
}
