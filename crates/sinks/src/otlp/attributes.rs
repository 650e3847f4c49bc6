use serde_json::{Value, json};

/// The attributes of something, as the protocol has them.
#[derive(Clone, Debug, Default)]
pub(super) struct Attributes(Vec<Value>);

impl Attributes {
    pub(super) fn text(mut self, key: &str, value: impl Into<String>) -> Self {
        self.0.push(json!({"key": key, "value": {"stringValue": value.into()}}));
        self
    }

    pub(super) fn number(mut self, key: &str, value: impl TryInto<i64>) -> Self {
        let value = value.try_into().unwrap_or(i64::MAX);
        self.0.push(json!({"key": key, "value": {"intValue": value.to_string()}}));
        self
    }

    pub(super) fn truth(mut self, key: &str, value: bool) -> Self {
        self.0.push(json!({"key": key, "value": {"boolValue": value}}));
        self
    }

    pub(super) fn maybe(self, key: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.text(key, value),
            None => self,
        }
    }

    pub(super) fn list(self) -> Value {
        Value::Array(self.0)
    }
}
