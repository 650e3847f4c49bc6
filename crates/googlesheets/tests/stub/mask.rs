use serde_json::{Map, Value};

/// What a field mask names: `a,b(c,d(e))`, as the parameter `fields` of the API has it.
pub(super) struct Mask(Vec<(String, Option<Mask>)>);

impl Mask {
    /// Reads a mask; nothing if it is not one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (mask, rest) = Self::fields(text)?;
        rest.is_empty().then_some(mask)
    }

    fn fields(mut rest: &str) -> Option<(Self, &str)> {
        let mut fields = Vec::new();
        loop {
            let end = rest.find([',', '(', ')']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            if name.is_empty() || !name.chars().all(char::is_alphanumeric) {
                return None;
            }
            let (inner, after) = match after.strip_prefix('(') {
                Some(after) => {
                    let (inner, after) = Self::fields(after)?;
                    (Some(inner), after.strip_prefix(')')?)
                }
                None => (None, after),
            };
            fields.push((name.to_owned(), inner));
            match after.strip_prefix(',') {
                Some(after) => rest = after,
                None => return Some((Self(fields), after)),
            }
        }
    }

    /// Only what is named.
    pub(super) fn apply(&self, value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| self.apply(item)).collect(),
            Value::Object(object) => {
                let mut kept = Map::new();
                for (name, inner) in &self.0 {
                    if let Some(value) = object.get(name) {
                        kept.insert(
                            name.clone(),
                            inner.as_ref().map_or_else(|| value.clone(), |inner| inner.apply(value)),
                        );
                    }
                }
                Value::Object(kept)
            }
            other => other.clone(),
        }
    }
}
