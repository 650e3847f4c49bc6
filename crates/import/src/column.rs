/// The letters of a column, counted from 1: 1 is `A`, 27 is `AA`.
pub fn letters(column: u32) -> String {
    let mut rest = column;
    let mut letters = Vec::new();
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or_default()));
        rest /= 26;
    }
    letters.iter().rev().collect()
}

/// The number of a column by its letters, at most three, in upper case; nothing for another text.
pub(crate) fn number(letters: &str) -> Option<u32> {
    let fits = (1..=3).contains(&letters.len()) && letters.bytes().all(|byte| byte.is_ascii_uppercase());
    fits.then(|| letters.bytes().fold(0, |number, byte| number * 26 + u32::from(byte - b'A') + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_letters_as_in_spreadsheets() {
        for (column, name) in [(1, "A"), (26, "Z"), (27, "AA"), (52, "AZ"), (703, "AAA"), (16_384, "XFD")] {
            assert_eq!((letters(column).as_str(), number(name)), (name, Some(column)));
        }
        assert_eq!([number("a"), number(""), number("ABCD")], [None; 3]);
    }
}
