/// Variables of a sheet, a group or a host: names and plain values (text, number, boolean, list, map).
pub type Vars = std::collections::BTreeMap<String, serde_json::Value>;
