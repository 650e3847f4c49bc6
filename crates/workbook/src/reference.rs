//! How cells are named: `C7` is row 7, column 3.

/// The last row that a spreadsheet can have.
pub(crate) const LAST_ROW: u32 = 1_048_576;
/// The last column that a spreadsheet can have, `XFD`.
pub(crate) const LAST_COLUMN: u32 = 16_384;

/// The name of a cell: `C7`.
pub(crate) fn name(row: u32, column: u32) -> String {
    format!("{}{row}", letters(column))
}

/// The letters of a column, from 1: `A`, `Z`, `AA`.
pub(crate) fn letters(column: u32) -> String {
    let mut reversed = Vec::new();
    let mut rest = column;
    while rest > 0 {
        rest -= 1;
        reversed.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or_default()));
        rest /= 26;
    }
    reversed.iter().rev().collect()
}

/// Row and column of a name such as `C7` or `$C$7`; nothing if it is none.
pub(crate) fn parse(name: &str) -> Option<(u32, u32)> {
    let name = name.strip_prefix('$').unwrap_or(name);
    let end = name.find(|c: char| !c.is_ascii_alphabetic())?;
    let (letters, digits) = name.split_at(end);
    let digits = digits.strip_prefix('$').unwrap_or(digits);
    if letters.is_empty() || letters.len() > 3 || digits.len() > 7 || !digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let column =
        letters.bytes().fold(0, |column, letter| column * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1);
    let row = digits.parse().ok()?;
    ((1..=LAST_ROW).contains(&row) && (1..=LAST_COLUMN).contains(&column)).then_some((row, column))
}

/// A block of cells, both corners among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    /// First row and column.
    pub(crate) first: (u32, u32),
    /// Last row and column.
    pub(crate) last: (u32, u32),
}

impl Range {
    /// Reads `A1:C7`, or `A1`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once(':').unwrap_or((text, text));
        let (first, last) = (parse(first)?, parse(last)?);
        (first.0 <= last.0 && first.1 <= last.1).then_some(Self { first, last })
    }

    /// The smallest block that holds this one and a cell.
    pub(crate) fn with(self, row: u32, column: u32) -> Self {
        Self {
            first: (self.first.0.min(row), self.first.1.min(column)),
            last: (self.last.0.max(row), self.last.1.max(column)),
        }
    }

    /// As it is written: `A1:C7`, or `A1` for one cell.
    pub(crate) fn text(&self) -> String {
        let first = name(self.first.0, self.first.1);
        if self.first == self.last { first } else { format!("{first}:{}", name(self.last.0, self.last.1)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for column in 1..=LAST_COLUMN {
            assert_eq!(parse(&name(7, column)), Some((7, column)));
        }
        assert_eq!((letters(26), letters(27), letters(LAST_COLUMN)), ("Z".into(), "AA".into(), "XFD".into()));
        assert_eq!(parse("$AB$12"), Some((12, 28)));
        for wrong in ["", "A", "7", "A0", "XFE1", "A1048577", "AAAA1", "A1B", "A-1"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
