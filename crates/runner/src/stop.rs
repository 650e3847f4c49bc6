use tokio_util::sync::CancellationToken;

/// The two ways in which a run is stopped, one after the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop {
    /// Nothing new is started; what runs finishes.
    pub(crate) new: CancellationToken,
    /// What runs is stopped as well.
    pub(crate) running: CancellationToken,
}

impl Stop {
    /// One whose `new` is its own, for work that goes on when nothing else does. Stopping what runs stops it as well.
    pub(crate) fn apart(&self) -> Self {
        Self { new: CancellationToken::new(), running: self.running.clone() }
    }
}
