use std::path::PathBuf;
use std::sync::Arc;

use runsheet_model::Vars;
use runsheet_task::{Arg, Outcome, TaskSpec};
use serde_json::Value as Json;
use starlark::ErrorKind;
use starlark::environment::{Globals, Module};
use starlark::eval::Evaluator;
use starlark::values::structs::AllocStruct;
use starlark::values::{Heap, OwnedFrozenValue, Value};

use crate::context::Context;
use crate::error::ScriptError;
use crate::limits::Limits;
use crate::mistake::Mistake;
use crate::result;
use crate::signature::Signature;
use crate::values::{of_argument, to_struct};

/// A task in Starlark, read and checked: run for any number of hosts at once.
#[derive(Debug)]
pub(crate) struct Script {
    /// Its file, as the user knows it.
    pub(crate) file: PathBuf,
    /// What it is.
    pub(crate) spec: TaskSpec,
    /// How its `do_work` is called.
    pub(crate) signature: Signature,
    /// Its `do_work`.
    pub(crate) do_work: OwnedFrozenValue,
    /// What its functions of `host` and `config` are.
    pub(crate) faces: Arc<Faces>,
}

/// The functions of `host` and `config`.
#[derive(Debug)]
pub(crate) struct Faces {
    pub(crate) host: Globals,
    pub(crate) config: Globals,
}

/// What a script is told of the host and the step.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) host_vars: Arc<Vars>,
    pub(crate) step: String,
    pub(crate) run: String,
    pub(crate) task: String,
    pub(crate) attempt: u32,
}

/// How a script ended.
pub(crate) enum Ended {
    /// It gave an outcome.
    With(Outcome),
    /// It ended because the work is over; the task knows why.
    Over,
    /// It is wrong.
    Wrong(Box<ScriptError>),
}

impl Script {
    /// Runs it to its end. It waits for its answers on this thread, which is its own.
    pub(crate) fn run(&self, input: &Input, context: Context, changed: impl Fn() -> bool, limits: &Limits) -> Ended {
        let context = context.enter();
        Module::with_temp_heap(|module| {
            let heap = module.heap();
            for face in [&self.faces.host, &self.faces.config] {
                module.frozen_heap().add_reference(face.heap());
            }
            let function = heap.access_owned_frozen_value(&self.do_work);
            let config = self.config(heap, input, &context);
            let mut eval = Evaluator::new(&module);
            let given = limits.set(&mut eval).and_then(|()| match self.signature {
                Signature::Host => eval.eval_function(function, &[config, self.host(heap, input)], &[]),
                Signature::Original => {
                    let args = self.args(heap, &context);
                    eval.eval_function(function, &[config], &[("args", args)])
                }
            });
            if let Some(outcome) = context.failed.take() {
                return Ended::With(outcome);
            }
            match given.and_then(|given| result::read(given, changed())) {
                Ok(outcome) => Ended::With(outcome),
                Err(error) if is_over(&error) => Ended::Over,
                Err(error) => Ended::Wrong(Box::new(ScriptError::of_starlark(&self.file, &error))),
            }
        })
    }

    /// The arguments, all that are declared: `None` where one was not given.
    fn args<'v>(&self, heap: Heap<'v>, context: &Context) -> Value<'v> {
        let given = |arg: &Arg| context.args.value(&arg.name).map_or(&Json::Null, of_argument);
        to_struct(heap, self.spec.args().iter().map(|arg| (arg.name.as_ref(), given(arg))))
    }

    fn host<'v>(&self, heap: Heap<'v>, input: &Input) -> Value<'v> {
        let own = [
            ("name", heap.alloc(input.name.as_str())),
            ("address", heap.alloc(input.address.as_str())),
            ("vars", to_struct(heap, vars(&input.host_vars))),
        ];
        face(heap, &self.faces.host, own)
    }

    fn config<'v>(&self, heap: Heap<'v>, input: &Input, context: &Context) -> Value<'v> {
        let own = [
            ("args", self.args(heap, context)),
            ("vars", to_struct(heap, vars(&context.vars))),
            ("step", heap.alloc(input.step.as_str())),
            ("run", heap.alloc(input.run.as_str())),
            ("task", heap.alloc(input.task.as_str())),
            ("attempt", heap.alloc(input.attempt)),
        ];
        face(heap, &self.faces.config, own)
    }
}

fn vars(vars: &Vars) -> impl Iterator<Item = (&str, &serde_json::Value)> {
    vars.iter().map(|(name, value)| (name.as_str(), value))
}

/// A struct of values and functions.
fn face<'v, const N: usize>(heap: Heap<'v>, functions: &Globals, own: [(&'static str, Value<'v>); N]) -> Value<'v> {
    let functions = functions.iter().map(|(name, function)| (name.to_owned(), function.to_value()));
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
    heap.alloc(AllocStruct(own.chain(functions).collect::<Vec<_>>()))
}

/// Whether an error only carries it to the top that the work is over.
fn is_over(error: &starlark::Error) -> bool {
    let (ErrorKind::Other(inner) | ErrorKind::Native(inner)) = error.kind() else { return false };
    matches!(inner.downcast_ref::<Mistake>(), Some(Mistake::Over))
}
