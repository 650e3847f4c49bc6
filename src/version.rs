/// The version alone.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The version with the commit that it was built from.
pub(crate) const LONG: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("RUNSHEET_COMMIT"), ")");
