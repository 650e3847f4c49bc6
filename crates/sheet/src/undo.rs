use std::collections::BTreeMap;

use runsheet_diagnostics::{Place, nearest};

use crate::{After, OnFailure, SheetError, Step, Undo};

/// Checks what undoes what: each step that is named must be there, must undo one step only, and must be nothing else.
pub(crate) fn check_undo(steps: &[Step]) -> Result<(), SheetError> {
    let by_id: BTreeMap<&str, &Step> = steps.iter().map(|step| (step.id.as_str(), step)).collect();
    let mut undoers: BTreeMap<&str, &Step> = BTreeMap::new();
    for step in steps {
        let Some(Undo::Steps(ids)) = &step.policy.rollback else { continue };
        for id in ids {
            let wrong = |why| SheetError::UndoesAndMore { id: id.value.to_string(), why, place: id.place.clone() };
            let Some(undoer) = by_id.get(id.value.as_str()) else {
                return Err(SheetError::UnknownStep {
                    id: id.value.to_string(),
                    nearest: nearest(id.value.as_str(), by_id.keys().copied()).map(str::to_owned),
                    place: id.place.clone(),
                });
            };
            if undoer.id == step.id {
                return Err(wrong("it cannot be that step itself"));
            }
            if undoer.hosts.is_none() {
                return Err(wrong("it has to be work on hosts"));
            }
            if undoer.policy.rollback.is_some() {
                return Err(wrong("it cannot be undone in turn"));
            }
            if undoers.insert(undoer.id.as_str(), step).is_some() {
                return Err(wrong("it cannot undo yet another"));
            }
        }
    }
    for step in steps {
        let After::Steps(ids) = &step.after else { continue };
        if let Some(id) = ids.iter().find(|id| undoers.contains_key(id.value.as_str())) {
            let why = "nothing can come after it";
            return Err(SheetError::UndoesAndMore { id: id.value.to_string(), why, place: id.place.clone() });
        }
    }
    let mut undoable = false;
    for step in steps {
        undoable |= step.policy.rollback.is_some();
        if step.policy.on_failure == OnFailure::Rollback && !undoable {
            let place = step.place.clone().unwrap_or_else(|| Place::file("sheet"));
            return Err(SheetError::NoRollback { place });
        }
    }
    Ok(())
}

/// See [`crate::Sheet::undoing`].
pub(crate) fn undoing(steps: &[Step]) -> Vec<Option<usize>> {
    let mut undone = BTreeMap::new();
    for (index, step) in steps.iter().enumerate() {
        if let Some(Undo::Steps(ids)) = &step.policy.rollback {
            undone.extend(ids.iter().map(|id| (&id.value, index)));
        }
    }
    steps.iter().map(|step| undone.get(&step.id).copied()).collect()
}
