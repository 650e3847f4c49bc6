use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use runsheet_model::{Endpoint, Unreachable};

use crate::{Remote, SignsOfLife};

/// Makes connections. The runner is handed one and knows no more of SSH than this.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Connects to a host and logs in, within the endpoint's `connect_timeout`. One try; whoever calls decides about another.
    async fn connect(&self, endpoint: &Endpoint) -> Result<Connected, Unreachable>;

    /// Does the same, and tells whenever something has come from the host, so that whoever waits can let others go first while
    /// nothing does.
    async fn connect_in_sight(&self, endpoint: &Endpoint, signs: &SignsOfLife) -> Result<Connected, Unreachable> {
        let connected = self.connect(endpoint).await;
        signs.sign();
        connected
    }
}

/// A connection that was made.
pub struct Connected {
    /// The host.
    pub remote: Arc<dyn Remote>,
    /// The address that answered, with its port.
    pub address: String,
    /// Fingerprint (SHA256:…) of the host key or certificate that was accepted.
    pub host_key: String,
    /// Whether it was put on record just now.
    pub learned: bool,
    /// How long it all took.
    pub took: Duration,
}
