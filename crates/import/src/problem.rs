use std::fmt;

use crate::letters;

/// The most mistakes that are told at once.
const MOST: usize = 50;

/// A place in a spreadsheet, written as spreadsheets do: `Steps!C7`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellPlace {
    /// The tab.
    pub tab: String,
    /// The row, from 1.
    pub row: u32,
    /// The column, from 1; 0: the row as a whole.
    pub column: u32,
}

impl fmt::Display for CellPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = !self.tab.is_empty() && self.tab.chars().all(|c| c.is_alphanumeric() || c == '_');
        if plain {
            write!(f, "{}!", self.tab)?;
        } else {
            write!(f, "'{}'!", self.tab.replace('\'', "''"))?;
        }
        match self.column {
            0 => write!(f, "{0}:{0}", self.row),
            column => write!(f, "{}{}", letters(column), self.row),
        }
    }
}

/// Something in a spreadsheet that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: CellPlace,
    /// What is wrong: a fragment in lower case.
    pub what: String,
    /// What would help.
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// The problems of a spreadsheet: all are counted, and the first 50 kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    kept: Vec<Problem>,
    count: usize,
}

impl Problems {
    /// Adds one.
    pub fn add(&mut self, problem: Problem) {
        self.count += 1;
        if self.kept.len() < MOST {
            self.kept.push(problem);
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The first of them.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.kept.iter()
    }

    /// Takes a value, or keeps what is wrong with it.
    pub(crate) fn take<T>(&mut self, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.add(problem)).ok()
    }

    /// Brings those of another in, and all in the order of rows.
    pub(crate) fn sort(&mut self) {
        self.kept.sort_by(|a, b| {
            (&a.place.tab, a.place.row, a.place.column).cmp(&(&b.place.tab, b.place.row, b.place.column))
        });
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.kept {
            write!(f, "\n  {problem}")?;
        }
        match self.count - self.kept.len() {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_as_in_spreadsheets() {
        let place = |tab: &str, row, column| CellPlace { tab: tab.to_owned(), row, column }.to_string();
        assert_eq!(place("Steps", 7, 3), "Steps!C7");
        assert_eq!(place("Bob's plan", 7, 0), "'Bob''s plan'!7:7");
    }
}
