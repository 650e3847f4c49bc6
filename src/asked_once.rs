use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Answers, each of which is asked for once; whoever wants the same one meanwhile waits for it.
#[derive(Debug)]
pub(crate) struct AskedOnce<Q, A>(Mutex<Answers<Q, A>>);

type Answers<Q, A> = HashMap<Q, Arc<OnceLock<A>>>;

impl<Q: Eq + Hash, A: Clone> AskedOnce<Q, A> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    pub(crate) fn ask(&self, question: Q, ask: impl FnOnce() -> A) -> A {
        let answer = {
            let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(answers.entry(question).or_default())
        };
        answer.get_or_init(ask).clone()
    }
}
