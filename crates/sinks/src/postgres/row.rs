use std::time::SystemTime;

/// What makes a row one row: which part of which run it tells of. What does not apply is empty or 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// `run`, `step`, `host` or `attempt`.
    pub(super) kind: &'static str,
    pub(super) step: String,
    pub(super) host: String,
    pub(super) link: i32,
    pub(super) attempt: i32,
}

/// A row of timing, without its key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) seq: i64,
    pub(super) name: Option<String>,
    pub(super) task: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) state: &'static str,
    pub(super) changed: Option<bool>,
    pub(super) started: Option<SystemTime>,
    pub(super) ended: Option<SystemTime>,
    pub(super) took: Option<i64>,
    pub(super) waited: Option<i64>,
    pub(super) expected: Option<i64>,
    pub(super) forecast: Option<i64>,
    pub(super) message: Option<String>,
}
