use crate::raw::RawSheet;

/// The JSON Schema of a deploy sheet (draft 2020-12), with which editors check and complete one while it is written.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(RawSheet).into()
}
