/// The letters of a column: 1 is `A`, 27 is `AA`.
pub(crate) fn letters(column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = column;
    while rest > 0 {
        let digit = u8::try_from((rest - 1) % 26).unwrap_or_default();
        letters.push(char::from(b'A' + digit));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

/// A range of one row in A1 notation. The tab's name is always quoted: one such as `A1` would be taken for a cell.
pub(crate) fn range(tab: &str, row: u32, first: u32, last: u32) -> String {
    format!("'{}'!{}{row}:{}{row}", tab.replace('\'', "''"), letters(first), letters(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_letters() {
        let columns =
            [(1, "A"), (26, "Z"), (27, "AA"), (52, "AZ"), (53, "BA"), (702, "ZZ"), (703, "AAA"), (18278, "ZZZ")];
        for (column, name) in columns {
            assert_eq!(letters(column), name);
        }
    }

    #[test]
    fn a_quote_in_the_name_of_a_tab_is_doubled() {
        assert_eq!(range("Dana's plan", 7, 9, 12), "'Dana''s plan'!I7:L7");
    }
}
