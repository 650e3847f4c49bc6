//! What scripts can call: functions that are there everywhere, and those of `host` and `config`.
//!
//! None of them does anything itself: each asks the task that runs the script, and waits for its answer.

#![expect(clippy::unnecessary_wraps, reason = "functions for Starlark give a `Result`, whether they can fail or not")]

use std::time::Duration;

use serde_json::{Map, Value as Json};
use starlark::collections::SmallMap;
use starlark::environment::{Globals, GlobalsBuilder, LibraryExtension};
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::Value;
use starlark::values::none::{NoneOr, NoneType};
use starlark::values::structs::AllocStruct;
use starlark::values::tuple::{AllocTuple, UnpackTuple};

use crate::ask::{Answer, Ask, Command, Show};
use crate::constructors::arguments;
use crate::context::Context;
use crate::mistake::Mistake;
use crate::result;
use crate::values::{duration, from_value, length, of_argument, stdin, to_value};

/// The most characters or items that one `*` or `+` may make.
const LARGEST: usize = 16 << 20;

/// What is there in every script without `load`.
pub(crate) fn globals() -> Globals {
    let extensions =
        [LibraryExtension::StructType, LibraryExtension::Json, LibraryExtension::Map, LibraryExtension::Filter];
    GlobalsBuilder::extended_by(&extensions).with(everywhere).with_namespace("arg", arguments).build()
}

/// What `host` can do.
pub(crate) fn of_host() -> Globals {
    GlobalsBuilder::new().with(host_functions).build()
}

/// What `config` can do.
pub(crate) fn of_config() -> Globals {
    GlobalsBuilder::new().with(config_functions).build()
}

#[starlark_module]
fn everywhere(builder: &mut GlobalsBuilder) {
    /// Ends the work on this host: it has failed, for this reason and with this value.
    fn fail<'v>(message: Value<'v>, #[starlark(default = 1)] value: i32) -> starlark::Result<NoneType> {
        let message = message.unpack_str().map_or_else(|| message.to_str(), str::to_owned);
        Err(Context::current()?.fail(message, value))
    }

    /// Runs, logs and times one command, and gives what it said and its exit code. It does not fail.
    fn log_run<'v>(
        #[starlark(require = pos)] config: Value<'v>,
        command: &str,
        #[starlark(default = NoneOr::None)] args: NoneOr<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        // As they stand in tasks written for it; all that they say is known here.
        let _ = (config, args);
        pair(Command::new(command), eval)
    }

    /// Waits.
    fn sleep<'v>(time: Value<'v>) -> starlark::Result<NoneType> {
        let time = duration("sleep", time)?;
        Context::current()?.ask(Ask::Sleep { time })?;
        Ok(NoneType)
    }

    /// Calls a function until what it gives is good, and gives that; the last time whatever it is.
    fn retry<'v>(
        function: Value<'v>,
        #[starlark(require = named, default = 3)] tries: i32,
        #[starlark(require = named)] pause: Option<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let pause = pause.map_or(Ok(Duration::from_secs(1)), |pause| duration("pause", pause))?;
        let mut tried = 1;
        loop {
            let given = eval.eval_function(function, &[], &[])?;
            if tried >= tries || result::is_good(given) {
                return Ok(given);
            }
            tried += 1;
            Context::current()?.ask(Ask::Sleep { time: pause })?;
        }
    }

    /// How the work ended, with all that can be said of it.
    fn outcome<'v>(
        message: &str,
        #[starlark(default = 0)] value: i32,
        #[starlark(require = named, default = NoneOr::None)] changed: NoneOr<bool>,
        #[starlark(require = named)] opens: Option<Value<'v>>,
        #[starlark(require = named)] closes: Option<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let heap = eval.heap();
        let empty = || heap.alloc(Vec::<String>::new());
        Ok(heap.alloc(AllocStruct([
            ("message", heap.alloc(message)),
            ("value", heap.alloc(value)),
            ("changed", heap.alloc(changed)),
            ("opens", opens.unwrap_or_else(empty)),
            ("closes", closes.unwrap_or_else(empty)),
        ])))
    }

    /// Shows and records a note about the host.
    fn print<'v>(#[starlark(args)] what: UnpackTuple<Value<'v>>) -> starlark::Result<NoneType> {
        let words: Vec<_> =
            what.items.iter().map(|value| value.unpack_str().map_or_else(|| value.to_str(), str::to_owned)).collect();
        Context::current()?.ask(Ask::Note { note: words.join(" ") })?;
        Ok(NoneType)
    }

    /// The text as one word of a shell command, whatever stands in it.
    fn quote(text: &str) -> starlark::Result<String> {
        Ok(runsheet_task::quote(text))
    }

    /// What `+` comes to here: as long as memory is not at stake.
    fn __plus<'v>(left: Value<'v>, right: Value<'v>, eval: &mut Evaluator<'v, '_, '_>) -> starlark::Result<Value<'v>> {
        if length(left).saturating_add(length(right)) > LARGEST {
            return Err(Mistake::TooLarge.into());
        }
        left.add(right, eval.heap())
    }

    /// What `*` comes to here.
    fn __times<'v>(left: Value<'v>, right: Value<'v>, eval: &mut Evaluator<'v, '_, '_>) -> starlark::Result<Value<'v>> {
        let times =
            |length: usize, by: Value<'v>| length.saturating_mul(by.unpack_i32().map_or(1, i32::unsigned_abs) as usize);
        if times(length(left), right).max(times(length(right), left)) > LARGEST {
            return Err(Mistake::TooLarge.into());
        }
        left.mul(right, eval.heap())
    }
}

#[starlark_module]
fn host_functions(builder: &mut GlobalsBuilder) {
    /// Runs a command as part of the work and gives all that is known of its end.
    fn run<'v>(
        command: &str,
        #[starlark(require = named)] stdin: Option<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        command_result(Command::new(command).reading(stdin)?, eval)
    }

    /// The same as another user.
    fn sudo<'v>(
        command: &str,
        #[starlark(default = "root")] user: &str,
        #[starlark(require = named)] stdin: Option<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        command_result(Command { user: Some(user.to_owned()), ..Command::new(command) }.reading(stdin)?, eval)
    }

    /// Runs a command that changes nothing: what it says is not shown, and a dry run asks it too.
    fn ask<'v>(command: &str, eval: &mut Evaluator<'v, '_, '_>) -> starlark::Result<Value<'v>> {
        command_result(Command { show: Show::Quietly, ..Command::new(command) }, eval)
    }

    /// Whether a command that changes nothing ends with 0.
    fn succeeds(command: &str) -> starlark::Result<bool> {
        let command = Command { show: Show::Quietly, ..Command::new(command) };
        match Context::current()?.ask(Ask::Run(command))? {
            Answer::Command(result) => Ok(result.ok()),
            _ => Err(Mistake::OtherAnswer.into()),
        }
    }

    /// Runs, logs and times one command, and gives what it said and its exit code.
    fn log_run<'v>(command: &str, eval: &mut Evaluator<'v, '_, '_>) -> starlark::Result<Value<'v>> {
        pair(Command::new(command), eval)
    }

    /// Sends a file that is an argument of the task, or a text.
    fn put<'v>(
        #[starlark(require = named)] file: Option<Value<'v>>,
        target: &str,
        #[starlark(require = named)] content: Option<&str>,
        #[starlark(require = named)] mode: Option<&str>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let mut args = Map::new();
        let task = match (file, content) {
            (Some(file), None) => {
                args.insert("source".to_owned(), from_value(file)?);
                "file.put"
            }
            (None, Some(content)) => {
                args.insert("content".to_owned(), content.into());
                "file.write"
            }
            _ => return Err(Mistake::PutWhat.into()),
        };
        args.insert("target".to_owned(), target.into());
        if let Some(mode) = mode {
            args.insert("mode".to_owned(), mode.into());
        }
        outcome_of(task, args, eval)
    }

    /// Fetches a file or a folder into `TARGET/HOST/` on the machine that runs runsheet.
    fn get<'v>(source: &str, target: &str, eval: &mut Evaluator<'v, '_, '_>) -> starlark::Result<Value<'v>> {
        let args = [("source", source), ("target", target)].map(|(name, value)| (name.to_owned(), value.into()));
        outcome_of("file.get", args.into_iter().collect(), eval)
    }

    /// Does what a built-in task does.
    fn task<'v>(
        #[starlark(require = pos)] name: &str,
        #[starlark(kwargs)] args: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let args =
            args.into_iter().map(|(name, value)| Ok((name, from_value(value)?))).collect::<starlark::Result<_>>()?;
        outcome_of(name, args, eval)
    }

    /// Waits until a web server answers as expected.
    fn wait_for_http<'v>(
        url: &str,
        #[starlark(require = named, default = 200)] expect: i32,
        #[starlark(require = named)] text: Option<&str>,
        #[starlark(require = named)] timeout: Option<Value<'v>>,
        #[starlark(require = named, default = false)] from_here: bool,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let mut args = Map::new();
        args.insert("url".to_owned(), url.into());
        args.insert("expect".to_owned(), expect.into());
        args.insert("from".to_owned(), if from_here { "here" } else { "host" }.into());
        if let Some(text) = text {
            args.insert("text".to_owned(), text.into());
        }
        args.insert("wait".to_owned(), wait(timeout)?);
        outcome_of("http.check", args, eval)
    }

    /// Waits until a TCP port takes connections.
    fn wait_for_port<'v>(
        port: i32,
        #[starlark(require = named)] timeout: Option<Value<'v>>,
        #[starlark(require = named, default = false)] from_here: bool,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let mut args = Map::new();
        args.insert("port".to_owned(), port.into());
        args.insert("from".to_owned(), if from_here { "here" } else { "host" }.into());
        args.insert("wait".to_owned(), wait(timeout)?);
        outcome_of("wait.port", args, eval)
    }

    /// Shows and records a note about the host.
    fn note(text: &str) -> starlark::Result<NoneType> {
        Context::current()?.ask(Ask::Note { note: text.to_owned() })?;
        Ok(NoneType)
    }

    /// What the host is: asked once in a run.
    fn facts<'v>(eval: &mut Evaluator<'v, '_, '_>) -> starlark::Result<Value<'v>> {
        match Context::current()?.ask(Ask::Facts)? {
            Answer::Facts(facts) => Ok(to_value(eval.heap(), &facts)),
            _ => Err(Mistake::OtherAnswer.into()),
        }
    }
}

#[starlark_module]
fn config_functions(builder: &mut GlobalsBuilder) {
    /// An argument of the task by its name, else a variable of the sheet, else the default.
    fn get<'v>(
        name: &str,
        #[starlark(default = NoneOr::None)] default: NoneOr<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let context = Context::current()?;
        let found = context.args.value(name).map(of_argument).or_else(|| context.vars.get(name));
        Ok(match (found, default) {
            (Some(value), _) => to_value(eval.heap(), value),
            (None, NoneOr::Other(default)) => default,
            (None, NoneOr::None) => Value::new_none(),
        })
    }
}

fn wait(timeout: Option<Value<'_>>) -> starlark::Result<Json> {
    let timeout = timeout.map_or(Ok(Duration::from_mins(1)), |timeout| duration("timeout", timeout))?;
    Ok(format!("{}ms", timeout.as_millis()).into())
}

/// Runs a command and gives the pair of what it said and its exit code.
fn pair<'v>(command: Command, eval: &mut Evaluator<'v, '_, '_>) -> starlark::Result<Value<'v>> {
    match Context::current()?.ask(Ask::Run(command))? {
        Answer::Command(result) => {
            let outcome = result.outcome();
            Ok(eval.heap().alloc(AllocTuple([eval.heap().alloc(outcome.message), eval.heap().alloc(outcome.value)])))
        }
        _ => Err(Mistake::OtherAnswer.into()),
    }
}

/// Runs a command and gives all that is known of its end.
fn command_result<'v>(command: Command, eval: &mut Evaluator<'v, '_, '_>) -> starlark::Result<Value<'v>> {
    match Context::current()?.ask(Ask::Run(command))? {
        Answer::Command(result) => Ok(result::of_command(eval.heap(), &result)),
        _ => Err(Mistake::OtherAnswer.into()),
    }
}

/// Does a task and gives its outcome.
fn outcome_of<'v>(
    task: &str,
    args: Map<String, Json>,
    eval: &mut Evaluator<'v, '_, '_>,
) -> starlark::Result<Value<'v>> {
    match Context::current()?.ask(Ask::Do { task: task.to_owned(), args })? {
        Answer::Outcome(outcome) => Ok(result::of_outcome(eval.heap(), &outcome)),
        _ => Err(Mistake::OtherAnswer.into()),
    }
}

impl Command {
    fn reading(self, value: Option<Value<'_>>) -> starlark::Result<Self> {
        Ok(Self { stdin: value.map(stdin).transpose()?.unwrap_or_default(), ..self })
    }
}
