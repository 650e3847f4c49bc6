/// What a number is shown as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Shown {
    /// A number.
    #[default]
    Number,
    /// A date.
    Date,
    /// A time of day.
    Time,
    /// Both.
    DateTime,
    /// A span of time: its hours may be more than 24, or there are none.
    Duration,
    /// Text; what is typed there is not read as a number.
    Text,
}

/// How numbers are shown by a format of those that every spreadsheet has. Source: ECMA-376 part 1, 18.8.30, with the
/// formats for East Asian dates.
pub(crate) fn built_in(id: u32) -> Shown {
    match id {
        14..=17 | 27..=31 | 36 | 50..=54 | 57 | 58 => Shown::Date,
        18..=21 | 32..=35 | 55 | 56 => Shown::Time,
        22 => Shown::DateTime,
        45..=47 => Shown::Duration,
        49 => Shown::Text,
        _ => Shown::Number,
    }
}

/// How numbers are shown by a code such as `yyyy-mm-dd`. Only what is for positive numbers, the first section, counts.
pub(crate) fn of_code(code: &str) -> Shown {
    if code.eq_ignore_ascii_case("general") {
        return Shown::Number;
    }
    if code == "@" {
        return Shown::Text;
    }
    let Parts { date, time, hours, elapsed } = Parts::of(code);
    match (date, time || hours) {
        _ if elapsed => Shown::Duration,
        (true, true) => Shown::DateTime,
        (true, false) => Shown::Date,
        (false, true) if hours => Shown::Time,
        // Minutes and seconds alone.
        (false, true) => Shown::Duration,
        (false, false) => Shown::Number,
    }
}

/// What stands in a code.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each stands for a letter that is there or not")]
struct Parts {
    /// Year, month or day.
    date: bool,
    /// Minutes or seconds.
    time: bool,
    /// Hours of a day.
    hours: bool,
    /// Hours, minutes or seconds without an end: `[h]`.
    elapsed: bool,
}

impl Parts {
    fn of(code: &str) -> Self {
        let mut parts = Self::default();
        // The letters h, m, s, d, y in their order: whether `m` is a month depends on its neighbours.
        let mut letters = Vec::new();
        let mut rest = code.chars().peekable();
        while let Some(c) = rest.next() {
            match c.to_ascii_lowercase() {
                ';' => break,
                '"' => _ = rest.by_ref().find(|&c| c == '"'),
                '\\' | '_' | '*' => _ = rest.next(),
                '[' => {
                    let inner: String = rest.by_ref().take_while(|&c| c != ']').collect();
                    let inner = inner.to_ascii_lowercase();
                    if !inner.is_empty() && ['h', 'm', 's'].iter().any(|&unit| inner.chars().all(|c| c == unit)) {
                        parts.elapsed = true;
                    }
                }
                // The exponent of a number, and AM/PM.
                'e' if matches!(rest.peek(), Some('+' | '-')) => {}
                'a' => {
                    let half: String = rest.clone().take(4).collect();
                    let length = match half.to_ascii_lowercase() {
                        half if half.starts_with("m/pm") => 4,
                        half if half.starts_with("/p") => 2,
                        _ => 0,
                    };
                    rest.by_ref().take(length).for_each(drop);
                }
                letter @ ('h' | 'm' | 's' | 'd' | 'y' | 'e' | 'g' | 'b') if letters.last() != Some(&letter) => {
                    letters.push(letter);
                }
                _ => {}
            }
        }
        for (at, letter) in letters.iter().enumerate() {
            match letter {
                'h' => parts.hours = true,
                's' => parts.time = true,
                'm' => {
                    let minutes = at > 0 && letters[at - 1] == 'h' || letters.get(at + 1) == Some(&'s');
                    if minutes { parts.time = true } else { parts.date = true }
                }
                _ => parts.date = true,
            }
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_tells_what_a_number_is_shown_as() {
        let cases = [
            ("General", Shown::Number),
            ("0.00", Shown::Number),
            ("0.00E+00", Shown::Number),
            ("#,##0.00\\ \"days\";[Red]-0", Shown::Number),
            ("0\" h\"", Shown::Number),
            ("[$EUR] 0.00", Shown::Number),
            ("yyyy\\-mm\\-dd", Shown::Date),
            ("[$-409]d\\-mmm\\-yy;@", Shown::Date),
            ("mmm", Shown::Date),
            ("hh:mm", Shown::Time),
            ("h:mm:ss AM/PM", Shown::Time),
            ("h A/P", Shown::Time),
            ("m/d/yy h:mm", Shown::DateTime),
            ("YYYY\"T\"MM-DD HH:MM:SS.000", Shown::DateTime),
            ("[h]:mm", Shown::Duration),
            ("[HH]:MM:SS", Shown::Duration),
            ("[mm]:ss", Shown::Duration),
            ("mm:ss.0", Shown::Duration),
            ("@", Shown::Text),
        ];
        for (code, shown) in cases {
            assert_eq!(of_code(code), shown, "{code}");
        }
    }
}
