use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use runsheet_events::RunStats;
use runsheet_model::Pace;

use crate::{Outlook, Palette};

/// Folds host names into ranges, such as `web[1-3]`.
pub type Fold = fn(&[&str]) -> String;

/// How a run is shown: everything that depends on the terminal, the environment and the flags, as values.
#[derive(Clone, Debug)]
pub struct Display {
    /// For people, or for logs.
    pub format: Format,
    /// How much is told.
    pub detail: Detail,
    /// Whether identical output of hosts is shown once, when the step is over, instead of line by line.
    pub gather: bool,
    /// Whether standard error is a terminal that may be drawn on. [`Format::Plain`] never draws.
    ///
    /// Where standard output is a pipe it is better off: what reads the pipe (`less`, `head`) mostly writes to the same
    /// terminal, into the live lines.
    ///
    /// A writer that takes escape codes out must not be handed in together with this: it would take out the movements of
    /// the cursor as well. Colours are chosen by the palettes instead.
    pub live: bool,
    /// Size of that terminal; may change while the run goes on.
    pub size: Size,
    /// Colours of standard output. [`Format::Plain`] has none.
    pub out: Palette,
    /// Colours of standard error. [`Format::Plain`] has none.
    pub err: Palette,
    /// How lists of hosts are written.
    pub fold: Fold,
    /// The run so far, if it goes on. Default: nothing.
    pub before: RunStats,
    /// What is known beforehand of its end, which is told while it goes on. Default: nothing.
    pub outlook: Option<Outlook>,
    /// How many times faster than real the run goes. Default: as fast as life.
    pub pace: Pace,
    /// Where the full output of hosts is kept, to be told at the end; `None` if the record of the run goes with the program.
    pub output: Option<String>,
    /// How long the end of a run waits for a terminal or pipe that takes nothing at all, such as one that
    /// somebody has stopped to read. Default: 30 s.
    pub patience: Duration,
}

impl Default for Display {
    /// Lines for people without colours and without drawing.
    fn default() -> Self {
        Self {
            format: Format::Human,
            detail: Detail::Normal,
            gather: false,
            live: false,
            size: Size::default(),
            out: Palette::plain(),
            err: Palette::plain(),
            fold: |names| names.join(","),
            before: RunStats::default(),
            outlook: None,
            pace: Pace::REAL,
            output: None,
            patience: Duration::from_secs(30),
        }
    }
}

impl Display {
    /// The same, with what [`Format::Plain`] rules out taken out.
    pub(crate) fn settled(mut self) -> Self {
        if self.format == Format::Plain {
            self.live = false;
            self.out = Palette::plain();
            self.err = Palette::plain();
        }
        self
    }
}

/// In what form a run is shown. JSON is not among them: it is another observer, [`JsonLines`](crate::JsonLines).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// With colours and live lines where the display has them.
    #[default]
    Human,
    /// The same words without colours, live lines and movements of the cursor.
    Plain,
}

/// How much is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Output of hosts, what went wrong, and a recap if something did.
    Quiet,
    /// Headings, progress, notes and the recap as well.
    #[default]
    Normal,
    /// How each host ended, each failed try and each learned host key as well.
    Verbose,
}

/// The size of a terminal, shared: whoever notices that a window was resized sets it. Default: 80 × 24.
#[derive(Clone, Debug)]
pub struct Size(Arc<AtomicU32>);

impl Default for Size {
    fn default() -> Self {
        Self::new(80, 24)
    }
}

impl Size {
    /// A size in character cells.
    pub fn new(columns: u16, rows: u16) -> Self {
        Self(Arc::new(AtomicU32::new(pack(columns, rows))))
    }

    /// Takes note of another size.
    pub fn set(&self, columns: u16, rows: u16) {
        self.0.store(pack(columns, rows), Ordering::Relaxed);
    }

    /// How wide it is. At least 20, so that a terminal that tells 0 (some serial lines do) can still be written to.
    pub fn columns(&self) -> usize {
        usize::try_from(self.0.load(Ordering::Relaxed) >> 16).unwrap_or(80).max(20)
    }

    /// How high it is. At least 4.
    pub fn rows(&self) -> usize {
        usize::try_from(self.0.load(Ordering::Relaxed) & 0xffff).unwrap_or(24).max(4)
    }
}

fn pack(columns: u16, rows: u16) -> u32 {
    u32::from(columns) << 16 | u32::from(rows)
}
