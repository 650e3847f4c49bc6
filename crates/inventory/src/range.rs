use thiserror::Error;

/// The most hosts that one range, one pattern or a whole inventory may name.
pub(crate) const MOST_HOSTS: usize = 100_000;

/// The longest run of digits that is read as a number: longer ones would not fit, and nobody counts hosts with them.
pub(crate) const LONGEST_NUMBER: usize = 15;

/// How ranges are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `web[01-20/2]`, `[1,3,5-9]`.
    Ours,
    /// `web[01:20:2]`, `[a:f]`, as in Ansible's inventories.
    Ansible,
}

/// What is wrong with a range.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RangeMistake {
    /// A bracket is opened and not closed.
    #[error("`[` is never closed")]
    Unclosed,

    /// A bracket is closed and was not opened.
    #[error("`]` has no `[` before it")]
    Unopened,

    /// A bracket inside a bracket.
    #[error("a range cannot stand inside a range")]
    Nested,

    /// Something else than numbers between the brackets.
    #[error("`{item}` is neither a number nor a range such as `{example}`")]
    NotNumbers {
        /// What stands there.
        item: String,
        /// How a range is written there.
        example: &'static str,
    },

    /// The end comes before the beginning.
    #[error("range `{item}` runs backwards")]
    Backwards {
        /// The range.
        item: String,
    },

    /// It would never get any further.
    #[error("the step of range `{item}` is 0")]
    NoStep {
        /// The range.
        item: String,
    },

    /// Padded with zeros to two different widths.
    #[error("the ends of range `{item}` are padded to different widths")]
    Widths {
        /// The range.
        item: String,
    },

    /// More hosts than are taken.
    #[error("`{word}` names more than {MOST_HOSTS} hosts")]
    TooMany {
        /// The whole word.
        word: String,
    },
}

/// A mistake and the column, from 1 and in characters, at which it stands in its word.
pub(crate) type Off = (usize, RangeMistake);

/// A name in which some parts may be ranges: `dc[1-2]n[01-20].example.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Choice(Vec<Steps>),
}

/// The numbers (or letters) from `first` to `last`, both included.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Steps {
    first: u64,
    last: u64,
    step: u64,
    width: usize,
    letters: bool,
}

impl Word {
    /// Reads a word. It is not expanded: a word of ten characters can name more hosts than there is memory for.
    pub(crate) fn parse(text: &str, dialect: Dialect) -> Result<Self, Off> {
        let mut parts = Vec::new();
        let mut rest = text;
        let column_of = |rest: &str| text[..text.len() - rest.len()].chars().count() + 1;
        while let Some(start) = rest.find(['[', ']']) {
            let here = &rest[start..];
            if here.starts_with(']') {
                return Err((column_of(here), RangeMistake::Unopened));
            }
            if start > 0 {
                parts.push(Part::Text(rest[..start].to_owned()));
            }
            let Some(end) = here.find(']') else {
                return Err((column_of(here), RangeMistake::Unclosed));
            };
            if let Some(inner) = here[1..end].find('[') {
                return Err((column_of(&here[1 + inner..]), RangeMistake::Nested));
            }
            parts.push(Part::Choice(choice(&here[1..end], column_of(&here[1..]), dialect)?));
            rest = &here[end + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        let word = Self { parts };
        if word.count() > MOST_HOSTS {
            return Err((1, RangeMistake::TooMany { word: text.to_owned() }));
        }
        Ok(word)
    }

    /// How many names it stands for.
    pub(crate) fn count(&self) -> usize {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(_) => 1,
                Part::Choice(steps) => steps.iter().map(Steps::count).fold(0, usize::saturating_add),
            })
            .fold(1, usize::saturating_mul)
    }

    /// The names, the last range running fastest.
    pub(crate) fn expand(&self) -> Vec<String> {
        let mut names = vec![String::new()];
        for part in &self.parts {
            match part {
                Part::Text(text) => names.iter_mut().for_each(|name| name.push_str(text)),
                Part::Choice(steps) => {
                    let values: Vec<String> = steps.iter().flat_map(Steps::values).collect();
                    names = names
                        .iter()
                        .flat_map(|name| values.iter().map(move |value| format!("{name}{value}")))
                        .collect();
                }
            }
        }
        names
    }
}

impl Steps {
    fn count(&self) -> usize {
        usize::try_from((self.last - self.first) / self.step).map_or(usize::MAX, |steps| steps.saturating_add(1))
    }

    fn values(&self) -> impl Iterator<Item = String> {
        (0..self.count()).map(|index| {
            let value = self.first + self.step * index as u64;
            match (self.letters, self.width) {
                (true, _) => u32::try_from(value).ok().and_then(char::from_u32).map(String::from).unwrap_or_default(),
                (false, width) => format!("{value:0width$}"),
            }
        })
    }
}

fn choice(text: &str, column: usize, dialect: Dialect) -> Result<Vec<Steps>, Off> {
    if dialect == Dialect::Ansible {
        return Ok(vec![steps(text, column, dialect)?]);
    }
    let mut all = Vec::new();
    let mut at = column;
    for item in text.split(',') {
        let blank = item.len() - item.trim_start().len();
        all.push(steps(item.trim(), at + blank, dialect)?);
        at += item.chars().count() + 1;
    }
    Ok(all)
}

fn steps(item: &str, column: usize, dialect: Dialect) -> Result<Steps, Off> {
    let owned = || item.to_owned();
    let example = if dialect == Dialect::Ours { "1-20" } else { "1:20" };
    let not_numbers = || (column, RangeMistake::NotNumbers { item: owned(), example });
    let (range, step) = match dialect {
        Dialect::Ours => item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step))),
        Dialect::Ansible => match item.match_indices(':').nth(1) {
            Some((at, _)) => (&item[..at], Some(&item[at + 1..])),
            None => (item, None),
        },
    };
    let step = step.map_or(Some(1), number).ok_or_else(not_numbers)?;
    if step == 0 {
        return Err((column, RangeMistake::NoStep { item: owned() }));
    }
    let ends = range.split_once(if dialect == Dialect::Ours { '-' } else { ':' });
    if dialect == Dialect::Ansible && ends.is_none() {
        return Err(not_numbers());
    }
    let (from, to) = ends.unwrap_or((range, range));
    if let (Dialect::Ansible, Some(first), Some(last)) = (dialect, letter(from), letter(to)) {
        if last < first {
            return Err((column, RangeMistake::Backwards { item: owned() }));
        }
        return Ok(Steps { first, last, step, width: 0, letters: true });
    }
    let (Some(first), Some(last)) = (number(from), number(to)) else {
        return Err(not_numbers());
    };
    let padded = |text: &str| text.len() > 1 && text.starts_with('0');
    // `[01-100]` is two digits wide and grows; `[1-010]` and `[001-10]` say two things at once.
    if (padded(to) && to.len() != from.len()) || (padded(from) && to.len() < from.len()) {
        return Err((column, RangeMistake::Widths { item: owned() }));
    }
    if last < first {
        return Err((column, RangeMistake::Backwards { item: owned() }));
    }
    Ok(Steps { first, last, step, width: if padded(from) { from.len() } else { 0 }, letters: false })
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.len() <= LONGEST_NUMBER && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

fn letter(text: &str) -> Option<u64> {
    match text.as_bytes() {
        [byte] if byte.is_ascii_alphabetic() => Some(u64::from(*byte)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(text: &str) -> Vec<String> {
        Word::parse(text, Dialect::Ours).expect("a word").expand()
    }

    #[test]
    fn ranges_keep_their_zeros_their_steps_and_their_order() {
        assert_eq!(ours("web[08-11]"), ["web08", "web09", "web10", "web11"]);
        assert_eq!(ours("web[098-101].x"), ["web098.x", "web099.x", "web100.x", "web101.x"]);
        assert_eq!(ours("w[1,5-9/2, 03]"), ["w1", "w5", "w7", "w9", "w03"]);
        assert_eq!(ours("dc[1-2]n[1-2]"), ["dc1n1", "dc1n2", "dc2n1", "dc2n2"]);
        assert_eq!(ours("[1-2]"), ["1", "2"]);
        assert_eq!(ours("web[19]"), ["web19"]);
        assert_eq!(ours("web"), ["web"]);
    }

    #[test]
    fn ansible_ranges_include_their_end_and_know_letters() {
        let ansible = |text| Word::parse(text, Dialect::Ansible).expect("a word").expand();
        assert_eq!(ansible("www[01:05:2].x"), ["www01.x", "www03.x", "www05.x"]);
        assert_eq!(ansible("db-[a:c]"), ["db-a", "db-b", "db-c"]);
    }

    #[test]
    fn mistakes_in_ranges_are_told_with_their_column() {
        let cases = [
            ("web[1-", 4, "`[` is never closed"),
            ("web]", 4, "`]` has no `[` before it"),
            ("w[1[2]]", 4, "a range cannot stand inside a range"),
            ("web[]", 5, "`` is neither a number nor a range such as `1-20`"),
            ("web[1,x]", 7, "`x` is neither a number nor a range such as `1-20`"),
            ("web[3-1]", 5, "range `3-1` runs backwards"),
            ("web[1-3/0]", 5, "the step of range `1-3/0` is 0"),
            ("web[1-010]", 5, "the ends of range `1-010` are padded to different widths"),
            ("web[001-10]", 5, "the ends of range `001-10` are padded to different widths"),
            ("é[1:3]", 3, "`1:3` is neither a number nor a range such as `1-20`"),
            ("w[0-99999][0-99999]", 1, "`w[0-99999][0-99999]` names more than 100000 hosts"),
            ("w[0-100000]", 1, "`w[0-100000]` names more than 100000 hosts"),
            (
                "w[0-999999999999999]x[0-999999999999999]",
                1,
                "`w[0-999999999999999]x[0-999999999999999]` names more than 100000 hosts",
            ),
        ];
        for (text, column, says) in cases {
            let (at, mistake) = Word::parse(text, Dialect::Ours).expect_err(text);
            assert_eq!((at, mistake.to_string().as_str()), (column, says), "{text}");
        }
    }
}
