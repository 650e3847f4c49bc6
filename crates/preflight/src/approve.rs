use async_trait::async_trait;

use crate::ShownKey;

/// Decides whether keys of unknown hosts are put on record.
#[async_trait]
pub trait Approve: Send + Sync {
    /// Says yes to all of them, or no.
    async fn approve(&self, keys: &[ShownKey]) -> bool;
}
