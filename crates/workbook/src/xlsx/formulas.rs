use std::collections::{BTreeSet, HashMap, HashSet};

use crate::reference::Range;
use crate::xml::Tag;

/// What is known of the formulas of a tab.
#[derive(Default)]
pub(crate) struct Formulas {
    /// Cells whose formula was overwritten.
    pub(crate) gone: BTreeSet<(u32, u32)>,
    /// Overwritten formulas that others refer to, by their number.
    shared_gone: HashMap<String, (u32, u32)>,
    /// Formulas that refer to one by its number, and stay.
    shared_used: HashSet<String>,
    /// The first cell that was overwritten in the midst of an array.
    array_torn: Option<(u32, u32)>,
}

impl Formulas {
    /// A cell whose formula was overwritten while others need it.
    pub(crate) fn torn(&self) -> Option<(u32, u32)> {
        let shared = self.shared_gone.iter().filter(|(number, _)| self.shared_used.contains(*number));
        shared.map(|(_, cell)| *cell).min().or(self.array_torn)
    }

    /// Takes note of a formula that is overwritten.
    pub(crate) fn overwritten(&mut self, formula: &Tag<'_>, cell: (u32, u32)) {
        self.gone.insert(cell);
        let range = range(formula);
        match formula.attribute("t").as_deref() {
            Some("shared") if range.is_some() => {
                self.shared_gone.insert(formula.attribute("si").unwrap_or_default().into_owned(), cell);
            }
            Some("array" | "dataTable") if range.is_some_and(|range| range.first != range.last) => {
                self.array_torn.get_or_insert(cell);
            }
            _ => {}
        }
    }

    /// Takes note of a formula that stays; `changed` tells which cell of a range is changed, but for its first one.
    pub(crate) fn kept(&mut self, formula: &Tag<'_>, cell: (u32, u32), changed: impl Fn(Range) -> Option<(u32, u32)>) {
        match formula.attribute("t").as_deref() {
            Some("shared") => {
                self.shared_used.insert(formula.attribute("si").unwrap_or_default().into_owned());
            }
            Some("array" | "dataTable") => {
                let range = range(formula).filter(|range| range.first == cell);
                if let Some(torn) = range.and_then(changed) {
                    self.array_torn.get_or_insert(torn);
                }
            }
            _ => {}
        }
    }
}

/// The cells that a formula is for, if it says so.
fn range(formula: &Tag<'_>) -> Option<Range> {
    formula.attribute("ref").and_then(|range| Range::parse(&range))
}
