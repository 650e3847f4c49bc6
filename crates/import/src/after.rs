//! What a step waits for: ids, numbers, titles or rows of others.

use std::collections::BTreeMap;

use crate::Problems;
use crate::grid::Grid;
use crate::misread::{Misread, shown};
use crate::steps::StepRow;
use crate::title::plain;

/// What stands in the cell.
pub(crate) struct After {
    pub(crate) text: String,
}

/// Finds the steps that each waits for.
pub(crate) fn resolve(
    steps: &mut [StepRow],
    afters: &[Option<After>],
    hidden: &[(u32, String)],
    grid: &Grid<'_>,
    problems: &mut Problems,
) {
    let index = Index::of(steps, hidden);
    let found: Vec<Option<Vec<usize>>> = afters
        .iter()
        .enumerate()
        .map(|(position, after)| {
            let found = index.all(position, &after.as_ref()?.text);
            problems.take(found.map_err(|misread| misread.at(grid.place(steps[position].row, "after"))))
        })
        .collect();
    for (step, after) in steps.iter_mut().zip(found) {
        step.after = after;
    }
}

/// The steps by everything that they can be called by.
struct Index<'a> {
    ids: BTreeMap<&'a str, usize>,
    numbers: BTreeMap<String, Vec<usize>>,
    titles: BTreeMap<String, Vec<usize>>,
    rows: BTreeMap<u32, usize>,
    row_of: Vec<u32>,
    hidden: &'a [(u32, String)],
}

impl<'a> Index<'a> {
    fn of(steps: &'a [StepRow], hidden: &'a [(u32, String)]) -> Self {
        let mut index = Self {
            ids: BTreeMap::new(),
            numbers: BTreeMap::new(),
            titles: BTreeMap::new(),
            rows: BTreeMap::new(),
            row_of: steps.iter().map(|step| step.row).collect(),
            hidden,
        };
        for (position, step) in steps.iter().enumerate() {
            index.ids.extend(step.id.as_deref().map(|id| (id, position)));
            if let Some(number) = &step.number {
                index.numbers.entry(number_of(number)).or_default().push(position);
            }
            index.titles.entry(plain(step.title()).text).or_default().push(position);
            index.rows.insert(step.row, position);
        }
        index
    }

    fn all(&self, own: usize, text: &str) -> Result<Vec<usize>, Misread> {
        let nothing = ["none", "nothing", "start", "at once", "at start", "immediately", "[]"];
        if nothing.contains(&text.to_lowercase().as_str()) {
            return Ok(Vec::new());
        }
        // A title may hold a comma.
        if let Ok(Some(position)) = self.one(text) {
            return Self::others(own, vec![position]);
        }
        let mut found = Vec::new();
        for part in text.split([',', ';', '\n']).map(str::trim).filter(|part| !part.is_empty()) {
            found.extend(self.part(part)?);
        }
        Self::others(own, found)
    }

    fn others(own: usize, mut found: Vec<usize>) -> Result<Vec<usize>, Misread> {
        if found.contains(&own) {
            return Err(Misread::new("the step waits for itself", "name the steps that must be over before it"));
        }
        let mut seen = std::collections::BTreeSet::new();
        found.retain(|position| seen.insert(*position));
        Ok(found)
    }

    fn part(&self, part: &str) -> Result<Vec<usize>, Misread> {
        if let Some(position) = self.one(part)? {
            return Ok(vec![position]);
        }
        if let Some((from, to)) = part.split_once(['-', '–'])
            && let (Some(from), Some(to)) = (self.one(from.trim())?, self.one(to.trim())?)
            && from <= to
        {
            return Ok((from..=to).collect());
        }
        let wanted = plain(part).text;
        if let Some((row, _)) = self
            .hidden
            .iter()
            .find(|(row, title)| row_number(part) == Some(*row) || (!wanted.is_empty() && plain(title).text == wanted))
        {
            let what = format!("{} is the hidden row {row}, which was left out", shown(part));
            return Err(Misread::new(what, "show that row, or wait for another"));
        }
        let titles = self.titles.keys().map(String::as_str);
        let hint = match runsheet_diagnostics::nearest(&wanted, titles) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "name a step by its id, its number, its title, or as `row 7`".to_owned(),
        };
        Err(Misread::new(format!("there is no step {}", shown(part)), hint))
    }

    /// The step that a text stands for.
    fn one(&self, text: &str) -> Result<Option<usize>, Misread> {
        if let Some(position) = self.ids.get(text) {
            return Ok(Some(*position));
        }
        let only = |found: &Vec<usize>| match found.as_slice() {
            [one] => Ok(Some(*one)),
            many => {
                let rows: Vec<u32> = many.iter().map(|position| self.row_of[*position]).collect();
                let what = format!("{} are the steps of rows {}", shown(text), crate::grid::ranges(&rows));
                Err(Misread::new(what, format!("say which, as `row {}`", rows[0])))
            }
        };
        if let Some(found) = self.numbers.get(&number_of(text)) {
            return only(found);
        }
        if let Some(found) = self.titles.get(&plain(text).text).filter(|_| !plain(text).text.is_empty()) {
            return only(found);
        }
        let row = row_number(text).or_else(|| text.parse().ok().filter(|_| self.numbers.is_empty()));
        Ok(row.and_then(|row: u32| self.rows.get(&row)).copied())
    }
}

/// A number of a step without what stands around it: `Step 3.` is `3`.
fn number_of(text: &str) -> String {
    let text = text.to_lowercase();
    let text = text.strip_prefix("step").unwrap_or(&text);
    text.trim().trim_start_matches('#').trim_end_matches(['.', ')']).to_owned()
}

/// `row 7` and `R7` are row 7.
fn row_number(text: &str) -> Option<u32> {
    let text = text.to_lowercase();
    text.strip_prefix("row").or_else(|| text.strip_prefix('r'))?.trim().parse().ok()
}
