use std::pin::Pin;

use async_trait::async_trait;
use runsheet_task::{Config, Host, Outcome, Task, TaskError, TaskSpec};

/// A module's `do_work`, as a value.
type DoWork = for<'a> fn(&'a Config, &'a Host) -> Working<'a>;
type Working<'a> = Pin<Box<dyn Future<Output = Result<Outcome, TaskError>> + Send + 'a>>;

/// A task out of a module with the functions `spec` and `do_work`, which gives its outcome, or an [`Early`](crate::early::Early) end or an
/// error that is passed on with `?`.
pub(crate) struct Module {
    spec: TaskSpec,
    do_work: DoWork,
}

impl Module {
    pub(crate) fn new(spec: TaskSpec, do_work: DoWork) -> Self {
        Self { spec, do_work }
    }
}

#[async_trait]
impl Task for Module {
    fn spec(&self) -> &TaskSpec {
        &self.spec
    }

    async fn do_work(&self, config: &Config, host: &Host) -> Result<Outcome, TaskError> {
        (self.do_work)(config, host).await
    }
}

/// Adds task modules to a registry.
macro_rules! register {
    ($registry:ident, $($module:ident),+ $(,)?) => {
        $(
            let replaced = $registry.add(std::sync::Arc::new($crate::module::Module::new(
                $module::spec(),
                |config, host| Box::pin(async move { $crate::early::Early::settle($module::do_work(config, host).await) }),
            )));
            debug_assert!(replaced.is_none(), "two modules are one task: {}", stringify!($module));
        )+
    };
}
pub(crate) use register;
