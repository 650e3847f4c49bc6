use std::collections::BTreeMap;

use runsheet_import::{ImportRecord, StepRecord};
use runsheet_workbook::Tab;

/// Which row each step has now.
#[derive(Debug, Default)]
pub(crate) struct Places<'a> {
    pub(crate) rows: BTreeMap<&'a str, u32>,
    /// Steps whose row was changed or taken away since the import, or is one of several that it could be.
    pub(crate) lost: Vec<&'a StepRecord>,
}

impl<'a> Places<'a> {
    /// Finds the rows by what stands in them: one that was moved is followed, one that was changed is lost.
    ///
    /// Rows that read the same are told apart by their order, as long as there are as many as were imported; otherwise only those
    /// that stand where they stood are known.
    pub(crate) fn find(tab: &Tab, record: &'a ImportRecord) -> Self {
        let mut now: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for row in tab.rows.iter().filter(|row| row.number > record.steps.header_row) {
            now.entry(record.fingerprint(row)).or_default().push(row.number);
        }
        let mut then: BTreeMap<&str, Vec<&StepRecord>> = BTreeMap::new();
        for row in &record.steps.rows {
            then.entry(&row.fingerprint).or_default().push(row);
        }
        let mut places = Self::default();
        for (fingerprint, steps) in then {
            let found = now.get(fingerprint).map(Vec::as_slice).unwrap_or_default();
            if found.len() == steps.len() {
                places.rows.extend(steps.iter().map(|step| step.id.as_str()).zip(found.iter().copied()));
                continue;
            }
            for step in steps {
                if found.contains(&step.row) {
                    places.rows.insert(&step.id, step.row);
                } else {
                    places.lost.push(step);
                }
            }
        }
        places.lost.sort_by_key(|step| step.row);
        places
    }
}
