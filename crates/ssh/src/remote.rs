use std::sync::Arc;

use async_trait::async_trait;
use runsheet_model::Secret;
use runsheet_task::{Download, ExecEnd, ExecRequest, Limits, Output, Remote, RemoteError, Transfer, Upload};

use crate::exec::exec;
use crate::link::Link;
use crate::settings::Deadlines;
use crate::transfer;

/// A host that is connected over SSH.
pub(crate) struct SshRemote {
    link: Arc<Link>,
    deadlines: Deadlines,
    sudo_password: Option<Arc<Secret<String>>>,
}

impl SshRemote {
    pub(crate) fn new(link: Arc<Link>, deadlines: Deadlines, sudo_password: Option<Arc<Secret<String>>>) -> Self {
        Self { link, deadlines, sudo_password }
    }
}

#[async_trait]
impl Remote for SshRemote {
    async fn exec(&self, request: &ExecRequest, output: &mut dyn Output) -> Result<ExecEnd, RemoteError> {
        exec(&self.link, &self.deadlines, request, self.sudo_password.as_ref(), output).await
    }

    async fn put(&self, upload: &Upload, limits: &Limits) -> Result<Transfer, RemoteError> {
        transfer::put(&self.link, &self.deadlines, upload, limits).await
    }

    async fn get(&self, download: &Download, limits: &Limits) -> Result<Transfer, RemoteError> {
        transfer::get(&self.link, &self.deadlines, download, limits).await
    }

    fn is_alive(&self) -> bool {
        !self.link.is_down() && !self.link.is_spent()
    }

    async fn close(&self) {
        self.link.close().await;
    }
}
