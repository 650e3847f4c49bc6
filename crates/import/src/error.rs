use std::path::PathBuf;

use runsheet_diagnostics::{Hint, Hints, Place};
use runsheet_model::plural;
use runsheet_yaml::YamlError;
use thiserror::Error;

use crate::{Conflict, Problems};

/// Why a spreadsheet cannot be imported. Nothing is written then.
#[derive(Debug, Error)]
pub enum ImportError {
    /// A sheet, host groups or a record that are there cannot be read.
    #[error(transparent)]
    Yaml(#[from] YamlError),

    /// A record is not one.
    #[error("{place}: this is no record of an import: {what}")]
    Record {
        /// Where.
        place: Place,
        /// What is wrong.
        what: String,
    },

    /// A tab that is named is not there.
    #[error("`{}` has no tab `{tab}`", file.display())]
    NoTab {
        /// The spreadsheet.
        file: PathBuf,
        /// The tab.
        tab: String,
        /// The tabs that there are.
        tabs: Vec<String>,
    },

    /// No tab looks like steps.
    #[error("no tab of `{}` looks like the steps of a deploy{}", file.display(), seen(titles))]
    NoSteps {
        /// The spreadsheet.
        file: PathBuf,
        /// What could be titles, tab by tab.
        titles: Vec<String>,
    },

    /// A tab that is named has no header.
    #[error("tab `{tab}` has no row with titles that say which column is what{}", seen(titles))]
    NoHeader {
        /// The tab.
        tab: String,
        /// What could be titles.
        titles: Vec<String>,
    },

    /// Two tabs could be meant.
    #[error("tabs {} both look like the {which} of a deploy", both(tabs))]
    TwoTabs {
        /// `steps` or `hosts`.
        which: &'static str,
        /// The tabs.
        tabs: Vec<String>,
    },

    /// Two columns could be meant.
    #[error("columns {} of tab `{tab}` could both be `{field}`", columns.iter().map(|(letters, title)| format!("{letters} (`{title}`)")).collect::<Vec<_>>().join(" and "))]
    TwoColumns {
        /// The tab.
        tab: String,
        /// The field.
        field: &'static str,
        /// Letters and titles of the columns.
        columns: Vec<(String, String)>,
        /// What tells them apart on the command line: a title or letters.
        choose: String,
    },

    /// A mapping speaks of a field that there is not.
    #[error("`{field}` is no field of steps or hosts")]
    NoField {
        /// The field.
        field: String,
        /// The nearest that there is.
        nearest: Option<String>,
    },

    /// A mapping speaks of a column that there is not.
    #[error("no column is called `{column}`, which was to be `{field}`")]
    NoColumn {
        /// The field.
        field: String,
        /// The title.
        column: String,
        /// The titles that there are.
        titles: Vec<String>,
    },

    /// Rows cannot be understood.
    #[error("{} in `{}`; nothing was written{problems}", plural(problems.count(), "mistake"), file.display())]
    Rows {
        /// The spreadsheet.
        file: PathBuf,
        /// What is wrong.
        problems: Problems,
    },

    /// Both the spreadsheet and a person changed the same.
    #[error("{} both in the spreadsheet and by hand, differently; nothing was written{}", plural_things(conflicts.len()), listed(conflicts))]
    Conflicts {
        /// What.
        conflicts: Vec<Conflict>,
    },

    /// A file is there and does not come from an import.
    #[error("`{}` is there and was not made by an import", file.display())]
    NotImported {
        /// The file.
        file: PathBuf,
    },
}

fn plural_things(count: usize) -> String {
    if count == 1 { "1 thing was changed".to_owned() } else { format!("{count} things were changed") }
}

fn listed(conflicts: &[Conflict]) -> String {
    conflicts.iter().fold(String::new(), |list, conflict| list + &format!("\n  {conflict}"))
}

fn both(tabs: &[String]) -> String {
    tabs.iter().map(|tab| format!("`{tab}`")).collect::<Vec<_>>().join(" and ")
}

fn seen(titles: &[String]) -> String {
    if titles.is_empty() { String::new() } else { format!("; found were {}", titles.join(", ")) }
}

impl Hint for ImportError {
    fn hints(&self) -> Hints {
        match self {
            Self::Yaml(error) => error.hint().map(Hints::from).unwrap_or_default(),
            Self::NoTab { tabs, .. } => Hints::from(format!("its tabs are {}", both(tabs))),
            Self::NoSteps { .. } | Self::NoHeader { .. } => Hints::from(
                "it needs a row of titles such as Step, Task, Hosts; `--map step=TITLE --map task=TITLE` says which column is what, \
                 and `runsheet init` writes sheets/template.xlsx to begin with",
            ),
            Self::TwoTabs { which, tabs } => {
                let tab = tabs.first().map(String::as_str).unwrap_or_default();
                Hints::from(format!("say which with `--{which}-tab '{tab}'`, or hide the other"))
            }
            Self::TwoColumns { field, choose, .. } => Hints::from(format!("say which with `--map {field}={choose}`")),
            Self::NoField { nearest, .. } => Hints::did_you_mean(nearest.as_deref()),
            Self::NoColumn { titles, .. } => Hints::from(format!("the titles are {}", titles.join(", "))),
            Self::Conflicts { .. } => Hints::from(
                "change one of the two; or `--theirs` takes what the spreadsheet says, `--ours` keeps what stands in the files",
            ),
            Self::NotImported { .. } => {
                Hints::from("give the import another name with `--name`, or replace the file with `--theirs`")
            }
            Self::Record { .. } | Self::Rows { .. } => Hints::none(),
        }
    }
}
