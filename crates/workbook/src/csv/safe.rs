use std::borrow::Cow;

/// A text that no spreadsheet takes for a formula when it opens a CSV file in which the text stands.
///
/// One that begins with `=`, `+`, `-` or `@`, also in their wide forms, with a tab or a line break, gets an apostrophe before it; blanks,
/// quotes and what cannot be seen are passed over. So does every part of it that follows a comma, a semicolon, a tab or a line
/// break: with another separator than the file was written with, a cell begins there, whatever stands in quotes. Source: OWASP, "CSV
/// Injection"; CWE-1236.
pub fn csv_safe(text: &str) -> Cow<'_, str> {
    let mut safe = String::new();
    let mut done = 0;
    let mut start = 0;
    for part in text.split_inclusive([',', ';', '\t', '\r', '\n']) {
        // A separator alone begins the text with what some read as a sign that a formula follows.
        let begins = start == 0 && part.starts_with(['\t', '\r', '\n']);
        if begins || is_formula(part) {
            safe.push_str(&text[done..start]);
            safe.push('\'');
            done = start;
        }
        start += part.len();
    }
    if safe.is_empty() {
        return Cow::Borrowed(text);
    }
    safe.push_str(&text[done..]);
    Cow::Owned(safe)
}

fn is_formula(part: &str) -> bool {
    let passed_over = |c: char| c == '"' || c.is_whitespace() || c.is_control() || is_unseen(c);
    part.trim_start_matches(passed_over).starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

/// Characters that take no place: zero-width ones, marks of direction, the byte order mark.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_24_what_may_begin_a_cell_as_a_formula_has_an_apostrophe_before_it() {
        for (text, safe) in [
            ("", ""),
            ("12 hosts, all well", "12 hosts, all well"),
            ("a=1 b-2", "a=1 b-2"),
            ("=1+1", "'=1+1"),
            ("  @SUM(A1)", "'  @SUM(A1)"),
            ("\u{feff}\u{200b}-x", "'\u{feff}\u{200b}-x"),
            ("\"=1\"", "'\"=1\""),
            ("＝1", "'＝1"),
            ("\nx", "'\nx"),
            ("web1: full;=1+1;", "web1: full;'=1+1;"),
            ("a,\"+1\n-2", "a,'\"+1\n'-2"),
        ] {
            assert_eq!(csv_safe(text), safe, "{text:?}");
        }
    }
}
