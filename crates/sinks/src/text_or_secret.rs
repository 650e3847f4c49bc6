use runsheet_model::{Secret, SecretName};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{SinkError, Surroundings};

/// A text, or one that nobody may see: `{secret: NAME}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum TextOrSecret {
    /// As it is.
    Text(String),
    /// One of the secrets of `runsheet.yaml`.
    Secret(NamedSecret),
}

/// One of the secrets of `runsheet.yaml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedSecret {
    /// Its name in `secrets`.
    pub secret: String,
}

impl TextOrSecret {
    /// The name of the secret, if it is one.
    pub fn secret(&self) -> Option<&str> {
        match self {
            Self::Text(_) => None,
            Self::Secret(named) => Some(&named.secret),
        }
    }

    /// The text, if it is no secret.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Secret(_) => None,
        }
    }

    pub(crate) fn value(&self, surroundings: &Surroundings) -> Result<Secret<String>, SinkError> {
        match self {
            Self::Text(text) => Ok(Secret::new(text.clone())),
            Self::Secret(named) => named.value(surroundings),
        }
    }
}

impl NamedSecret {
    pub(crate) fn value(&self, surroundings: &Surroundings) -> Result<Secret<String>, SinkError> {
        let name = SecretName::new(self.secret.as_str()).ok();
        let value = name.and_then(|name| surroundings.secrets.get(&name).cloned());
        value.ok_or_else(|| SinkError::refused(format!("the secret `{}` cannot be had", self.secret)))
    }
}
