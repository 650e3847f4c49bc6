use std::collections::BTreeMap;

use runsheet_model::StepId;
use runsheet_workbook::Tab;

use super::origin::{Origin, OriginRow};

/// Which row each step has now.
#[derive(Debug, Default)]
pub(crate) struct Places<'a> {
    pub(crate) rows: BTreeMap<&'a StepId, u32>,
    /// Steps whose row was changed or taken away since the import, or is one of several that it could be.
    pub(crate) lost: Vec<&'a OriginRow>,
}

impl<'a> Places<'a> {
    /// Finds the rows by what stands in them: one that was moved is followed, one that was changed is lost.
    ///
    /// Rows that read the same are told apart by their order, as long as there are as many as were imported; otherwise only those
    /// that stand where they stood are known.
    pub(crate) fn find(tab: &Tab, origin: &'a Origin) -> Self {
        let mut now: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for row in tab.rows.iter().filter(|row| row.number > origin.header_row) {
            now.entry((origin.fingerprint)(row)).or_default().push(row.number);
        }
        let mut then: BTreeMap<&str, Vec<&OriginRow>> = BTreeMap::new();
        for row in &origin.rows {
            then.entry(&row.fingerprint).or_default().push(row);
        }
        let mut places = Self::default();
        for (fingerprint, steps) in then {
            let found = now.get(fingerprint).map(Vec::as_slice).unwrap_or_default();
            if found.len() == steps.len() {
                places.rows.extend(steps.iter().map(|step| &step.step).zip(found.iter().copied()));
                continue;
            }
            for step in steps {
                if found.contains(&step.row) {
                    places.rows.insert(&step.step, step.row);
                } else {
                    places.lost.push(step);
                }
            }
        }
        places.lost.sort_by_key(|step| step.row);
        places
    }
}
