/// The title of a column, as it is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Title {
    /// Lower case; one blank for each run of anything that is neither letter nor digit; without a unit.
    pub(crate) text: String,
    /// The unit that it names: `Expected (min)`.
    pub(crate) unit: Option<Unit>,
}

/// The unit of plain numbers in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
}

impl Unit {
    /// How long one of it is, in seconds.
    pub(crate) fn seconds(self) -> u32 {
        match self {
            Self::Seconds => 1,
            Self::Minutes => 60,
            Self::Hours => 3600,
        }
    }

    fn of(word: &str) -> Option<Self> {
        match word {
            "s" | "sec" | "secs" | "second" | "seconds" => Some(Self::Seconds),
            "m" | "min" | "mins" | "minute" | "minutes" => Some(Self::Minutes),
            "h" | "hr" | "hrs" | "hour" | "hours" => Some(Self::Hours),
            _ => None,
        }
    }
}

/// Makes a title comparable. A `#` alone is `number`; a unit at the end is taken off, and one that is all there is means `expected`.
pub(crate) fn plain(title: &str) -> Title {
    let mut text = String::new();
    for c in title.replace('#', " number ").chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            text.push(c);
        } else if !text.is_empty() && !text.ends_with(' ') {
            text.push(' ');
        }
    }
    let text = text.trim_end();
    let (before, last) = text.rsplit_once(' ').unwrap_or(("", text));
    match Unit::of(last) {
        // `M` alone is no title of a length of time.
        Some(unit) if before.is_empty() && last.len() > 1 => Title { text: "expected".to_owned(), unit: Some(unit) },
        Some(unit) if !before.is_empty() => {
            let before = before.strip_suffix(" in").unwrap_or(before);
            Title { text: before.to_owned(), unit: Some(unit) }
        }
        _ => Title { text: text.to_owned(), unit: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_compared_without_case_blanks_punctuation_and_unit() {
        for (title, text, unit) in [
            ("Depends-on", "depends on", None),
            ("  DEPENDS\n on: ", "depends on", None),
            ("#", "number", None),
            ("Step #", "step number", None),
            ("Max. fail?", "max fail", None),
            ("Expected (min)", "expected", Some(Unit::Minutes)),
            ("Duration in seconds", "duration", Some(Unit::Seconds)),
            ("Minutes", "expected", Some(Unit::Minutes)),
            ("ETA [h]", "eta", Some(Unit::Hours)),
            ("M", "m", None),
            ("Größe", "größe", None),
        ] {
            assert_eq!(plain(title), Title { text: text.to_owned(), unit }, "{title}");
        }
    }
}
