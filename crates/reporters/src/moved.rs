use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use runsheet_events::StepCounter;
use runsheet_model::StepId;

/// How many bytes of files each step has moved so far: counted where they move, read where they are drawn, without a lock between.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moved(Arc<Mutex<HashMap<StepId, StepCounter>>>);

impl Moved {
    /// The counter of a step. Whoever counts asks for it once.
    pub(crate) fn counter(&self, step: &StepId) -> StepCounter {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(counters.entry(step.clone()).or_default())
    }

    /// A step is over: nobody asks for its count any more.
    pub(crate) fn forget(&self, step: &StepId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(step);
    }

    pub(crate) fn bytes(&self, step: &StepId) -> u64 {
        let counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counters.get(step).map_or(0, |counter: &Arc<AtomicU64>| counter.load(Ordering::Relaxed))
    }
}
