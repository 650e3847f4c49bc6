use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use runsheet_model::Vars;
use runsheet_task::{Args, Outcome};
use tokio::sync::mpsc::UnboundedSender;

use crate::ask::{Answer, Ask, NoAnswer, Question};
use crate::mistake::Mistake;

thread_local! {
    // A script has a thread of its own. Starlark's own place for this (`Evaluator::extra`) takes an unsafe trait.
    static CURRENT: RefCell<Option<Rc<Context>>> = const { RefCell::new(None) };
}

/// What the functions of a script know of the work that they are part of.
#[derive(Debug)]
pub(crate) struct Context {
    /// The way to the task that runs it.
    pub(crate) questions: UnboundedSender<Question>,
    /// The task's arguments.
    pub(crate) args: Arc<Args>,
    /// The sheet's variables.
    pub(crate) vars: Arc<Vars>,
    /// How the script has ended the work, by `fail`.
    pub(crate) failed: RefCell<Option<Outcome>>,
}

impl Context {
    /// Makes it that of the script which this thread runs from now on.
    pub(crate) fn enter(self) -> Rc<Self> {
        let context = Rc::new(self);
        CURRENT.set(Some(Rc::clone(&context)));
        context
    }

    /// That of the script that this thread runs.
    pub(crate) fn current() -> starlark::Result<Rc<Self>> {
        Ok(CURRENT.with_borrow(Clone::clone).ok_or(Mistake::NoHost)?)
    }

    /// Asks the task, and waits for its answer for as long as the task itself lets its work go on.
    pub(crate) fn ask(&self, ask: Ask) -> starlark::Result<Answer> {
        let (answer, answered) = sync_channel(1);
        // The task is gone when the work was dropped.
        let told = match self.questions.send((ask, answer)) {
            Ok(()) => answered.recv().unwrap_or(Err(NoAnswer::Over)),
            Err(_) => Err(NoAnswer::Over),
        };
        told.map_err(|no_answer| match no_answer {
            NoAnswer::Over => Mistake::Over.into(),
            NoAnswer::Mistake(mistake) => Mistake::Told(mistake).into(),
        })
    }

    /// Ends the work: what is given back is no mistake, but ends the script.
    pub(crate) fn fail(&self, message: String, value: i32) -> starlark::Error {
        // A failure with 0 would be a success.
        let value = if value == 0 { 1 } else { value };
        self.failed.replace(Some(Outcome::failed(message, value)));
        Mistake::Over.into()
    }
}
