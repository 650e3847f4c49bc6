//! The cells that some spreadsheet may see in a CSV file, whatever it takes for the separator and whether it heeds quotes.

/// All cells, read in each of six ways.
pub(crate) fn cells(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for separator in [',', ';', '\t'] {
        all.extend([true, false].into_iter().flat_map(|quotes| read(text, separator, quotes)));
    }
    all
}

/// Whether a spreadsheet may take a cell for a formula: blanks and what is left of quotes are passed over.
pub(crate) fn may_be_formula(cell: &str) -> bool {
    let passed_over = |c: char| c == '"' || c.is_whitespace() || c.is_control() || matches!(c, '\u{200b}' | '\u{feff}');
    cell.trim_start_matches(passed_over).starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

/// As spreadsheets read: quotes count at the beginning of a cell, and what follows the closing one belongs to it as well.
fn read(text: &str, separator: char, quotes: bool) -> Vec<String> {
    let mut cells = vec![String::new()];
    let (mut inside, mut begins) = (false, true);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let cell = cells.last_mut().expect("one at least");
        match c {
            '"' if inside && chars.peek() == Some(&'"') => {
                cell.push('"');
                chars.next();
            }
            '"' if inside => inside = false,
            '"' if begins && quotes => inside = true,
            '\r' | '\n' if !inside => cells.push(String::new()),
            c if c == separator && !inside => cells.push(String::new()),
            c => cell.push(c),
        }
        begins = !inside && (c == separator || matches!(c, '\r' | '\n'));
    }
    cells
}

#[test]
fn cells_are_seen_in_every_way() {
    let seen = cells("\"a;=1\",b\n");
    assert!(seen.contains(&"a;=1".to_owned()) && seen.contains(&"=1\",b".to_owned()), "{seen:?}");
    assert!(may_be_formula(" \"=1") && !may_be_formula("'=1"));
}
