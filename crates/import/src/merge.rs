//! What the spreadsheet says now, what stands in the files now, and what the spreadsheet said last time, brought together.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::scalar::{Context, inline};

/// Who is right where both changed the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prefer {
    /// Nobody: it is a conflict.
    #[default]
    Neither,
    /// The files.
    Ours,
    /// The spreadsheet.
    Theirs,
}

/// Something that the spreadsheet and a person changed, differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// The step's id or the group, and the field: `roll-web: hosts`.
    pub what: String,
    /// What the spreadsheet said last time, if anything.
    pub before: Option<Value>,
    /// What stands in the file, if anything.
    pub by_hand: Option<Value>,
    /// What the spreadsheet says now, if anything.
    pub spreadsheet: Option<Value>,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<Value>| match value {
            None => "gone".to_owned(),
            Some(value) => format!("`{}`", runsheet_model::shortened(&inline(value, Context::Block), 60)),
        };
        write!(f, "{}: {} by hand, {} in the spreadsheet", self.what, shown(&self.by_hand), shown(&self.spreadsheet))
    }
}

/// Brings values together; maps are brought together entry by entry, all else is one value.
pub(crate) struct Merge {
    pub(crate) prefer: Prefer,
    pub(crate) conflicts: Vec<Conflict>,
}

impl Merge {
    pub(crate) fn value(
        &mut self,
        path: &[&str],
        base: Option<&Value>,
        mine: Option<&Value>,
        theirs: Option<&Value>,
    ) -> Option<Value> {
        if mine == theirs || theirs == base {
            return mine.cloned();
        }
        if mine == base {
            return theirs.cloned();
        }
        if let (Some(Value::Object(mine)), Some(Value::Object(theirs))) = (mine, theirs) {
            let nothing = Map::new();
            let base = base.and_then(Value::as_object).unwrap_or(&nothing);
            return Some(Value::Object(self.maps(path, base, mine, theirs)));
        }
        match self.prefer {
            Prefer::Ours => mine.cloned(),
            Prefer::Theirs => theirs.cloned(),
            Prefer::Neither => {
                let (first, rest) = path.split_first().unwrap_or((&"", &[]));
                let what = if rest.is_empty() { (*first).to_owned() } else { format!("{first}: {}", rest.join(".")) };
                let (before, by_hand, spreadsheet) = (base.cloned(), mine.cloned(), theirs.cloned());
                self.conflicts.push(Conflict { what, before, by_hand, spreadsheet });
                mine.cloned()
            }
        }
    }

    pub(crate) fn maps(
        &mut self,
        path: &[&str],
        base: &Map<String, Value>,
        mine: &Map<String, Value>,
        theirs: &Map<String, Value>,
    ) -> Map<String, Value> {
        let keys = mine.keys().chain(theirs.keys().filter(|key| !mine.contains_key(*key)));
        let mut merged = Map::new();
        for key in keys {
            let mut path = path.to_vec();
            path.push(key);
            if let Some(value) = self.value(&path, base.get(key), mine.get(key), theirs.get(key)) {
                merged.insert(key.clone(), value);
            }
        }
        merged
    }
}

/// The order of the steps that are left. Where nobody moved a step by hand it is the spreadsheet's, and steps that were added by hand
/// stay behind the one that they stood behind; otherwise it is the file's, and the spreadsheet's new steps are put in.
pub(crate) fn order(base: &[&str], mine: &[&str], theirs: &[&str], left: &BTreeSet<&str>) -> Vec<String> {
    let only = |of: &[&str], among: &[&str]| -> Vec<String> {
        let among: BTreeSet<&str> = among.iter().copied().collect();
        of.iter().filter(|id| among.contains(*id)).map(|id| (*id).to_owned()).collect()
    };
    let moved_by_hand = only(base, mine) != only(mine, base);
    let (first, second) = if moved_by_hand { (mine, theirs) } else { (theirs, mine) };
    let mut order: Vec<String> = first.iter().filter(|id| left.contains(*id)).map(|id| (*id).to_owned()).collect();
    let known: BTreeSet<&str> = first.iter().copied().collect();
    let mut above: Option<&str> = None;
    for id in second {
        if left.contains(id) && !known.contains(id) {
            let at = above.and_then(|above| order.iter().position(|id| id == above)).map_or(0, |at| at + 1);
            order.insert(at, (*id).to_owned());
        }
        if left.contains(id) {
            above = Some(id);
        }
    }
    order
}
