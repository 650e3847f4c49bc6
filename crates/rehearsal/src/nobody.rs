use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use runsheet_task::{HttpAnswer, HttpRequest, Local, LocalError, LocalFile, Mail};

/// This machine in a rehearsal: it looks at nothing, asks nobody and tells nobody. Nothing that is played asks it to.
pub(crate) struct Nobody;

fn refused(what: &str) -> LocalError {
    LocalError::Unreached { what: what.to_owned(), reason: "this is a rehearsal".to_owned() }
}

#[async_trait]
impl Local for Nobody {
    async fn http(&self, request: &HttpRequest, _: Duration) -> Result<HttpAnswer, LocalError> {
        Err(refused(&request.called))
    }

    async fn mail(&self, mail: &Mail, _: Duration) -> Result<(), LocalError> {
        Err(refused(&mail.server))
    }

    async fn connect(&self, address: &str, _: u16, _: Duration) -> Result<(), LocalError> {
        Err(refused(address))
    }

    async fn hash_file(&self, path: &Path, _: Duration) -> Result<LocalFile, LocalError> {
        Err(refused(&path.display().to_string()))
    }
}
