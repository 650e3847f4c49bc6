use std::sync::Arc;

use async_trait::async_trait;
use runsheet_model::Stream;
use runsheet_task::{BootId, Download, ExecEnd, ExecRequest, Limits, Output, Remote, RemoteError, Transfer, Upload};

use crate::exec::exec;
use crate::link::Link;
use crate::settings::Deadlines;
use crate::sudo_dialog::SudoPassword;
use crate::transfer::{self, SharedFiles};

/// A host that is connected over SSH.
pub(crate) struct SshRemote {
    link: Arc<Link>,
    deadlines: Deadlines,
    sudo_password: Option<SudoPassword>,
    files: Arc<SharedFiles>,
}

impl SshRemote {
    pub(crate) fn new(
        link: Arc<Link>,
        deadlines: Deadlines,
        sudo_password: Option<SudoPassword>,
        files: Arc<SharedFiles>,
    ) -> Self {
        Self { link, deadlines, sudo_password, files }
    }
}

#[async_trait]
impl Remote for SshRemote {
    async fn exec(&self, request: &ExecRequest, output: &mut dyn Output) -> Result<ExecEnd, RemoteError> {
        exec(&self.link, &self.deadlines, request, self.sudo_password.as_ref(), output).await
    }

    async fn put(&self, upload: &Upload, limits: &Limits) -> Result<Transfer, RemoteError> {
        transfer::put(&self.link, &self.deadlines, &self.files, upload, limits).await
    }

    async fn put_all(&self, uploads: &[Upload], limits: &Limits) -> Result<u64, RemoteError> {
        transfer::put_all(&self.link, &self.deadlines, &self.files, uploads, limits).await
    }

    async fn get(&self, download: &Download, limits: &Limits) -> Result<Transfer, RemoteError> {
        transfer::get(&self.link, &self.deadlines, download, limits).await
    }

    fn is_alive(&self) -> bool {
        !self.link.is_down() && !self.link.is_spent()
    }

    fn boot(&self) -> Option<BootId> {
        self.link.state().boot().cloned()
    }

    async fn ask_boot(&self, limits: &Limits) -> Option<BootId> {
        if self.boot().is_none() && self.is_alive() {
            // What stands before every command tells; if it does not come, nothing is told.
            let (command, limits) = ("true".to_owned(), limits.clone());
            let request = ExecRequest {
                command,
                recorded: None,
                on_local: None,
                as_user: None,
                stdin: None,
                pty: false,
                quiet: true,
                limits,
            };
            let _ = exec(&self.link, &self.deadlines, &request, None, &mut Unheard).await;
        }
        self.boot()
    }

    async fn close(&self) {
        self.link.close().await;
    }
}

/// Takes output that nobody wants.
struct Unheard;

impl Output for Unheard {
    fn chunk(&mut self, _: Stream, _: &[u8]) {}
}
