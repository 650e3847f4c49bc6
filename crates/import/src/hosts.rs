//! The rows of the tab with the hosts, as host groups.

use std::collections::{BTreeMap, BTreeSet};

use runsheet_workbook::Row;
use serde_json::{Map, Value};

use crate::flag::{self, Answer};
use crate::grid::{Grid, ranges};
use crate::misread::{Misread, shown};
use crate::seen::{cell, text_of};
use crate::{Problem, Problems, arguments};

/// Host groups by name: each a map with `hosts` (settings by host or range), `groups` (names) and settings.
pub(crate) struct HostRows {
    pub(crate) groups: Map<String, Value>,
    /// The row of each group, and of each host as `GROUP/HOST`.
    pub(crate) rows: BTreeMap<String, u32>,
}

/// Reads all host groups.
pub(crate) fn read(grid: &Grid<'_>, problems: &mut Problems, warnings: &mut Vec<String>) -> HostRows {
    let mut read = HostRows { groups: Map::new(), rows: BTreeMap::new() };
    let rows: Vec<&Row> =
        grid.rows().filter(|row| !row.hidden && !grid.is_heading(row, &["group", "host", "address", "user"])).collect();
    let hidden: Vec<u32> =
        grid.rows().filter(|row| row.hidden && grid.cell(row, "host").is_some()).map(|row| row.number).collect();
    if !hidden.is_empty() {
        warnings.push(format!("hidden rows of `{}` were left out: {}", grid.tab.name, ranges(&hidden)));
    }
    let names: BTreeSet<String> = rows.iter().flat_map(|row| list(&grid.text(row, "group"))).collect();
    for row in rows {
        let before = problems.count();
        grid.errors(row).for_each(|problem| problems.add(problem));
        if problems.count() == before
            && let Err(problem) = read.row(grid, row, &names)
        {
            problems.add(problem);
        }
    }
    read
}

impl HostRows {
    fn row(&mut self, grid: &Grid<'_>, row: &Row, names: &BTreeSet<String>) -> Result<(), Problem> {
        let wrong = |word: &str, what: String, hint: &str| Err(grid.problem(row, word, Misread::new(what, hint)));
        let groups = list(&grid.text(row, "group"));
        let hosts = list(&grid.text(row, "host"));
        let members = list(&grid.text(row, "members"));
        let settings = settings(grid, row)?;
        if groups.is_empty() {
            if hosts.is_empty() && members.is_empty() {
                return Ok(());
            }
            return wrong("group", "the host has no group".to_owned(), "name its group in every row");
        }
        for group in groups {
            if !is_group(&group) {
                return wrong(
                    "group",
                    format!("{} cannot be the name of a group", shown(&group)),
                    "use letters, digits, `-`, `_` and `.`",
                );
            }
            self.rows.entry(group.clone()).or_insert(row.number);
            let entry = self.groups.entry(group.clone()).or_insert_with(|| Value::Object(Map::new()));
            let Some(entry) = entry.as_object_mut() else { continue };
            let mut held: Vec<String> = members.iter().map(|name| name.trim_start_matches('@').to_owned()).collect();
            for host in &hosts {
                let held_group = host
                    .strip_prefix('@')
                    .or_else(|| (names.contains(host) && *host != group).then_some(host.as_str()));
                if let Some(name) = held_group {
                    held.push(name.to_owned());
                    continue;
                }
                let listed = entry.entry("hosts").or_insert_with(|| Value::Object(Map::new()));
                let Some(listed) = listed.as_object_mut() else { continue };
                if listed.insert(host.clone(), Value::Object(settings.clone())).is_some() {
                    let first = self.rows.get(&format!("{group}/{host}")).copied().unwrap_or_default();
                    return wrong(
                        "host",
                        format!("`{host}` stands in group `{group}` already, in row {first}"),
                        "keep one of the rows",
                    );
                }
                self.rows.insert(format!("{group}/{host}"), row.number);
            }
            if !held.is_empty() {
                let groups = entry.entry("groups").or_insert_with(|| Value::Object(Map::new()));
                groups
                    .as_object_mut()
                    .into_iter()
                    .for_each(|groups| groups.extend(held.iter().map(|name| (name.clone(), Value::Bool(true)))));
            }
            if hosts.is_empty() {
                entry.extend(settings.clone());
            }
        }
        Ok(())
    }
}

/// What a row says about reaching its hosts, and their variables.
fn settings(grid: &Grid<'_>, row: &Row) -> Result<Map<String, Value>, Problem> {
    let mut settings = Map::new();
    for word in ["address", "user", "identity", "jump"] {
        let text = grid.text(row, word);
        if !text.is_empty() {
            settings.insert(word.to_owned(), Value::from(text));
        }
    }
    let port = grid.text(row, "port");
    if !port.is_empty() {
        let number = port.parse::<u16>().ok().filter(|port| *port > 0);
        let misread = || Misread::new(format!("{} is not a port", shown(&port)), "a port is a number from 1 to 65535");
        settings.insert("port".to_owned(), Value::from(number.ok_or_else(|| grid.problem(row, "port", misread()))?));
    }
    if let Some(cell) = grid.columns.get("protected").and_then(|column| cell(row, *column)) {
        let answer = flag::read(&cell.value).map_err(|misread| grid.problem(row, "protected", misread))?;
        if answer != Answer::No {
            settings.insert("protected".to_owned(), Value::Bool(true));
        }
    }
    if let Some(cell) = grid.cell(row, "vars") {
        let vars = arguments::read(&text_of(&cell.value)).map_err(|misread| grid.problem(row, "vars", misread))?;
        settings.insert("vars".to_owned(), Value::Object(vars));
    }
    Ok(settings)
}

/// Names between commas, semicolons and line ends; not those within brackets.
fn list(text: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && matches!(c, ',' | ';' | '\n') {
            names.push(String::new());
        } else if let Some(name) = names.last_mut() {
            name.push(c);
        }
    }
    names.into_iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

fn is_group(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c))
}
