use std::collections::hash_map::{DefaultHasher, RandomState};
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hasher};
use std::sync::{Mutex, PoisonError};

use anstyle::Style;
use runsheet_events::DisplayLine;
use runsheet_model::{HostName, StepId, Stream, plural, visible};

use crate::palette::paint;
use crate::{Fold, Palette};

/// How much output of one host is kept to be shown, in bytes, each stream on its own.
const KEPT: usize = 64 << 10;

/// How much is kept of all hosts together. Beyond it output is only compared, not kept.
const KEPT_TOGETHER: usize = 256 << 20;

const RULE: &str = "---------------";

/// Collects output until a step is over, to show what is identical only once, as `clush -b` does.
///
/// Nothing is dropped from the comparison: what is not kept still goes into a hash of all. The hash has a random key, so that
/// no host can make its output pass for another's.
#[derive(Debug, Default)]
pub(crate) struct Gatherer {
    state: Mutex<State>,
    keys: RandomState,
}

#[derive(Debug, Default)]
struct State {
    steps: BTreeMap<StepId, BTreeMap<HostName, Output>>,
    kept: usize,
}

/// The two streams are kept apart: how they are interleaved differs from host to host by chance.
#[derive(Debug)]
struct Output {
    out: Text,
    err: Text,
}

#[derive(Debug)]
struct Text {
    kept: Vec<u8>,
    total: u64,
    hash: DefaultHasher,
}

/// What makes two outputs the same.
#[derive(PartialEq, Eq, Hash)]
struct Print {
    totals: [u64; 2],
    hashes: [u64; 2],
}

impl Gatherer {
    /// Adds a line.
    pub(crate) fn line(&self, line: DisplayLine) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let room = KEPT_TOGETHER.saturating_sub(state.kept);
        let output = state
            .steps
            .entry(line.step)
            .or_default()
            .entry(line.host)
            .or_insert_with(|| Output { out: Text::new(&self.keys), err: Text::new(&self.keys) });
        let text = match line.stream {
            Stream::Out => &mut output.out,
            Stream::Err => &mut output.err,
        };
        let kept = text.add(&line.line, room);
        state.kept += kept;
    }

    /// Takes a step's output, folded: the largest group of hosts first. Empty if no host said anything.
    pub(crate) fn take(&self, step: &StepId, fold: Fold, palette: &Palette) -> String {
        let hosts = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let hosts = state.steps.remove(step).unwrap_or_default();
            let freed: usize = hosts.values().map(Output::kept).sum();
            state.kept = state.kept.saturating_sub(freed);
            hosts
        };
        let mut groups: Vec<(Vec<&HostName>, &Output)> = Vec::new();
        let mut known: HashMap<Print, usize> = HashMap::new();
        for (host, output) in &hosts {
            let index = *known.entry(output.print()).or_insert(groups.len());
            match groups.get_mut(index) {
                Some((members, _)) => members.push(host),
                None => groups.push((vec![host], output)),
            }
        }
        groups.sort_by_key(|(members, _)| std::cmp::Reverse(members.len()));
        let mut text = String::new();
        for (members, output) in groups {
            let names: Vec<&str> = members.iter().map(|host| host.as_str()).collect();
            let mut header = visible(fold(&names).as_bytes());
            if names.len() > 1 {
                header.push_str(&format!(" ({})", names.len()));
            }
            text.push_str(&paint(palette.strong, &format!("{RULE}\n{header}\n{RULE}")));
            text.push('\n');
            output.out.render(Style::new(), palette, &mut text);
            output.err.render(palette.host_err, palette, &mut text);
        }
        text
    }

    /// The steps of which output is still here.
    pub(crate) fn steps(&self) -> Vec<StepId> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.steps.keys().cloned().collect()
    }
}

impl Output {
    fn kept(&self) -> usize {
        self.out.kept.len() + self.err.kept.len()
    }

    fn print(&self) -> Print {
        Print { totals: [self.out.total, self.err.total], hashes: [self.out.hash.finish(), self.err.hash.finish()] }
    }
}

impl Text {
    fn new(keys: &RandomState) -> Self {
        Self { kept: Vec::new(), total: 0, hash: keys.build_hasher() }
    }

    /// Adds a line and tells how many bytes of it were kept.
    fn add(&mut self, line: &[u8], room: usize) -> usize {
        self.hash.write(line);
        self.hash.write(b"\n");
        let complete = self.kept.len() as u64 == self.total;
        let cost = line.len() + 1;
        self.total += cost as u64;
        // Once something is missing nothing is added any more: what is shown is always a beginning.
        if !complete || cost > room || self.kept.len() + cost > KEPT {
            return 0;
        }
        self.kept.extend_from_slice(line);
        self.kept.push(b'\n');
        cost
    }

    fn render(&self, style: Style, palette: &Palette, text: &mut String) {
        for line in self.kept.split_inclusive(|&byte| byte == b'\n') {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            text.push_str(&paint(style, &visible(line)));
            text.push('\n');
        }
        let missing = self.total - self.kept.len() as u64;
        if missing > 0 {
            let note = format!(
                "… {} more, not shown; all of it is in the run's output files",
                plural(usize::try_from(missing).unwrap_or(usize::MAX), "byte")
            );
            text.push_str(&paint(palette.warn, &note));
            text.push('\n');
        }
    }
}
