use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use runsheet_model::{HostName, Outcome, Vars, plural, shortened};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug, info_span};

use crate::password_wanted::refuse_password_wanted;
use crate::{
    Capture, Command, CommandResult, Download, ExecRequest, Facts, FactsCell, Limits, Local, OnLocal, Receipt, Remote,
    ShellSettings, TaskError, Transfer, Upload,
};

/// The host that a task works on: connected, with what the sheet says about how commands run there.
///
/// Every call has the attempt's deadline; a task needs none of its own, unless it waits for something.
pub struct Host {
    name: HostName,
    address: String,
    vars: Arc<Vars>,
    remote: Arc<dyn Remote>,
    local: Arc<dyn Local>,
    shell: Arc<ShellSettings>,
    limits: Limits,
    notes: Arc<dyn Notes>,
    receipt: Option<Receipt>,
    dry_run: bool,
    facts: FactsCell,
}

/// Takes what tasks want people to see at once.
pub trait Notes: Send + Sync {
    /// Shows and records a note about a host.
    fn note(&self, note: String);
}

impl Host {
    /// Puts a host together. For the runner and for tests of tasks.
    pub fn new(
        (name, address, vars): (HostName, String, Arc<Vars>),
        (remote, local): (Arc<dyn Remote>, Arc<dyn Local>),
        shell: Arc<ShellSettings>,
        limits: Limits,
        notes: Arc<dyn Notes>,
    ) -> Self {
        Self {
            name,
            address,
            vars,
            remote,
            local,
            shell,
            limits,
            notes,
            receipt: None,
            dry_run: false,
            facts: FactsCell::default(),
        }
    }

    /// Has the work leave a receipt on the host. For tasks whose work is one command.
    pub fn with_receipt(mut self, receipt: Option<Receipt>) -> Self {
        self.receipt = receipt;
        self
    }

    /// Shares what is known of the host with the other work of the run.
    pub fn with_facts(mut self, facts: FactsCell) -> Self {
        self.facts = facts;
        self
    }

    /// Has the work only looked at, not done: it ends at what would be its first effect.
    pub fn with_dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// Says what is done next. In a dry run the work ends here, with these words after `would`; otherwise it goes on.
    ///
    /// To be passed on with `?`, after the task has looked whether there is anything to do, and before it does it.
    ///
    /// # Errors
    ///
    /// [`TaskError::Would`] in a dry run.
    pub fn would(&self, what: impl Into<String>) -> Result<(), TaskError> {
        if self.dry_run { Err(TaskError::Would { what: what.into() }) } else { Ok(()) }
    }

    /// The name under which it stands in its host group.
    pub fn name(&self) -> &HostName {
        &self.name
    }

    /// The address under which it is reached.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its variables.
    pub fn vars(&self) -> &Arc<Vars> {
        &self.vars
    }

    /// When this attempt has to be over.
    pub fn deadline(&self) -> Instant {
        self.limits.deadline
    }

    /// Fires when the attempt is to be stopped before its end.
    pub fn stopped(&self) -> &CancellationToken {
        &self.limits.cancel
    }

    /// What the host is. It is asked once in a run, and only if somebody wants to know.
    pub async fn facts(&self) -> Result<&Facts, TaskError> {
        self.facts.of(self).await
    }

    /// How long the attempt may take from its start.
    pub fn limit(&self) -> Duration {
        self.limits.limit
    }

    /// The machine that runs runsheet.
    pub fn local(&self) -> &dyn Local {
        &*self.local
    }

    /// Runs a command to its end and tells how it ended; an exit code other than 0 is no error.
    ///
    /// It is the task's own question: its output is recorded, and not shown while it runs, and it comes in no language
    /// (`LC_ALL=C`), so that it can be read. What goes on after the command belongs to [`Host::log_run`]. It changes nothing on the
    /// host, or only after [`Host::would`] has let the work go on: a dry run asks it too.
    pub async fn run(&self, command: impl Into<Command>) -> Result<CommandResult, TaskError> {
        self.exec(command.into(), true).await
    }

    /// Runs, logs and times one command that is part of the work, and tells how it ended.
    pub async fn work(&self, command: impl Into<Command>) -> Result<CommandResult, TaskError> {
        let command = command.into();
        self.would(format!("run `{}`", shortened(&command.text, 200)))?;
        self.exec(command, false).await
    }

    /// Runs, logs and times one command, and gives message and value: `Success` or what it said and 0, or its complaint and its
    /// exit code.
    ///
    /// It is the work itself: its output is shown, line by line, as it comes, and its environment is the user's own.
    pub async fn log_run(&self, command: impl Into<Command>) -> Result<Outcome, TaskError> {
        Ok(self.work(command).await?.outcome())
    }

    async fn exec(&self, command: Command, quiet: bool) -> Result<CommandResult, TaskError> {
        let mut shell = if quiet { Arc::new(self.shell.untranslated()) } else { Arc::clone(&self.shell) };
        if let Some(as_user) = command.as_user {
            shell = Arc::new(ShellSettings { as_user: Some(as_user), ..(*shell).clone() });
        }
        let receipt = self.receipt.as_ref().filter(|_| !quiet);
        let text = receipt.map_or_else(
            || Cow::from(command.text.as_str()),
            |receipt| Cow::from(receipt.wrap(&command.text, shell.as_user.is_some())),
        );
        let request = ExecRequest {
            command: shell.wrap(&text),
            recorded: receipt.map(|_| shell.wrap(&command.text)),
            on_local: shell.local.then(|| OnLocal {
                command: text.clone().into_owned(),
                dir: shell.dir.clone(),
                env: shell.env.clone(),
            }),
            as_user: shell.as_user.clone().map(|as_user| (as_user, shell.inner(&text))),
            stdin: command.stdin,
            pty: shell.pty,
            quiet,
            limits: self.limits.clone(),
        };
        let mut capture = Capture::default();
        let started = Instant::now();
        // The command itself is no field of the span: what it holds is masked only further in.
        let span = info_span!("command", host = %self.name);
        let end = self.remote.exec(&request, &mut capture).instrument(span.clone()).await?;
        let took = started.elapsed();
        debug!(parent: &span, exit = ?end.exit, ?took, "command ended");
        let (stdout, stderr) = capture.into_text();
        let result = CommandResult { exit: end.exit, stdout, stderr, took };
        if let Some(as_user) = &shell.as_user {
            refuse_password_wanted(as_user, &result)?;
        }
        Ok(result)
    }

    /// Sends a file. `sudo` does not apply: the file is written as the login user.
    pub async fn put(&self, upload: &Upload) -> Result<Transfer, TaskError> {
        self.would(format!("send a file to `{}`", upload.target))?;
        Ok(self.remote.put(upload, &self.limits).await?)
    }

    /// Sends many small files, and returns how many bytes they have together; see [`Remote::put_all`]. `sudo` does not apply.
    pub async fn put_all(&self, uploads: &[Upload]) -> Result<u64, TaskError> {
        self.would(format!("send {}", plural(uploads.len(), "file")))?;
        Ok(self.remote.put_all(uploads, &self.limits).await?)
    }

    /// Fetches a file. `sudo` does not apply: the file is read as the login user.
    pub async fn get(&self, download: &Download) -> Result<Transfer, TaskError> {
        self.would(format!("fetch `{}`", download.source))?;
        Ok(self.remote.get(download, &self.limits).await?)
    }

    /// Shows and records a note at once, such as `waiting for 12 sessions to end`.
    pub fn note(&self, note: impl Into<String>) {
        self.notes.note(note.into());
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("name", &self.name).field("address", &self.address).finish_non_exhaustive()
    }
}
