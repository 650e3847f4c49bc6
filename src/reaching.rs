use async_trait::async_trait;
use runsheet_local::LocalHost;
use runsheet_model::{Endpoint, Unreachable};
use runsheet_ssh::SshConnector;
use runsheet_task::{Connected, Connector, SignsOfLife};

/// Reaches hosts by SSH, and this machine as it is.
pub(crate) struct Reaching {
    pub(crate) hosts: SshConnector,
    pub(crate) local: LocalHost,
}

#[async_trait]
impl Connector for Reaching {
    async fn connect(&self, endpoint: &Endpoint) -> Result<Connected, Unreachable> {
        if endpoint.is_local() { self.local.connect(endpoint).await } else { self.hosts.connect(endpoint).await }
    }

    async fn connect_in_sight(&self, endpoint: &Endpoint, signs: &SignsOfLife) -> Result<Connected, Unreachable> {
        if endpoint.is_local() {
            self.local.connect_in_sight(endpoint, signs).await
        } else {
            self.hosts.connect_in_sight(endpoint, signs).await
        }
    }
}
