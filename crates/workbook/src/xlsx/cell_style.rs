use std::time::Duration;

use crate::Value;
use crate::number_format::Shown;
use crate::xlsx::serial::{Epoch, of_duration};
use crate::xlsx::styles::Styles;

/// The longest span of time that may be shown as a time of day.
const DAY: Duration = Duration::from_hours(24);

/// What is written for a value, and in which style.
#[derive(Debug, PartialEq)]
pub(crate) struct Written {
    /// The style, by number.
    pub(crate) style: usize,
    /// What is written.
    pub(crate) content: Content,
}

/// What is written into a cell.
#[derive(Debug, PartialEq)]
pub(crate) enum Content {
    /// Nothing.
    Empty,
    /// A text.
    Text(String),
    /// A number.
    Number(f64),
    /// True or false.
    Bool(bool),
    /// An error that spreadsheets know.
    Error(String),
}

/// The errors that spreadsheets know. Source: ECMA-376 part 1, 18.17.3.
const ERRORS: [&str; 7] = ["#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"];

impl Written {
    /// Decides how a value is written to a cell that has a style, or would have.
    ///
    /// A date or a span of time is a number whose style says what it is. If the style does not show it so, another one of the
    /// workbook is taken that looks the same and does; if there is none, the cell holds it as text. No style is ever added: that
    /// would change another part of the workbook.
    pub(crate) fn new(value: &Value, style: usize, styles: &Styles, epoch: Epoch) -> Self {
        let text = |text: &str| if text.is_empty() { Content::Empty } else { Content::Text(text.to_owned()) };
        let content = match value {
            Value::Text(string) => text(string),
            Value::Number(number) => Content::Number(*number),
            Value::Bool(set) => Content::Bool(*set),
            Value::Error(error) if ERRORS.contains(&&**error) => Content::Error(error.clone()),
            Value::Error(error) => text(error),
            Value::DateTime(iso) => {
                let days = epoch.number(iso).and_then(|(number, shown)| {
                    let (kept, wanted): (&[Shown], &[Shown]) = match shown {
                        Shown::Time => (&[Shown::Time, Shown::Duration], &[Shown::Time]),
                        Shown::Date => (&[Shown::Date, Shown::DateTime], &[Shown::Date, Shown::DateTime]),
                        _ => (&[Shown::DateTime, Shown::Date, Shown::Time], &[Shown::DateTime]),
                    };
                    styled(styles, style, kept, wanted).map(|style| Self { style, content: Content::Number(number) })
                });
                return days.unwrap_or_else(|| Self { style, content: text(&value.to_text()) });
            }
            Value::Duration(span) => {
                let wanted: &[Shown] = if *span < DAY { &[Shown::Duration, Shown::Time] } else { &[Shown::Duration] };
                let days = styled(styles, style, wanted, wanted);
                return days.map_or_else(
                    || Self { style, content: text(&value.to_text()) },
                    |style| Self { style, content: Content::Number(of_duration(*span)) },
                );
            }
        };
        Self { style, content }
    }
}

/// The style itself if it shows numbers in one of the ways to keep; else one that looks like it and shows them as wanted.
fn styled(styles: &Styles, style: usize, kept: &[Shown], wanted: &[Shown]) -> Option<usize> {
    if kept.contains(&styles.shown(style)) { Some(style) } else { styles.showing(wanted, style) }
}
