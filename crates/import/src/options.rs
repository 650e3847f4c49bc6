use crate::fields::{Field, meant};
use crate::title::plain;

/// What a person says about a spreadsheet instead of leaving it to be recognised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The tab with the steps.
    pub steps_tab: Option<String>,
    /// The tab with the hosts.
    pub hosts_tab: Option<String>,
    /// Which column is which field. The last that speaks of a field counts.
    pub columns: Vec<Mapping>,
}

/// Says which column is a field's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The field: its word or one of its usual titles; `steps.` or `hosts.` before it says of which tab.
    pub field: String,
    /// The title of its column, or the column's letters. Empty: it has none, whatever the titles say.
    pub column: String,
}

/// Which of the two tabs something is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// The tab with the steps.
    Steps,
    /// The tab with the hosts.
    Hosts,
}

impl Which {
    /// How it is called where one speaks of it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Hosts => "hosts",
        }
    }
}

impl Mapping {
    /// Reads `step=Schritt`.
    pub fn parse(text: &str) -> Option<Self> {
        let (field, column) = text.split_once('=')?;
        let (field, column) = (field.trim(), column.trim());
        (!field.is_empty()).then(|| Self { field: field.to_owned(), column: column.to_owned() })
    }

    /// The field that is meant, if it is one of this tab.
    pub(crate) fn field(&self, which: Which, fields: &'static [Field]) -> Option<&'static Field> {
        let word = match self.field.split_once('.') {
            Some((tab, word)) if tab == which.name() => word,
            Some(("steps" | "hosts", _)) => return None,
            _ => &self.field,
        };
        let word = plain(word).text;
        // `step` is what people call a step's title.
        let word = if which == Which::Steps && word == "step" { "name" } else { &word };
        meant(fields, word)
    }
}
