use std::fmt;
use std::str::FromStr;

use crate::GoogleError;

/// The longest id, in characters. Google's have 44.
const LONGEST: usize = 128;

/// The id of a spreadsheet, as it stands in its address.
///
/// Letters, digits, `-` and `_` only, so that it can stand in a path of the API.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SpreadsheetId(String);

impl SpreadsheetId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SpreadsheetId {
    type Err = GoogleError;

    /// Reads an id, or the address of a spreadsheet as the browser shows it.
    fn from_str(text: &str) -> Result<Self, GoogleError> {
        let id = match text.trim().strip_prefix("https://docs.google.com/spreadsheets/d/") {
            Some(rest) => rest.split(['/', '?', '#']).next().unwrap_or_default(),
            None => text.trim(),
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if id.is_empty() || id.len() > LONGEST || !id.chars().all(fits) {
            return Err(GoogleError::not_an_id(text));
        }
        Ok(Self(id.to_owned()))
    }
}

impl fmt::Display for SpreadsheetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_or_an_address_is_taken() {
        let id = "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms";
        let addresses = [id.to_owned(), format!("https://docs.google.com/spreadsheets/d/{id}/edit?gid=0#gid=0")];
        for text in addresses {
            assert_eq!(text.parse::<SpreadsheetId>().expect("an id").as_str(), id);
        }
        for bad in ["", "a/b", "../x", "a b", "https://example.com/spreadsheets/d/x", &"a".repeat(129)] {
            assert!(bad.parse::<SpreadsheetId>().is_err(), "{bad:?} was taken");
        }
    }
}
