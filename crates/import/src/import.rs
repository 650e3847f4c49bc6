use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use runsheet_model::slug;
use runsheet_workbook::Workbook;
use serde_json::{Map, Value};

use crate::change::changes;
use crate::document::{SheetText, groups};
use crate::fields::STEP_FIELDS;
use crate::grid::Grid;
use crate::header::Header;
use crate::identity::ids;
use crate::merge::{Merge, order};
use crate::record::{HostsTab, ImportRecord, ImportSource, StepRecord, StepsTab};
use crate::steps::{self, StepRow};
use crate::{CellPlace, Change, ImportError, Options, Prefer, Problem, Problems, emit, hosts, tabs};

/// What stands in the project now.
#[derive(Clone, Debug, Default)]
pub struct Now {
    /// Where the sheet stands; named in errors.
    pub sheet_path: PathBuf,
    /// The sheet's text, if it is there.
    pub sheet: Option<String>,
    /// Where the host groups stand; named in errors.
    pub groups_path: PathBuf,
    /// The host groups' text, if they are there.
    pub groups: Option<String>,
    /// What the last import left.
    pub record: Option<ImportRecord>,
}

/// What an import would write, and how it differs from what is there.
#[derive(Clone, Debug)]
pub struct Import {
    /// The text of the sheet.
    pub sheet: String,
    /// The text of the host groups; none where the spreadsheet has no hosts.
    pub groups: Option<String>,
    /// The record.
    pub record: ImportRecord,
    /// How the sheet differs from what is there. All steps are new where nothing is.
    pub steps: Vec<Change>,
    /// How the host groups differ from what is there.
    pub hosts: Vec<Change>,
    /// What its user should know, one sentence each.
    pub warnings: Vec<String>,
    /// The first line of each step in the sheet, and its row.
    lines: Vec<(u32, u32)>,
    /// The row of each group, and of each host as `GROUP/HOST`.
    host_rows: BTreeMap<String, u32>,
}

impl Import {
    /// Reads a spreadsheet and brings it together with what is there. `title` is the sheet's where the spreadsheet has none of its own.
    ///
    /// # Errors
    ///
    /// [`ImportError::Rows`] tells every row that cannot be understood, at most 50; [`ImportError::Conflicts`] what was changed both in
    /// the spreadsheet and by hand, unless `prefer` says who is right.
    pub fn prepare(
        workbook: &Workbook,
        source: ImportSource,
        title: &str,
        options: &Options,
        now: &Now,
        prefer: Prefer,
    ) -> Result<Self, ImportError> {
        let ((steps_tab, steps_header), hosts_found) = tabs::find(workbook, options)?;
        let mut problems = Problems::default();
        let mut warnings = Vec::new();
        let columns = steps_header.columns(&steps_tab.name)?;
        let grid = Grid { tab: steps_tab, header: &steps_header, columns: &columns };
        let columns = steps::settle(&grid)?;
        let grid = Grid { columns: &columns, ..grid };
        tell_unknown(&steps_header, &steps_tab.name, &mut warnings);
        let rows = steps::read(&grid, &mut problems, &mut warnings);
        if rows.is_empty() && problems.count() == 0 {
            let place = CellPlace { tab: steps_tab.name.clone(), row: steps_header.row, column: 0 };
            problems.add(Problem { place, what: "there is no step below these titles".to_owned(), hint: None });
        }
        let mut host_rows = BTreeMap::new();
        let hosts_tab = match &hosts_found {
            None => None,
            Some((tab, header)) => {
                let columns = header.columns(&tab.name)?;
                tell_unknown(header, &tab.name, &mut warnings);
                let read = hosts::read(&Grid { tab, header, columns: &columns }, &mut problems, &mut warnings);
                host_rows = read.rows;
                Some(HostsTab { tab: tab.name.clone(), header_row: header.row, columns, groups: read.groups })
            }
        };
        if problems.count() > 0 {
            problems.sort();
            return Err(ImportError::Rows { file: workbook.path.clone(), problems });
        }
        let title = steps_header.above.clone().unwrap_or_else(|| title.to_owned());
        let known = now.record.as_ref().map_or(&[][..], |record| &record.steps.rows);
        let tab = StepsTab {
            tab: steps_tab.name.clone(),
            header_row: steps_header.row,
            columns,
            rows: records(&rows, &ids(&rows, known)),
        };
        let record = ImportRecord::new(source, title, tab, hosts_tab);
        Self { warnings, host_rows, ..Self::merged(record, now, prefer)? }.checked(now)
    }

    /// Brings what the spreadsheet says together with what is there.
    fn merged(record: ImportRecord, now: &Now, prefer: Prefer) -> Result<Self, ImportError> {
        let mine = now.sheet.as_ref().map(|text| SheetText::parse(text, &now.sheet_path)).transpose()?;
        let my_groups = now.groups.as_ref().map(|text| groups(text, &now.groups_path)).transpose()?;
        if now.record.is_none() && prefer == Prefer::Neither {
            let there =
                [(mine.is_some(), &now.sheet_path), (my_groups.is_some() && record.hosts.is_some(), &now.groups_path)];
            if let Some((_, file)) = there.into_iter().find(|(is, _)| *is) {
                return Err(ImportError::NotImported { file: file.clone() });
            }
        }
        let mut merge = Merge { prefer, conflicts: Vec::new() };
        let theirs = by_id(record.steps.rows.iter().map(|step| (&step.id, &step.fields)));
        let my_steps = mine.as_ref().map(|mine| by_id(mine.steps.iter().map(|step| (&step.id, &step.fields))));
        // What was never imported is taken for what the last import left: all of it may be replaced.
        let base = match (&now.record, &my_steps) {
            (Some(record), _) => by_id(record.steps.rows.iter().map(|step| (&step.id, &step.fields))),
            (None, mine) => mine.clone().unwrap_or_default(),
        };
        // A sheet that is gone is written anew.
        let my_steps = my_steps.unwrap_or_else(|| base.clone());
        let merged = merge.maps(&[], &base, &my_steps, &theirs);
        let left: BTreeSet<&str> = merged.keys().map(String::as_str).collect();
        let order = order(&keys(&base), &keys(&my_steps), &keys(&theirs), &left);
        let name = merged_name(&record, now, mine.as_ref(), &mut merge);
        let their_groups = record.hosts.as_ref().map(|hosts| &hosts.groups);
        let merged_groups = their_groups.map(|theirs| {
            let base = match &now.record {
                Some(record) => record.hosts.as_ref().map(|hosts| hosts.groups.clone()).unwrap_or_default(),
                None => my_groups.clone().unwrap_or_default(),
            };
            let mine = my_groups.clone().unwrap_or_else(|| base.clone());
            merge.maps(&[], &base, &mine, theirs)
        });
        if !merge.conflicts.is_empty() {
            return Err(ImportError::Conflicts { conflicts: merge.conflicts });
        }
        let (sheet, lines) = write_sheet(&name, mine.as_ref(), &merged, &order, &record);
        let before = if mine.is_some() { my_steps } else { Map::new() };
        let mut steps = changes(&before, &merged);
        steps.extend(moves(&keys(&before), &order));
        let groups_before = my_groups.clone().unwrap_or_default();
        let hosts = merged_groups.as_ref().map(|groups| changes(&groups_before, groups)).unwrap_or_default();
        let mut warnings = Vec::new();
        let groups = merged_groups.map(|groups| match &now.groups {
            Some(text) if hosts.is_empty() => text.clone(),
            Some(_) => {
                warnings.push(format!("`{}` is written anew: comments in it are lost", now.groups_path.display()));
                emit::groups(&groups)
            }
            None => emit::groups(&groups),
        });
        Ok(Self { sheet, groups, record, steps, hosts, warnings, lines, host_rows: BTreeMap::new() })
    }

    /// Makes sure that what was written reads as what was meant.
    fn checked(self, now: &Now) -> Result<Self, ImportError> {
        SheetText::parse(&self.sheet, &now.sheet_path)?;
        self.groups.as_ref().map(|text| groups(text, &now.groups_path)).transpose()?;
        Ok(self)
    }

    /// Whether nothing would be different but the record.
    pub fn is_unchanged(&self) -> bool {
        self.steps.is_empty() && self.hosts.is_empty()
    }

    /// The row that a line of the sheet came from.
    pub fn step_place(&self, line: u32) -> Option<CellPlace> {
        let (_, row) = self.lines.iter().rev().find(|(first, _)| *first <= line)?;
        Some(CellPlace { tab: self.record.steps.tab.clone(), row: *row, column: 0 })
    }

    /// The row that a line of the host groups came from.
    pub fn host_place(&self, line: u32) -> Option<CellPlace> {
        let text = self.groups.as_ref()?;
        let lines: Vec<&str> = text.lines().take(usize::try_from(line).ok()?).collect();
        let group = lines.iter().rev().find(|line| line.starts_with("  ") && !line.starts_with("   "))?;
        let group = group.trim().split(':').next()?.trim_matches('"');
        let host = lines
            .last()?
            .trim()
            .strip_prefix("- ")
            .map(|rest| rest.split(": ").next().unwrap_or(rest).trim_matches('"'));
        let row = host
            .and_then(|host| self.host_rows.get(&format!("{group}/{host}")))
            .or_else(|| self.host_rows.get(group))?;
        Some(CellPlace { tab: self.record.hosts.as_ref()?.tab.clone(), row: *row, column: 0 })
    }
}

/// The ids of steps, in their order.
fn keys(steps: &Map<String, Value>) -> Vec<&str> {
    steps.keys().map(String::as_str).collect()
}

fn tell_unknown(header: &Header, tab: &str, warnings: &mut Vec<String>) {
    let unknown: Vec<_> =
        header.unknown().map(|(column, title)| format!("{} (`{title}`)", crate::letters(column))).collect();
    if !unknown.is_empty() {
        warnings.push(format!("columns of `{tab}` that are not read: {}", unknown.join(", ")));
    }
}

fn by_id<'a>(steps: impl Iterator<Item = (&'a String, &'a Map<String, Value>)>) -> Map<String, Value> {
    steps.map(|(id, fields)| (id.clone(), Value::Object(fields.clone()))).collect()
}

/// The steps with their ids, and `after` with those of others.
fn records(rows: &[StepRow], ids: &[String]) -> Vec<StepRecord> {
    let record = |(row, id): (&StepRow, &String)| {
        let mut fields = row.fields.clone();
        if let Some(after) = &row.after {
            let others: Vec<&str> = after.iter().map(|other| ids[*other].as_str()).collect();
            let value = if let [one] = others.as_slice() { Value::from(*one) } else { Value::from(others) };
            fields.insert("after".to_owned(), value);
        }
        StepRecord { id: id.clone(), row: row.row, fingerprint: row.fingerprint.clone(), fields: sorted(fields) }
    };
    rows.iter().zip(ids).map(record).collect()
}

/// Fields in the order in which a person writes them.
fn sorted(fields: Map<String, Value>) -> Map<String, Value> {
    let rank = |word: &str| match word {
        "on" => rank_of("hosts"),
        word => rank_of(word),
    };
    let mut fields: Vec<_> = fields.into_iter().collect();
    fields.sort_by_key(|(word, _)| rank(word));
    fields.into_iter().collect()
}

fn rank_of(word: &str) -> usize {
    STEP_FIELDS.iter().position(|field| field.word == word).unwrap_or(STEP_FIELDS.len())
}

fn merged_name(record: &ImportRecord, now: &Now, mine: Option<&SheetText>, merge: &mut Merge) -> Value {
    let theirs = Value::from(record.title.as_str());
    let mine = mine.and_then(|mine| mine.name.clone());
    let base = now.record.as_ref().map(|record| Value::from(record.title.as_str()));
    let mine = mine.or_else(|| base.clone());
    merge.value(&["name"], base.as_ref(), mine.as_ref(), Some(&theirs)).unwrap_or(theirs)
}

/// Puts the text together; what says the same as before keeps its own.
fn write_sheet(
    name: &Value,
    mine: Option<&SheetText>,
    merged: &Map<String, Value>,
    order: &[String],
    record: &ImportRecord,
) -> (String, Vec<(u32, u32)>) {
    let name_line = emit::field("name", name, 0);
    let mut text = match mine {
        None => format!("{name_line}steps:\n"),
        Some(mine) if mine.name.as_ref().is_none_or(|old| old == name) => mine.head.clone(),
        Some(mine) => {
            let lines = mine.head.split_inclusive('\n');
            lines.map(|line| if line.starts_with("name:") { name_line.as_str() } else { line }).collect()
        }
    };
    let texts: BTreeMap<&str, &crate::document::StepText> =
        mine.into_iter().flat_map(|mine| &mine.steps).map(|step| (step.id.as_str(), step)).collect();
    let rows: BTreeMap<&str, u32> = record.steps.rows.iter().map(|step| (step.id.as_str(), step.row)).collect();
    let indent = mine.map_or(2, |mine| mine.indent);
    let mut lines = Vec::new();
    let mut line = 1 + u32::try_from(text.lines().count()).unwrap_or(u32::MAX);
    for id in order {
        let Some(fields) = merged.get(id).and_then(Value::as_object) else { continue };
        let old = texts.get(id.as_str());
        lines.extend(rows.get(id.as_str()).map(|row| (line, *row)));
        let mut piece = old.map(|old| old.above.clone()).unwrap_or_default();
        match old {
            Some(old) if old.fields == *fields => piece.push_str(&old.text),
            _ => {
                let own = fields.get("name").and_then(Value::as_str).map(slug);
                let mut with_id = Map::new();
                for (word, value) in fields {
                    with_id.insert(word.clone(), value.clone());
                    if word == "name" && own.as_deref() != Some(id) {
                        with_id.insert("id".to_owned(), Value::from(id.as_str()));
                    }
                }
                for item in emit::step(&with_id).split_inclusive('\n') {
                    piece.push_str(&if item.trim().is_empty() {
                        item.to_owned()
                    } else {
                        format!("{}{}", " ".repeat(indent), &item[2..])
                    });
                }
            }
        }
        line += u32::try_from(piece.lines().count()).unwrap_or_default();
        text.push_str(&piece);
    }
    text.push_str(mine.map(|mine| mine.tail.as_str()).unwrap_or_default());
    (text, lines)
}

/// The steps that stand elsewhere among those that were there before: as few as possible.
fn moves(before: &[&str], after: &[String]) -> Vec<Change> {
    let old: BTreeMap<&str, usize> = before.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let common: Vec<(&str, usize)> =
        after.iter().filter_map(|id| Some((id.as_str(), *old.get(id.as_str())?))).collect();
    // The longest rising run stays where it is.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = Vec::new();
    for (at, (_, position)) in common.iter().enumerate() {
        let place = ends.partition_point(|end| common[*end].1 < *position);
        previous.push(place.checked_sub(1).map(|before| ends[before]));
        if place == ends.len() { ends.push(at) } else { ends[place] = at }
    }
    let mut stays = BTreeSet::new();
    let mut at = ends.last().copied();
    while let Some(here) = at {
        stays.insert(here);
        at = previous[here];
    }
    let moved = common.iter().enumerate().filter(|(at, _)| !stays.contains(at));
    let to = |id: &str| after.iter().position(|other| other == id).unwrap_or_default() + 1;
    moved.map(|(_, (id, from))| Change::Moved { name: (*id).to_owned(), from: from + 1, to: to(id) }).collect()
}

/// The file's name as the name of a sheet: `Deploy 2026.xlsx` is `deploy-2026`.
pub fn name_of(path: &Path) -> String {
    slug(&path.file_stem().unwrap_or_default().to_string_lossy())
}
