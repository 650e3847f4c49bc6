use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use async_trait::async_trait;
use runsheet_task::{Config, Host, Outcome, Registry, RemoteError, Task, TaskError, TaskSpec};
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep_until;

use crate::answering::Answering;
use crate::context::Context;
use crate::limits::Limits;
use crate::script::{Ended, Input, Script};

/// Stack of a script's thread. Address space, of which only what is used becomes memory.
const STACK: usize = 4 << 20;

/// A script as a task.
///
/// Starlark's values cannot leave their thread, and its functions cannot wait without it. So each host's script runs on a thread of its
/// own, and asks this task, which stays where all tasks are, for everything that it does.
pub(crate) struct ScriptTask {
    script: Arc<Script>,
    built_in: Arc<Registry>,
}

impl ScriptTask {
    pub(crate) fn new(script: Script, built_in: Arc<Registry>) -> Self {
        Self { script: Arc::new(script), built_in }
    }
}

/// Stops the script of a work that was dropped.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl Task for ScriptTask {
    fn spec(&self) -> &TaskSpec {
        &self.script.spec
    }

    async fn do_work(&self, config: &Config, host: &Host) -> Result<Outcome, TaskError> {
        let (questions, mut asked) = mpsc::unbounded_channel();
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = StopOnDrop(Arc::clone(&stopped));
        let changed = Arc::new(AtomicBool::new(false));
        let (args, vars) = (Arc::clone(&config.args), Arc::clone(&config.vars));
        let input = Input {
            name: host.name().to_string(),
            address: host.address().to_owned(),
            host_vars: Arc::clone(host.vars()),
            step: config.step.to_string(),
            run: config.run.to_string(),
            task: config.task.to_string(),
            attempt: config.attempt,
        };
        let (end, mut ended) = oneshot::channel();
        let (script, has_changed) = (Arc::clone(&self.script), Arc::clone(&changed));
        let run = move || {
            let context = Context { questions, args, vars, failed: None.into() };
            let limits = Limits::of_work(stopped);
            let ended = script.run(&input, context, || has_changed.load(Ordering::Relaxed), &limits);
            // Nobody waits any more for a work that was dropped.
            _ = end.send(ended);
        };
        thread::Builder::new()
            .name("script".to_owned())
            .stack_size(STACK)
            .spawn(run)
            .map_err(|error| TaskError::failed(format!("no thread for the script: {error}")))?;

        let mut answering = Answering::new(config, host, &self.built_in, &changed);
        // What ended the work while the script asked for nothing.
        let mut why = None;
        let ended = loop {
            tokio::select! {
                biased;
                Some((ask, answer)) = asked.recv() => {
                    // The script is gone only if its thread broke.
                    _ = answer.send(answering.answer(ask).await);
                }
                ended = &mut ended => break ended,
                () = host.stopped().cancelled(), if why.is_none() => {
                    why = Some(RemoteError::Stopped);
                    stop.0.store(true, Ordering::Relaxed);
                }
                () = sleep_until(host.deadline()), if why.is_none() => {
                    why = Some(RemoteError::TimedOut { limit: host.limit() });
                    stop.0.store(true, Ordering::Relaxed);
                }
            }
        };
        let debts = answering.take_debts();
        let why = answering.why().or(why.map(TaskError::from));
        match (ended, why) {
            (Ok(Ended::With(outcome)), _) => Ok(debts.told_in(outcome)),
            (Ok(Ended::Over | Ended::Wrong(_)), Some(why)) => Err(why),
            (Ok(Ended::Wrong(error)), None) => Ok(debts.told_in(Outcome::failed(error.told(), 1))),
            (Ok(Ended::Over) | Err(_), _) => Err(TaskError::failed("runsheet's own part of the script broke")),
        }
    }
}
